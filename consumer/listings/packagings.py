"""Reads `packaging_options` of a PIM document: how the goods are packed, each with barcodes and prices of its own.

`pkg_id` is never looked at: the PIM rewrites it when somebody opens the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.model import Problem
from consumer.listings.barcodes import read_gtins
from consumer.listings.figures import read_figure
from consumer.listings.leaves import EMPTY, identifier, read_texts, wrong_shape
from consumer.listings.pricing import is_price_map, read_prices
from consumer.listings.product import Packaging, Prices

PATH = "packaging_options"
FIELDS = ("code", "qty", "is_default", "is_smallest", "is_sellable", "label", "ean", "pricing")
"""What is read of each entry."""


def read_packagings(value: Any, language: str) -> tuple[Packaging, ...] | Problem:
    """The packagings, or why they cannot be read. language: what plain texts are written in."""
    if value in EMPTY:
        return ()
    if not isinstance(value, list):
        return _wrong(PATH, "a list", value)
    found = []
    for place, entry in enumerate(value):
        path = f"{PATH}[{place}]"
        if not isinstance(entry, dict):
            return _wrong(path, "a map", entry)
        packaging = _packaging(entry, path, language)
        if isinstance(packaging, Problem):
            return packaging
        found.append(packaging)
    return tuple(found)


def _packaging(entry: Mapping[str, Any], path: str, language: str) -> Packaging | Problem:
    problems: list[Problem] = []
    flags = {name: entry.get(name) for name in ("is_default", "is_smallest", "is_sellable")}
    wrong = next((name for name, flag in flags.items() if not isinstance(flag, bool | None)), None)
    if wrong is not None:
        return _wrong(f"{path}.{wrong}", "true or false", flags[wrong])
    labels = read_texts(entry.get("label"), "packaging", f"{path}.label", language, [])
    barcodes = read_gtins(entry.get("ean"), f"{path}.ean", problems)
    pricing: Any = entry.get("pricing")
    if pricing not in EMPTY and not is_price_map(pricing):
        return _wrong(f"{path}.pricing", "a map of prices", pricing)
    prices = Prices() if pricing in EMPTY else read_prices(pricing, f"{path}.pricing", problems)
    if problems:
        return problems[0]
    return Packaging(
        code=identifier(entry.get("code")) or "",
        pieces=_pieces(entry.get("qty"), f"{path}.qty"),
        default=bool(flags["is_default"]),
        smallest=bool(flags["is_smallest"]),
        sellable=flags["is_sellable"] is not False,
        labels=labels,
        barcodes=barcodes[0],
        prices=prices,
    )


def _pieces(value: Any, path: str) -> Decimal | Problem:
    figure = read_figure(value, "quantity", path)
    if isinstance(figure, Decimal) and figure > 0:
        return figure
    if isinstance(figure, Problem):
        return figure
    return Problem(
        field="quantity",
        rule="packaging_size",
        message=f"{path} does not say how many pieces are in the packaging",
        cure=f"Fill {path} in the PIM with a number above 0.",
        value="" if figure is None else str(figure),
    )


def _wrong(path: str, expected: str, value: Any) -> Problem:
    # Without the value: it may hold a pkg_id, which says nothing about the goods and changes by itself.
    return wrong_shape("packaging", path, expected, type(value).__name__)
