"""`marketsync deliver`."""

from __future__ import annotations

from typing import Annotated

import typer

from consumer.cli.capture import Supervised


def command(
    channel: Annotated[str, typer.Option(help="The channel, e.g. ebay.")],
    supervised: Supervised = False,
) -> None:
    """Bring product changes from Kafka to the accounts of one channel, until stopped."""
    from consumer.bootstrap.accounts import channels_of
    from consumer.bootstrap.preparation import require_topics
    from consumer.bootstrap.service import run_delivery
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("deliver", channel=channel)
    endpoints = find_servers(settings)
    if channel in channels_of(settings, endpoints):  # of any other, run_delivery says what is wrong
        require_topics(settings, endpoints, channel)
    run_delivery(settings, endpoints, channel, supervised=supervised)
