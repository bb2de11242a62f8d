"""`marketsync history`: where a product's listings stand, why, and what happened to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from consumer.bootstrap.telling import Told
    from consumer.listings.history import Entry
    from consumer.listings.state import Version

Code = Annotated[str, typer.Argument(help="The product's entity code.")]
Tenant = Annotated[str, typer.Option(help="Only listings of this tenant.")]
Most = Annotated[int, typer.Option("--last", min=1, max=1000, help="How many entries of each listing.")]


def command(code: Code, tenant: Tenant = "", most: Most = 20) -> None:
    """Show the listings of a product: what is wanted, sent, accepted and confirmed, what is next, what happened."""
    from rich.console import Console

    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.telling import tell_product

    settings = begin("history", level="error")
    listings = tell_product(settings, find_servers(settings), code, tenant=tenant, most=most)
    if not listings:
        typer.echo(f"There is no listing of {code}: no account has planned one.")
        return
    console = Console(highlight=False)
    for told in listings:
        _show(console, told)


def _show(console: Console, told: Told) -> None:
    from rich.markup import escape

    from consumer.listings.axes import axes_of, wanted_of

    state = told.state
    axes = axes_of(state)
    console.print(f"[bold]{escape(state.id)}[/bold]")
    lines = {
        "wanted": "listed" if axes.listed else f"not listed: {axes.reason}",
        "work": axes.work,
        "last try": axes.last_try,
        "channel says": f"{axes.channel}{f': {state.seen.words}' if state.seen and state.seen.words else ''}",
        "blocked": axes.blocked,
        "next": axes.next,
    }
    versions = {"sent": state.sent, "accepted": state.accepted, "confirmed": state.confirmed}
    lines |= {name: _version(version) for name, version in ({"wants": wanted_of(state)} | versions).items()}
    for name, words in lines.items():
        console.print(f"  {name:<13} {escape(words)}")
    for problem in state.problems:
        console.print(f"  ✗ {escape(str(problem))}")
    _timeline(console, told.entries)


def _version(version: Version | None) -> str:
    if version is None:
        return "-"
    figures = [
        *([f"{version.price.amount} {version.price.currency}"] if version.price else []),
        *([f"{version.quantity} pieces"] if version.quantity is not None else []),
    ]
    return f"{version.at:%Y-%m-%d %H:%M:%S} {version.operation} {', '.join(figures)}".rstrip()


def _timeline(console: Console, entries: Sequence[Entry]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not entries:
        return
    table = Table("when (UTC)", "why", "what", "outcome", "price", "pieces", "after", "words")
    for entry in entries:
        table.add_row(
            entry.at.strftime("%Y-%m-%d %H:%M:%S"),
            entry.reason,
            entry.operation,
            entry.outcome,
            entry.price or "",
            "" if entry.quantity is None else str(entry.quantity),
            "" if entry.waited is None else f"{entry.waited:.1f} s",
            escape(entry.reply),
        )
    console.print(table)
