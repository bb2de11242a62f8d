"""`marketsync deliver`."""

from __future__ import annotations

from typing import Annotated

import typer

from consumer.cli.capture import Supervised


def command(
    channel: Annotated[str, typer.Option(help="The channel, e.g. ebay.")],
    supervised: Supervised = False,
) -> None:
    """Bring product changes from Kafka to the accounts of one channel, until stopped.

    Accounts may come, change and go meanwhile; while there is none, it waits for one.
    """
    from consumer.bootstrap.service import run_delivery
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("deliver", channel=channel)
    run_delivery(settings, find_servers(settings), channel, supervised=supervised)
