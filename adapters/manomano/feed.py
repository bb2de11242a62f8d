"""The content feed as a CSV: a header and one record a line, in UTF-8. ManoMano's template decides the order.

Which separator ManoMano takes is not said; clients in production write a semicolon or a comma, both with quotes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlsplit

import orjson

from adapters.feeds import Finding
from adapters.manomano.columns import MANDATORY, OFFER_COLUMNS, TEMPLATE

_REST = len(TEMPLATE)
_PLACES = {name: place for place, name in enumerate(TEMPLATE)}
_LONGEST_CELL = 10_000_000


class CsvWriter:
    """Writes records that are JSON: column -> text. Keeps `adapters.feeds.FeedWriter`."""

    footer = b""

    def __init__(self, columns: Sequence[str], separator: str) -> None:
        self._columns = in_order(columns)
        self._separator = separator

    @property
    def header(self) -> bytes:
        """The names of the columns."""
        return self._line(self._columns)

    def item(self, body: bytes) -> bytes:
        """One record; a column that it does not fill is empty."""
        cells: Mapping[str, str] = orjson.loads(body)
        return self._line([cells.get(column, "") for column in self._columns])

    def _line(self, cells: Sequence[str]) -> bytes:
        line = io.StringIO()
        csv.writer(line, delimiter=self._separator, lineterminator="\r\n").writerow(cells)
        return line.getvalue().encode()


@dataclass(frozen=True, slots=True)
class ContentFormat:
    """Keeps `adapters.feeds.FeedFormat`."""

    separator: str = ";"
    suffix: str = "csv"
    content_type: str = "text/csv; charset=utf-8"

    def writer(self, columns: Sequence[str]) -> CsvWriter:
        """The columns that any record fills, and those that ManoMano demands."""
        return CsvWriter([*columns, *MANDATORY], self.separator)

    def check(self, file: BinaryIO) -> Iterator[Finding]:
        """What ManoMano would refuse, and what would fight with the API."""
        csv.field_size_limit(_LONGEST_CELL)
        lines = csv.reader(_lines(file), delimiter=self.separator, strict=True)
        number = 0
        try:
            header = next(lines, [])
            yield from _header(header)
            seen = _Seen()
            for number, cells in enumerate(lines, start=1):
                yield from _record(dict(zip(header, cells, strict=False)), len(cells) - len(header), number, seen)
        except (csv.Error, UnicodeDecodeError) as error:
            where = f"record {number + 1}"
            yield Finding(where, "csv", f"it is no CSV in UTF-8: {error}", "Build the file anew.")
            return
        if not number:
            yield Finding("file", "empty", "it has no records", "Publish the one before.")


@dataclass(slots=True)
class _Seen:
    """What the records before had, as hashes, so that a million cost little."""

    skus: set[int] = field(default_factory=set)
    makers: set[int] = field(default_factory=set)


def in_order(columns: Sequence[str]) -> list[str]:
    """As in ManoMano's template; what is not in it comes behind, by name. Never a column of price or stock."""
    kept = (column for column in set(columns) if column not in OFFER_COLUMNS)
    return sorted(kept, key=lambda column: (_PLACES.get(column, _REST), column))


def _lines(file: BinaryIO) -> Iterator[str]:
    for line in file:
        yield line.decode("utf-8")


def _header(header: Sequence[str]) -> Iterator[Finding]:
    for column in MANDATORY:
        if column not in header:
            words = f"the column {column} is missing, or the separator is another"
            yield Finding("header", "column", words, "Build the file anew.")
    for column in header:
        if column in OFFER_COLUMNS:
            words = f"the column {column} belongs to the offer: price and stock come by the API alone"
            yield Finding("header", "offer_column", words, "Take the column out.")


def _record(record: Mapping[str, str], surplus: int, number: int, seen: _Seen) -> Iterator[Finding]:
    sku = record.get("sku", "")
    where = f"record {number}" + (f", SKU {sku}" if sku else "")
    if surplus:
        yield Finding(where, "cells", "it has not as many cells as the header", "Quote cells with a separator.")
        return
    for column in MANDATORY:
        if not record.get(column, "").strip():
            yield Finding(where, "missing", f"{column} is empty", "Fill it in the PIM, or leave the product out.")
    if not record.get("ean") and not (record.get("sku_manufacturer") and record.get("brand")):
        words = "there is neither an ean nor a sku_manufacturer with a brand"
        yield Finding(where, "identity", words, "Give the product one of them.")
    if urlsplit(record.get("image_1", "")).scheme not in ("https", ""):
        yield Finding(where, "image", "image_1 is not served by https", "Serve it by https.")
    yield from _twice(record, where, seen)


def _twice(record: Mapping[str, str], where: str, seen: _Seen) -> Iterator[Finding]:
    mark = hash(record.get("sku", ""))
    if mark in seen.skus:
        yield Finding(where, "sku_twice", "its SKU stands in the file twice", "Give one of them another SKU.")
    seen.skus.add(mark)
    if record.get("sku_manufacturer"):
        maker = hash((record.get("brand"), record["sku_manufacturer"]))
        if maker in seen.makers:
            words = "brand and sku_manufacturer stand in the file twice"
            yield Finding(where, "maker_twice", words, "Correct the manufacturer's number of one of them.")
        seen.makers.add(maker)
