"""`marketsync distrust`."""

from __future__ import annotations

import typer

from consumer.cli.dead_letters import Yes
from consumer.cli.replay import Account, Channel, Tenants


def command(channel: Channel, tenant: Tenants = None, account: Account = "", yes: Yes = False) -> None:
    """Put in doubt what a channel is believed to show: the next state of each listing is sent whole, even if equal.

    Sends nothing itself. For before a group's offsets are set back with Kafka's own tool.
    """
    from rich.console import Console

    from consumer.bootstrap.accounts import accounts_of
    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.control import distrust
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("distrust", level="warning", channel=channel)
    accounts = accounts_of(settings, find_servers(settings), channel, tenants=tenant or (), account=account)
    if not yes:
        whose = ", ".join(f"{one.name} of {one.tenant}" for one in accounts)
        typer.confirm(f"Send every listing of {channel} ({whose}) again with its next state?", abort=True)
    subject = subject_of(channel, account)
    note(settings, find_servers(settings), "distrust", subject=subject, tenants=", ".join(tenant or ()))
    count = distrust(settings, find_servers(settings), channel, tenants=tenant or (), account=account)
    Console(highlight=False).print(f"{count} listings of {channel} are in doubt now.")
