"""Accounts and listings for tests of ManoMano."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from adapters.manomano import CarrierGrid, ManomanoAccount
from adapters.model import Listing, Money

GRID = CarrierGrid(name="Standard", shipping_time_min=2, shipping_time_max=5)


def make_manomano(**changes: Any) -> ManomanoAccount:
    """An account with one grid for everything."""
    given: dict[str, Any] = {"api_key": SecretStr("k"), "seller_contract_id": 110841, "carrier_grids": (GRID,)}
    return ManomanoAccount.model_validate({**given, **changes})


def make_mug(**changes: Any) -> Listing:
    """A listing that ManoMano takes."""
    listing = Listing(
        sku="A-1",
        title="Tazza",
        description="<p>Una tazza.</p>",
        price=Money(Decimal("19.90"), "EUR"),
        quantity=7,
        category="20696",
        condition="NEW",
        images=("https://img.example.test/1.jpg",),
        language="it-IT",
        brand="Rossi",
        gtins=("4006381333931",),
        weight=Decimal("0.35"),
    )
    return replace(listing, **changes)
