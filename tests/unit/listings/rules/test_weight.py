"""What goods weigh, in kilograms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from consumer.listings.product import Measure
from consumer.listings.rules.weight import kilograms


@pytest.mark.parametrize(
    ("value", "unit", "kilos"),
    [("1.9", "KG", "1.9"), ("750", "G", "0.75"), ("750", "GR.", "0.75"), ("2", "LB", "0.90718474"), ("1", "T", "1000")],
)
def test_any_usual_unit_becomes_kilograms(value: str, unit: str, kilos: str) -> None:
    assert kilograms(Measure(Decimal(value), unit)) == Decimal(kilos)


def test_no_unit_is_guessed() -> None:
    assert kilograms(Measure(Decimal(750))) is None
    assert kilograms(Measure(Decimal(2), "STONE")) is None
    assert kilograms(None) is None
