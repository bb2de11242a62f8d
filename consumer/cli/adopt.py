"""`marketsync adopt`: listings that stood on the channel before us become ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from consumer.control.adopting import Met

Account = Annotated[str, typer.Option(help="tenant/channel/name, or the end of it; nothing = the only account.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would become ours.")]
Rate = Annotated[float, typer.Option(min=0.1, help="Listings a second that the channel is asked for, at most.")]

_SHOWN = 50


def command(account: Account = "", dry_run: DryRun = False, rate: Rate = 20) -> None:
    """Find the account's listings of our products on the channel, by SKU, then by barcode, and go on with those."""
    from rich.console import Console

    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.choosing import id_of, one_account
    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.stock_taking import adopt

    settings = begin("adopt", level="warning")
    endpoints = find_servers(settings)
    chosen = one_account(settings, endpoints, account)
    if not dry_run:
        note(settings, endpoints, "adopt", tenant=chosen.tenant, subject=id_of(chosen))
    console = Console(highlight=False, soft_wrap=True)
    told: list[Met] = []
    with console.status(f"Asking {id_of(chosen)} for its listings ...") as progress:
        seen = 0

        def see(met: Sequence[Met]) -> None:
            nonlocal seen
            seen += len(met)
            told.extend(one for one in met if _worth_telling(one) and len(told) < _SHOWN)
            progress.update(f"{seen} listings looked at ...")

        counts = adopt(settings, endpoints, chosen, rate=rate, dry_run=dry_run, see=see)
    _show(console, told)
    for finding, count in counts.most_common():
        console.print(f"{count} {finding.value}")
    if not counts:
        console.print("The account has no listings on the channel.")
    console.print("Nothing was changed." if dry_run else "What was adopted is revised next, if the account is live.")


def _worth_telling(met: Met) -> bool:
    from consumer.listings.adoption import Finding

    return met.match.finding not in (Finding.OURS, Finding.ENDED)


def _show(console: Console, told: list[Met]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not told:
        return
    table = Table("SKU on the channel", "title", "is", "product", "by", title=f"Listings (the first {_SHOWN})")
    for one in told:
        match = one.match
        table.add_row(*map(escape, (one.listing.sku, one.listing.title, match.finding.value, match.code, match.words)))
    console.print(table)
