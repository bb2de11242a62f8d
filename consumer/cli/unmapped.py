"""`marketsync unmapped`: what an account has no mapping for, most products first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from consumer.cli.preview import Account, AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from adapters.model import CategorySuggestion
    from consumer.listings.unmapped import Missing, Unmapped

    Proposed = Mapping[Missing, Sequence[CategorySuggestion]]

_WHAT = {
    "category": "PIM category without a channel category",
    "value": "value that no table knows",
    "attribute": "required attribute without a value",
}
_MOST = 50


Suggest = Annotated[bool, typer.Option("--suggest", help="Ask the channel which of its categories may fit.")]


def command(account: Account = "", as_json: AsJson = False, suggest: Suggest = False) -> None:
    """List categories and values of the PIM that the account has no mapping for, by number of products."""
    from rich.console import Console

    from consumer.bootstrap.choosing import id_of, one_account
    from consumer.bootstrap.examining import find_unmapped
    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.suggesting import suggest_categories

    settings = begin("unmapped", level="error")
    endpoints = find_servers(settings)
    chosen = one_account(settings, endpoints, account)
    console = Console(highlight=False, soft_wrap=True)
    with Console(stderr=True).status("Reading products ...") as progress:
        found = find_unmapped(settings, endpoints, chosen, lambda n: progress.update(f"{n} products looked at ..."))
    proposed = suggest_categories(chosen, (missing for missing, _ in found.counts())) if suggest else {}
    if as_json:
        _print_json(found, proposed)
    else:
        _show(console, found, id_of(chosen), proposed)


def _print_json(found: Unmapped, proposed: Proposed) -> None:
    import json

    rows = [
        {
            "kind": missing.kind,
            "name": missing.name,
            "value": missing.value,
            "products": count.products,
            "examples": list(count.examples),
            "suggested": [{"category": one.category, "path": one.path} for one in proposed.get(missing, ())],
        }
        for missing, count in found.counts()
    ]
    typer.echo(json.dumps({"products": found.products, "unmapped": rows}, indent=2, ensure_ascii=False))


def _show(console: Console, found: Unmapped, account: str, proposed: Proposed) -> None:
    from rich.markup import escape
    from rich.table import Table

    counts = found.counts()
    if not counts:
        console.print(f"{account} sells {found.products} products, and has a mapping for all that they hold.")
        return
    table = Table("products", "what", "name", "value", "e.g.", title=f"Not mapped on {account}")
    for missing, count in counts[:_MOST]:
        cells = (_WHAT[missing.kind], missing.name, missing.value, ", ".join(count.examples))
        table.add_row(str(count.products), *map(escape, cells))
    console.print(table)
    for missing, suggestions in proposed.items():
        for one in suggestions:
            console.print(escape(f"For {missing.name} {missing.value} the channel proposes {one.category}: {one.path}"))
    if len(counts) > _MOST:
        console.print(f"... and {len(counts) - _MOST} more; `--json` lists them all.")
    console.print(f"{found.products} products looked at. Map what is missing in the account: `marketsync accounts`.")
