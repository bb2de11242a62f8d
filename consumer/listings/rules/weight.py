"""What goods weigh, in one unit, whatever the PIM writes."""

from __future__ import annotations

from decimal import Decimal

from consumer.listings.product import Measure

_KILOGRAMS = {
    "KG": Decimal(1), "KGM": Decimal(1), "KGS": Decimal(1), "CHILOGRAMMI": Decimal(1),
    "G": Decimal("0.001"), "GR": Decimal("0.001"), "GRM": Decimal("0.001"), "GRAMMI": Decimal("0.001"),
    "T": Decimal(1000), "TNE": Decimal(1000), "Q": Decimal(100),
    "LB": Decimal("0.45359237"), "LBS": Decimal("0.45359237"), "LBR": Decimal("0.45359237"),
    "OZ": Decimal("0.028349523125"), "ONZ": Decimal("0.028349523125"),
}  # fmt: skip
"""Unit in capitals -> kilograms: usual abbreviations, and the codes of UN/ECE Recommendation 20."""


def kilograms(weight: Measure | None) -> Decimal | None:
    """None where the PIM does not say, or names no unit we know: a guess may be wrong by a thousand."""
    if weight is None or weight.unit.rstrip(".") not in _KILOGRAMS:
        return None
    return weight.value * _KILOGRAMS[weight.unit.rstrip(".")]
