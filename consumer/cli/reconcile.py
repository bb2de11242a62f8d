"""`marketsync reconcile`: whether the channel still shows what it accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from consumer.cli.adopt import Account, Rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from adapters.model import Outcome
    from consumer.control.jobs import Job
    from consumer.embedded import Endpoints
    from consumer.listings.drift import Drift, Kind
    from consumer.settings import Settings

Repair = Annotated[
    str,
    typer.Option(
        help="What to send again: all, none, or some of missing,standing,price,stock,title; nothing = as the account's"
        " `reconcile` says."
    ),
]

LookForGhosts = Annotated[
    bool, typer.Option("--ghosts", help="Look for offers on the channel that no product of the account stands behind.")
]
Zero = Annotated[
    int | None,
    typer.Option(min=1, help="Take ghosts down, if there are no more than so many and the account sells anything."),
]

_SHOWN = 50


def command(
    account: Account = "",
    repair: Repair = "",
    rate: Rate = 20,
    ghosts: LookForGhosts = False,
    zero_ghosts: Zero = None,
) -> None:
    """Ask the channel for every listing of an account, and say where it shows something else than it accepted."""
    from rich.console import Console

    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.choosing import id_of, one_account
    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.stock_taking import reconcile

    settings = begin("reconcile", level="warning")
    named = _kinds(repair)
    endpoints = find_servers(settings)
    chosen = one_account(settings, endpoints, account)
    if ghosts or zero_ghosts is not None:
        _look_for_ghosts(settings, endpoints, chosen, rate, zero_ghosts)
        return
    repaired = chosen.reconcile.repaired if named is None else named
    kinds = ", ".join(sorted(repaired))
    note(settings, endpoints, "reconcile", tenant=chosen.tenant, subject=id_of(chosen), repaired=kinds)
    console = Console(highlight=False, soft_wrap=True)
    told: list[Drift] = []
    with console.status(f"Asking {id_of(chosen)} ...") as progress:

        def see(job: Job, found: Sequence[Drift]) -> None:
            told.extend(found[: max(0, _SHOWN - len(told))])
            progress.update(f"{job.counts.get('compared', 0)} listings compared ...")

        job = reconcile(settings, endpoints, chosen, rate=rate, repaired=repaired, see=see)
    _show(console, job, told)


def _look_for_ghosts(settings: Settings, endpoints: Endpoints, chosen: Any, rate: float, most: int | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.choosing import id_of
    from consumer.bootstrap.stock_taking import find_ghosts

    if most is not None:
        note(settings, endpoints, "reconcile zero-ghosts", tenant=chosen.tenant, subject=id_of(chosen), most=most)
    console = Console(highlight=False, soft_wrap=True)
    outcomes: list[Outcome] = []
    with console.status(f"Asking {id_of(chosen)} ..."):
        ghosts, objection = find_ghosts(settings, endpoints, chosen, rate=rate, most=most, see=outcomes.extend)
    console.print(f"{ghosts.live} offers on sale, {ghosts.ours} of products that the account wants.")
    if not ghosts.found:
        console.print("No ghosts.")
        return
    table = Table("SKU", "price", "stock", "title", title=f"Ghosts (the first {_SHOWN} of {len(ghosts.found)})")
    for one in ghosts.found[:_SHOWN]:
        price = "" if one.price is None else f"{one.price.amount} {one.price.currency}"
        table.add_row(*map(escape, (one.sku, price, str(one.quantity), one.title)))
    console.print(table)
    if most is None:
        console.print(f"Nothing is taken down. To do it: --zero-ghosts {len(ghosts.found)}")
        return
    for outcome in outcomes:
        if outcome.error is not None:
            console.print(f"{outcome.sku} could not be taken down: {outcome.error.message}", markup=False)
    done = sum(outcome.error is None for outcome in outcomes)
    console.print(f"Nothing is taken down: {objection}." if objection else f"{done} taken down.", markup=False)
    if objection or done < len(outcomes):
        raise typer.Exit(1)


def _kinds(words: str) -> list[Kind] | None:
    """None: nothing is said."""
    from consumer.errors import SettingsError
    from consumer.listings.drift import Kind

    names = [name.strip() for name in words.split(",") if name.strip()]
    if not names:
        return None
    whole = {"all": list(Kind), "none": []}
    if len(names) == 1 and names[0] in whole:
        return whole[names[0]]
    unknown = [name for name in names if name not in set(Kind)]
    if unknown:
        raise SettingsError(f"--repair: there is no {', '.join(unknown)}; there are: all, none, {', '.join(Kind)}")
    return [Kind(name) for name in names]


def _show(console: Console, job: Job, told: list[Drift]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if told:
        table = Table("listing", "drift", "accepted", "shown", title=f"Drift (the first {_SHOWN})")
        for drift in told:
            table.add_row(*map(escape, (drift.listing_id, drift.kind.value, drift.accepted, drift.shown)))
        console.print(table)
    counts = job.counts
    console.print(
        f"{counts.get('compared', 0)} listings compared, {counts.get('passed_over', 0)} passed over because something"
        " is on its way."
    )
    for kind in ("missing", "standing", "price", "stock", "title"):
        if counts.get(kind):
            console.print(f"{counts[kind]} {kind}")
    console.print(
        f"{counts.get('repaired', 0)} are sent again." if counts.get("repaired") else "Nothing is sent again."
    )
