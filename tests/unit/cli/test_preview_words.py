"""A preview says where price and stock came from."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from consumer.cli.preview import where_from
from consumer.listings.state import NO_FIGURES, Figures


def test_the_raw_figures_stand_beside_what_is_shown() -> None:
    figures = Figures(stock=12, price=Decimal("99.90"), rule=2, due=datetime(2026, 11, 26, 23, tzinfo=UTC))
    assert list(where_from(figures)) == [
        "stock in the PIM, before the account's rules: 12",
        "price before the account's rules, with VAT: 99.90 (price rule 2 counts)",
        "the price may be another from 2026-11-26 23:00 UTC on",
    ]
    assert list(where_from(Figures(price=Decimal(5)))) == [
        "price before the account's rules, with VAT: 5 (no price rule counts)"
    ]
    assert not list(where_from(NO_FIGURES))
