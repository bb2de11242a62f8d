"""Barcodes that may leave the house."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.gtins import is_gtin, is_internal
from adapters.model import Problem
from consumer.listings.figures import shown
from consumer.listings.leaves import wrong_shape


def read_gtins(value: Any, path: str, problems: list[Problem]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """One code or a list of them, sorted as `sort_gtins` does. path: where it stands in the document."""
    codes = value if isinstance(value, list) else [] if value is None else [value]
    if any(isinstance(code, dict | list | bool) for code in codes):
        problems.append(wrong_shape("gtins", path, "a list of texts", value))
        return (), ()
    return sort_gtins(str(code) for code in codes)


def sort_gtins(codes: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The codes that may be sent, each once, and a remark in words on each that may not.

    Sent are GTINs (8, 12, 13 or 14 digits, right check digit) that are not for internal use. A wrong one is no reason
    to refuse a product: it is listed as one without that code.
    """
    usable: dict[str, None] = {}
    remarks: dict[str, None] = {}
    for code in filter(None, map(str.strip, codes)):
        if not is_gtin(code):
            remarks[f"barcode {shown(code)} is left out: it is no EAN or UPC (wrong length or check digit)"] = None
        elif is_internal(code):
            remarks[f"barcode {code} is left out: its number range is for use inside a shop"] = None
        else:
            usable[code] = None
    return tuple(usable), tuple(remarks)
