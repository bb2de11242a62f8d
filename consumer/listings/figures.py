"""Numbers of a PIM document: exact, finite, and never a zero in place of a missing one."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Any

import orjson

from adapters.model import Problem
from consumer.listings.product import Figure
from consumer.mongo.documents import from_extended_json

_SHOWN = 80
_LARGEST = Decimal(10) ** 12


def shown(value: Any) -> str:
    """What was found, short enough for a message."""
    if isinstance(value, str):
        return value[:_SHOWN]
    try:
        return orjson.dumps(value, default=str).decode()[:_SHOWN]
    except TypeError:  # keys that are no text, or nesting without end
        return type(value).__name__


def plain(value: Any) -> Any:
    """A leaf of a document without its Extended JSON wrapping; a wrapping we cannot read stays as it is."""
    return from_extended_json(value) if isinstance(value, dict) else value


def number(value: Any) -> Decimal | None:
    """The number a leaf holds, or None if it holds none: text, NaN and infinity are no numbers."""
    value = plain(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        # The shortest text that reads back as this float is what a person typed: 89.9, not 89.90000000000000568.
        value = Decimal(repr(value))
    elif isinstance(value, int):
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < _LARGEST:
        return value
    return None


def plain_number(figure: Decimal) -> str:
    """750, not 750.0 or 7.5E+2."""
    return format(figure.normalize(), "f")


def read_figure(value: Any, field: str, path: str) -> Figure:
    """The number at `path` of the document; a Problem of the listing's `field` if there is something else."""
    if value is None or value == "":
        return None
    figure = number(value)
    if figure is not None:
        return figure
    return Problem(
        field=field,
        rule="not_a_number",
        message=f"{path} is not a number",
        cure=f"Write {path} as a plain number in the PIM.",
        value=shown(value),
    )


def read_quantity(value: Any, path: str = "quantity") -> int | Problem:
    """The stock in whole pieces: 2.5 are 2 that can be sold. Missing is a Problem: a zero would end the listing."""
    figure = read_figure(value, "quantity", path)
    if figure is None:
        return Problem(
            field="quantity",
            rule="missing",
            message="the PIM has no stock figure" if path == "quantity" else f"the PIM has no stock figure at {path}",
            cure=f"Fill {path} in the PIM; 0 if it is sold out.",
        )
    if isinstance(figure, Problem):
        return figure
    return int(figure.to_integral_value(ROUND_FLOOR))
