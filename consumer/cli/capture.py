"""`marketsync capture`."""

from __future__ import annotations

from typing import Annotated

import typer

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True, help="Started and watched over by `run`.")]


def command(supervised: Supervised = False) -> None:
    """Read product changes from MongoDB and publish them to Kafka, until stopped."""
    from consumer.bootstrap.service import run_capture
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("capture")
    run_capture(settings, find_servers(settings), supervised=supervised)
