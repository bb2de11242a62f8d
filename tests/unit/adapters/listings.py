"""Builders of listings and of an eBay account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapters.ebay import EbayAccount
from adapters.model import Listing, Money
from tests.unit.adapters.wire import ORIGIN


def make_listing(sku: str = "A-1", **changes: Any) -> Listing:
    """A listing that eBay takes."""
    listing = Listing(
        sku=sku,
        title="Tazza in ceramica blu 35 cl",
        description="<p>Una tazza per il caffè.</p>",
        price=Money(Decimal("19.90"), "EUR"),
        quantity=7,
        category="20696",
        condition="NEW",
        images=("https://img.example.test/tazza.jpg",),
        language="it-IT",
        brand="Ceramiche Rossi",
        mpn="CR-35",
        gtins=("2000000000015",),
        attributes={"Colore": ("Blu",)},
    )
    return replace(listing, **changes)


def make_account(**changes: Any) -> EbayAccount:
    """An account on EBAY_IT whose addresses belong to `make_http`."""
    fields: dict[str, Any] = {
        "app_id": "app",
        "api_secret": "the-client-secret",
        "refresh_token": "v^1.1#refresh-token",
        "api_url": ORIGIN,
        "token_url": f"{ORIGIN}/token",
        "fulfillment_policy_id": "101",
        "payment_policy_id": "102",
        "return_policy_id": "103",
        "merchant_location_key": "warehouse",
    }
    return EbayAccount(**{**fields, **changes})
