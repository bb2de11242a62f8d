"""`marketsync resume`."""

from __future__ import annotations

import typer

from consumer.cli.pause import Account, Channel, Tenant, in_words


def command(channel: Channel, account: Account = "", tenant: Tenant = "") -> None:
    """Let a paused channel or account go on: what is owed is sent, newest state only."""
    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.holding import resume
    from consumer.bootstrap.start import begin, find_servers
    from consumer.listings.held import Which

    settings = begin("resume", level="error", channel=channel)
    endpoints = find_servers(settings)
    note(settings, endpoints, "resume", tenant=tenant, subject=subject_of(channel, account))
    taken, left = resume(settings, endpoints, Which(channel, tenant or None, account or None))
    for pause in taken:
        typer.echo(f"{in_words(pause.channel, pause.tenant, pause.account)} goes on; it was paused for: {pause}.")
    if not taken:
        typer.echo(f"{in_words(channel, tenant, account)}: no pause of just that stands.")
    for pause in left:
        typer.echo(f"Still paused: {in_words(pause.channel, pause.tenant, pause.account)}: {pause}.")
