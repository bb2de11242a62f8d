"""`marketsync held`: withdrawals that wait for a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consumer.embedded import Endpoints
    from consumer.settings import Settings

app = typer.Typer(help="Look at listings that are held, and decide.", no_args_is_help=True)

AnyChannel = Annotated[str, typer.Option(help="Only this channel; nothing = all.")]
OneChannel = Annotated[str, typer.Option(help="The channel, e.g. ebay.")]
Account = Annotated[str, typer.Option(help="Only this selling account.")]
Tenant = Annotated[str, typer.Option(help="Only accounts of this tenant.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_command(channel: AnyChannel = "", account: Account = "", tenant: Tenant = "") -> None:
    """Show what is held, why, and since when."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from consumer.bootstrap.holding import held_listings
    from consumer.listings.held import Which

    settings, endpoints = _begin("list")
    groups = held_listings(settings, endpoints, Which(channel or None, tenant or None, account or None))
    if not groups:
        typer.echo("Nothing is held.")
        return
    table = Table("account", "tenant", "listings", "since (UTC)", "why", "e.g.", title="Held")
    for group in groups:
        since = group.since.strftime("%Y-%m-%d %H:%M")
        examples = ", ".join(group.examples)
        place = f"{group.channel}/{group.account}"
        table.add_row(place, group.tenant, str(group.count), since, escape(group.words), escape(examples))
    Console(highlight=False).print(table)
    typer.echo("`marketsync held release` lets them be withdrawn, `marketsync held drop` leaves them as they are.")


@app.command("release")
def release_command(channel: OneChannel, account: Account = "", tenant: Tenant = "", yes: Yes = False) -> None:
    """Let held listings be withdrawn, if their products are still gone then."""
    from consumer.bootstrap.holding import release_held
    from consumer.listings.held import Which

    settings, endpoints = _begin("release")
    if not yes:
        typer.confirm("Withdraw them from the channel?", abort=True)
    count = release_held(settings, endpoints, Which(channel, tenant or None, account or None))
    typer.echo(f"{count} listings are released: those whose products are still gone are withdrawn now.")


@app.command("drop")
def drop_command(channel: OneChannel, account: Account = "", tenant: Tenant = "", yes: Yes = False) -> None:
    """Leave held listings as they are, until their products' next change."""
    from consumer.bootstrap.holding import drop_held
    from consumer.listings.held import Which

    settings, endpoints = _begin("drop")
    if not yes:
        typer.confirm("Leave them on the channel?", abort=True)
    count = drop_held(settings, endpoints, Which(channel, tenant or None, account or None))
    typer.echo(f"{count} listings stay as they are.")


def _begin(command: str) -> tuple[Settings, Endpoints]:
    from consumer.bootstrap.start import begin, find_servers

    settings = begin(f"held {command}", level="error")
    return settings, find_servers(settings)
