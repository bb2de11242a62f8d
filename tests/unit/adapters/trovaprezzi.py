"""Listings and accounts for the tests of Trovaprezzi."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.model import Listing, Money
from adapters.trovaprezzi import TrovaprezziAccount


def make_shop(**changes: Any) -> TrovaprezziAccount:
    """A shop with nothing but a link."""
    return TrovaprezziAccount.model_validate({"link": "https://shop.example/p/{sku}", **changes})


def make_offer(**changes: Any) -> Listing:
    """A mug with everything in it."""
    values: dict[str, Any] = {
        "sku": "A-1",
        "title": "Tazza in ceramica blu 35 cl",
        "description": "<p>Una tazza per il caffè, <b>fatta a mano</b>.</p>",
        "price": Money(Decimal("19.90"), "EUR"),
        "quantity": 7,
        "category": "Casa; Tazze",
        "condition": "NEW",
        "images": ("https://img.example.test/1.jpg", "https://img.example.test/2.jpg"),
        "language": "it-IT",
        "brand": "Ceramiche Rossi",
        "mpn": "CR-35",
        "gtins": ("4006381333931",),
        "weight": Decimal("0.4205"),
    }
    return Listing(**{**values, **changes})
