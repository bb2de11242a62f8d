"""`marketsync validate`: what keeps products from being listed, without sending anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from consumer.cli.preview import Account, AsJson
from consumer.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from adapters.model import Listing, Problem
    from consumer.listings.findings import Findings
    from consumer.listings.product import Product
    from consumer.listings.rules import Unwanted

Codes = Annotated[list[str] | None, typer.Argument(metavar="[CODE]...", help="Entity codes of products.")]
All = Annotated[bool, typer.Option("--all", help="Every product of the account's tenant.")]


def command(codes: Codes = None, every: All = False, account: Account = "", as_json: AsJson = False) -> None:
    """Check products as a delivery would, and say what is in the way, grouped. Ends with 1 where anything is."""
    from rich.console import Console

    from consumer.bootstrap.choosing import one_account
    from consumer.bootstrap.examining import validate
    from consumer.bootstrap.start import begin, find_servers

    if every == bool(codes):
        raise SettingsError("say which products: codes, or --all")
    settings = begin("validate", level="error")
    endpoints = find_servers(settings)
    chosen = one_account(settings, endpoints, account)
    console = Console(highlight=False, soft_wrap=True)
    each: list[tuple[Product, Listing | Unwanted | list[Problem]]] = []
    with Console(stderr=True).status("Reading products ..."):
        findings = validate(
            settings,
            endpoints,
            chosen,
            codes or (),
            (lambda product, found: each.append((product, found))) if codes else (lambda product, found: None),
        )
    if as_json:
        _print_json(findings)
    else:
        for product, found in each:
            _show_product(console, product, found)
        _show(console, findings)
    if findings.refused:
        raise typer.Exit(1)


def _print_json(findings: Findings) -> None:
    import json

    problems: list[dict[str, Any]] = [
        {
            "field": group.field,
            "rule": group.rule,
            "message": group.message,
            "cure": group.cure,
            "products": group.products,
            "examples": [{"entity_code": code, "value": value} for code, value in group.examples],
        }
        for group in findings.groups()
    ]
    data = {
        "fine": findings.fine,
        "refused": findings.refused,
        "unwanted": [{"reason": reason, "products": count} for reason, count in findings.unwanted.most_common()],
        "problems": problems,
    }
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def _show_product(console: Console, product: Product, found: Listing | Unwanted | list[Problem]) -> None:
    from rich.markup import escape

    from adapters.model import Listing
    from consumer.listings.rules import Unwanted

    code = escape(product.entity_code)
    if isinstance(found, Unwanted):
        console.print(f"{code}: not wanted on the account, {escape(found.reason)}")
        return
    if isinstance(found, Listing):
        console.print(f"{code}: may be sent")
        for remark in found.remarks:
            console.print(f"  remark: {escape(remark)}")
        return
    console.print(f"{code}: cannot be sent")
    for problem in found:
        console.print(f"  {escape(str(problem))}")


def _show(console: Console, findings: Findings) -> None:
    from rich.markup import escape
    from rich.table import Table

    groups = findings.groups()
    if groups:
        table = Table("products", "field", "what is wrong", "what to do", "e.g.", title="Problems")
        for group in groups:
            examples = ", ".join(f"{code} ({value})" if value else code for code, value in group.examples)
            table.add_row(str(group.products), *map(escape, (group.field, group.message, group.cure, examples)))
        console.print(table)
    for reason, count in findings.unwanted.most_common():
        console.print(f"{count} not wanted: {escape(reason)}")
    console.print(f"{findings.fine} may be sent, {findings.refused} cannot. Nothing was sent.")
