"""`marketsync pause`."""

from __future__ import annotations

from typing import Annotated

import typer

Channel = Annotated[str, typer.Option(help="The channel, e.g. ebay.")]
Account = Annotated[str, typer.Option(help="Only this selling account; nothing = all.")]
Tenant = Annotated[str, typer.Option(help="Only accounts of this tenant; nothing = all.")]


def command(
    channel: Channel,
    why: Annotated[str, typer.Option(help="Why, for those who wonder later.")],
    account: Account = "",
    tenant: Tenant = "",
) -> None:
    """Send nothing to a channel or account until resume. What changes meanwhile is owed and sent afterwards, newest."""
    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.control import this_person
    from consumer.bootstrap.holding import pause
    from consumer.bootstrap.start import begin, find_servers
    from consumer.listings.held import Which

    settings = begin("pause", level="error", channel=channel)
    which = Which(channel, tenant or None, account or None)
    endpoints = find_servers(settings)
    note(settings, endpoints, "pause", tenant=tenant, subject=subject_of(channel, account), why=why)
    fresh = pause(settings, endpoints, which, why, who=this_person())
    words = "paused: every delivery process knows within seconds" if fresh else "was paused already, as it still is"
    typer.echo(f"{in_words(channel, tenant, account)} {words}.")


def in_words(channel: str, tenant: str | None, account: str | None) -> str:
    """What a pause is about."""
    parts = [f"account {account}" if account else "", f"tenant {tenant}" if tenant else ""]
    named = " of ".join(part for part in parts if part)
    return f"{channel}, {named}" if named else f"{channel}, every account"
