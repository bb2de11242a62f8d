"""`marketsync capture`."""

from __future__ import annotations

from typing import Annotated

import typer

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True, help="Started and watched over by `run`.")]

Resnapshot = Annotated[
    bool,
    typer.Option(
        "--resnapshot",
        help="Forget how far capture came: begin now and publish every product again. The cure for lost history.",
    ),
]


def command(supervised: Supervised = False, resnapshot: Resnapshot = False) -> None:
    """Read product changes from MongoDB and publish them to Kafka, until stopped."""
    from consumer.bootstrap.preparation import refuse_wrong_topics
    from consumer.bootstrap.service import run_capture
    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.tenant_streams import forget_streams

    settings = begin("capture")
    servers = find_servers(settings)
    if not supervised:  # `run` has looked
        refuse_wrong_topics(settings, servers, [])
    if resnapshot:
        forget_streams(settings, servers)
    run_capture(settings, servers, supervised=supervised)
