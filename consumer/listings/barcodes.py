"""Barcodes that may leave the house."""

from __future__ import annotations

from collections.abc import Iterable

_LENGTHS = frozenset({8, 12, 13, 14})

# Number ranges for use inside a shop or company, written as GTIN-13 (GS1 prefixes 020-029, 040-049, 200-299): another
# seller may use the same number for something else, so no channel may see them.
_INTERNAL = ("2", "02", "04")
_INTERNAL_SHORT = ("0", "2")  # the same for GTIN-8


def usable_gtins(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes that are GTINs (8, 12, 13 or 14 digits, right check digit) and not for internal use, each once."""
    return tuple(dict.fromkeys(code for code in map(str.strip, codes) if _is_gtin(code) and not _is_internal(code)))


def _is_gtin(code: str) -> bool:
    if len(code) not in _LENGTHS or not (code.isascii() and code.isdigit()):
        return False
    *digits, check = map(int, code)
    # From the right, next to the check digit, weights are 3, 1, 3, 1 … (GS1 General Specifications, 7.9).
    total = sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return (total + check) % 10 == 0


def _is_internal(code: str) -> bool:
    if len(code) == 8:
        return code.startswith(_INTERNAL_SHORT)
    return code[-13:].rjust(13, "0").startswith(_INTERNAL)
