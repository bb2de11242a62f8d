"""A version of a listing -> its record in the content feed. Pure.

A record never has a price or a stock: those are the API's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from adapters.feeds import FeedItem
from adapters.manomano.columns import IMAGES, OURS, WEIGHT, Column, Columns
from adapters.manomano.mapping import grams
from adapters.manomano.versions import Version, measure
from adapters.model import Listing

_SEPARATOR = "#"  # between several values of one cell


@dataclass(slots=True)
class Record:
    """cells: column -> text, without empty ones. left_out: what of the product has no place in it, in words."""

    cells: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def put(self, column: str, value: str | None) -> None:
        """Fill a cell, unless there is nothing for it."""
        if value:
            self.cells[column] = value


def record(listing: Listing, version: Version, columns: Columns) -> Record:
    """Everything ManoMano is told of this version."""
    made = Record()
    fixed = {
        "sku": version.sku,
        "ean": _SEPARATOR.join(version.gtins),
        "sku_manufacturer": version.mpn,
        "brand": listing.brand,
        "merchant_category": listing.category,
        "mm_category_id": listing.category,
        "title": one_line(version.title),
        "description": one_line(listing.description),
        **dict(zip(IMAGES, version.images, strict=False)),
        "ParentSKU": version.parent,
        "parent_title": one_line(version.parent_title),
    }
    for column, value in fixed.items():
        made.put(column, value)
    _put_weight(made, version, columns)
    for name, values in version.attributes.items():
        _put_attribute(made, name, [value for value in values if value.strip()], columns)
    if len(version.images) > len(IMAGES):
        made.left_out.append(f"ManoMano takes {len(IMAGES)} pictures: the others are left out")
    return made


def feed_item(listing: Listing, version: Version, made: Record) -> FeedItem:
    """The record to keep. Its parts remember what a later take-down has to send."""
    parts = {} if version.weight is None else {"weight": str(grams(version.weight))}
    if version.parent:
        parts["parent_title"] = version.parent_title
    return FeedItem(
        key=version.sku,
        sku=version.sku,
        listing=listing.sku,
        body=orjson.dumps(made.cells, option=orjson.OPT_SORT_KEYS),
        parts=parts,
        title=made.cells.get("title", ""),
        price=version.price,
        gtins=version.gtins,
        category=listing.category or "",
        columns=tuple(sorted(made.cells)),
    )


def missing_columns(version: Version, columns: Columns) -> Iterator[Column]:
    """Columns that ManoMano demands of every product, and that no attribute of this version fills."""
    filled = Record()
    for name, values in version.attributes.items():
        _put_attribute(filled, name, [value for value in values if value.strip()], columns)
    _put_weight(filled, version, columns)
    return (column for column in columns.mandatory() if column.name not in filled.cells)


def one_line(text: str) -> str:
    """Text without line breaks and repeated spaces: a record is a line."""
    return " ".join(text.split())


def _put_weight(made: Record, version: Version, columns: Columns) -> None:
    if version.weight is not None and WEIGHT in columns.by_name:
        made.put(WEIGHT, format(version.weight.normalize(), "f"))
        made.put("weight_unit", _unit("kg", columns.by_name[WEIGHT], columns))


def _put_attribute(made: Record, name: str, values: list[str], columns: Columns) -> None:
    column = columns.find(name)
    if column is None:
        made.left_out.append(f"attribute {name} is left out: ManoMano has no such column")
        return
    if column.name in OURS or column.name in made.cells or column.name == WEIGHT or not values:
        return
    if column.unit:
        _put_measure(made, column, values, columns)
        return
    taken = [_accepted(column, value) for value in values]
    for value, accepted in zip(values, taken, strict=True):
        if accepted is None:
            made.left_out.append(f"{column.name} {value!r} is left out: {_why_not(column)}")
    made.put(column.name, _SEPARATOR.join(_unsplit(accepted for accepted in taken if accepted)))


def _put_measure(made: Record, column: Column, values: list[str], columns: Columns) -> None:
    """A measure has its unit in a column of its own; one without a unit takes the only one that there may be."""
    found = measure(values[0])
    unit = _unit(found[1], column, columns) if found is not None else None
    if found is None or unit is None:
        made.left_out.append(f"{column.name} {values[0]!r} is left out: it is not a number with a unit ManoMano knows")
        return
    made.put(column.name, format(found[0].normalize(), "f"))
    made.put(column.unit, unit)


def _unit(unit: str, column: Column, columns: Columns) -> str | None:
    """The unit as ManoMano writes it; None for one it does not know."""
    listed = columns.by_name.get(column.unit)
    if listed is None or not listed.values:
        return unit or None
    only = set(listed.values.values())
    if not unit:
        return only.pop() if len(only) == 1 else None
    return listed.values.get(unit.casefold().rstrip("."))


def _accepted(column: Column, value: str) -> str | None:
    """The value as ManoMano wants it; None where it wants another."""
    if column.values:
        return column.values.get(value.strip().casefold())
    if column.numeric:
        found = measure(value)
        return format(found[0].normalize(), "f") if found is not None else None
    return one_line(value)


def _why_not(column: Column) -> str:
    if not column.values:
        return "ManoMano wants a number"
    known = sorted(set(column.values.values()))
    return f"ManoMano accepts {', '.join(known[:10])}{', …' if len(known) > 10 else ''}"


def _unsplit(values: Iterable[str]) -> list[str]:
    """Without the sign that ManoMano would split them at, each once."""
    return list(dict.fromkeys(one_line(value.replace(_SEPARATOR, " ")) for value in values))
