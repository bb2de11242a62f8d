"""Barcodes of the GTIN family: EAN-8, UPC, EAN-13, GTIN-14."""

from __future__ import annotations

_LENGTHS = frozenset({8, 12, 13, 14})


def is_gtin(code: str) -> bool:
    """Whether length and check digit are right (GS1 General Specifications 7.9)."""
    if not (code.isascii() and code.isdigit() and len(code) in _LENGTHS):
        return False
    # From the right, beginning with the check digit itself, weights are 1, 3, 1, 3 …
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(code)))
    return weighted % 10 == 0
