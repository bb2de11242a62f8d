"""Reads stock per place of a PIM document, where it has any. The PIM's own schema knows one figure only.

Accepted: a map from place to pieces, a map from place to a map with the pieces, and a list of maps that name the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.model import Problem
from consumer.listings.figures import read_quantity
from consumer.listings.leaves import EMPTY, first, identifier, wrong_shape

PLACES = ("location", "location_id", "location_code", "warehouse", "warehouse_id", "warehouse_code", "code")
PIECES = ("quantity", "stock_quantity", "stock", "available")
"""Our names for them, and those of the imports that write such figures. The first that holds anything counts."""

Locations = Mapping[str, int | Problem]


def read_locations(value: Any, path: str) -> Locations | Problem | None:
    """Place -> pieces there, or why that cannot be told; None where there are no such figures."""
    if value in EMPTY:
        return None
    if not isinstance(value, dict | list):
        return wrong_shape("quantity", path, "a map from place to pieces", value)
    found: dict[str, int | Problem] = {}
    for place, member, pieces in _members(value, path):
        if place is None or place in found:
            expected = "the name of a place" if place is None else f"named once (place {place})"
            return wrong_shape("quantity", member, expected, value)
        found[place] = read_quantity(pieces, member)
    return found


def _members(value: dict[str, Any] | list[Any], path: str) -> Iterator[tuple[str | None, str, Any]]:
    """Place, where it stands, and what is said of it."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield identifier(name), f"{path}.{name}", _pieces(entry)
        return
    for number, entry in enumerate(value):
        place = identifier(first(entry, PLACES)) if isinstance(entry, dict) else None
        yield place, f"{path}[{number}]", _pieces(entry)


def _pieces(entry: Any) -> Any:
    """A number in Extended JSON is a map too."""
    if isinstance(entry, dict) and not any(name.startswith("$") for name in entry):
        return first(entry, PIECES)
    return entry
