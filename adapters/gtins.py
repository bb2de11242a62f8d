"""Barcodes of the GTIN family: EAN-8, UPC, EAN-13, GTIN-14."""

from __future__ import annotations

_LENGTHS = frozenset({8, 12, 13, 14})
# Number ranges for use inside a shop or company, written as GTIN-13 (GS1 prefixes 020-029, 040-049, 200-299): another
# seller may use the same number for something else, so no channel may see them.
_INTERNAL = ("2", "02", "04")
_INTERNAL_SHORT = ("0", "2")  # the same for GTIN-8


def is_gtin(code: str) -> bool:
    """Whether length and check digit are right (GS1 General Specifications 7.9)."""
    if not (code.isascii() and code.isdigit() and len(code) in _LENGTHS):
        return False
    # From the right, beginning with the check digit itself, weights are 1, 3, 1, 3 …
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(code)))
    return weighted % 10 == 0


def is_internal(code: str) -> bool:
    """Whether this GTIN is out of a number range that means something only inside a shop or company."""
    if len(code) == 8:
        return code.startswith(_INTERNAL_SHORT)
    return code[-13:].rjust(13, "0").startswith(_INTERNAL)
