"""`marketsync held`: changes that wait for a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consumer.embedded import Endpoints
    from consumer.listings.held import Which
    from consumer.settings import Settings

app = typer.Typer(help="Look at listings that are held, and decide.", no_args_is_help=True)

AnyChannel = Annotated[str, typer.Option(help="Only this channel; nothing = all.")]
OneChannel = Annotated[str, typer.Option(help="The channel, e.g. ebay.")]
Account = Annotated[str, typer.Option(help="Only this selling account.")]
Tenant = Annotated[str, typer.Option(help="Only accounts of this tenant.")]
OnlyBrake = Annotated[str, typer.Option(help="Only what this brake holds, e.g. mass_zero_stock; nothing = all.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_command(channel: AnyChannel = "", account: Account = "", tenant: Tenant = "", brake: OnlyBrake = "") -> None:
    """Show what is held, why, and since when."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from consumer.bootstrap.feed_commands import feed_lines
    from consumer.bootstrap.holding import held_listings

    settings, endpoints = _begin("list")
    groups = held_listings(settings, endpoints, _which(channel, account, tenant, brake))
    files = feed_lines(settings, endpoints, only_held=True)
    for line in files:
        typer.echo(f"{line}. `marketsync feeds release` publishes it all the same.")
    if not groups and files:
        return
    if not groups:
        typer.echo("Nothing is held.")
        return
    table = Table("account", "tenant", "listings", "since (UTC)", "brake", "why", "e.g.", title="Held")
    for group in groups:
        since = group.since.strftime("%Y-%m-%d %H:%M")
        examples = ", ".join(group.examples)
        place = f"{group.channel}/{group.account}"
        why = escape(group.words)
        table.add_row(place, group.tenant, str(group.count), since, group.brake or "gap", why, escape(examples))
    Console(highlight=False).print(table)
    typer.echo("`marketsync held release` lets them change, `marketsync held drop` leaves them as they are.")


@app.command("release")
def release_command(
    channel: OneChannel, account: Account = "", tenant: Tenant = "", brake: OnlyBrake = "", yes: Yes = False
) -> None:
    """Let held listings change as far as `held list` shows; withdrawals only if their products are still gone then."""
    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.holding import release_held

    settings, endpoints = _begin("release")
    which = _which(channel, account, tenant, brake)
    if not yes:
        typer.confirm("Change them on the channel?", abort=True)
    subject = subject_of(channel, account)
    note(settings, endpoints, "held release", tenant=tenant, subject=subject, brake=brake)
    count = release_held(settings, endpoints, which)
    typer.echo(f"{count} listings are released: they change now, as far as their products still say so.")


@app.command("drop")
def drop_command(
    channel: OneChannel, account: Account = "", tenant: Tenant = "", brake: OnlyBrake = "", yes: Yes = False
) -> None:
    """Leave held listings as they are, until their products' next change."""
    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.holding import drop_held

    settings, endpoints = _begin("drop")
    which = _which(channel, account, tenant, brake)
    if not yes:
        typer.confirm("Leave them as they are on the channel?", abort=True)
    subject = subject_of(channel, account)
    note(settings, endpoints, "held drop", tenant=tenant, subject=subject, brake=brake)
    count = drop_held(settings, endpoints, which)
    typer.echo(f"{count} listings stay as they are.")


def _which(channel: str, account: str, tenant: str, brake: str) -> Which:
    from consumer.errors import SettingsError
    from consumer.listings.brakes import Brake
    from consumer.listings.held import Which

    if brake and brake not in [each.value for each in Brake]:
        raise SettingsError(f"there is no brake {brake!r}; there are: {', '.join(Brake)}")
    return Which(channel or None, tenant or None, account or None, Brake(brake) if brake else None)


def _begin(command: str) -> tuple[Settings, Endpoints]:
    from consumer.bootstrap.start import begin, find_servers

    settings = begin(f"held {command}", level="error")
    return settings, find_servers(settings)
