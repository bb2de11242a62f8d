"""ManoMano's settings: what circulates wrongly is refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.manomano import PRODUCTION
from tests.unit.adapters.manomano_listings import make_manomano


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"api_url": "https://api.manomano.com/v1"}, f"api.manomano.com circulates.*{PRODUCTION}"),
        ({"api_url": "https://ws.monechelle.com/"}, "ended on 2025-03-31"),
        ({"api_url": f"{PRODUCTION}/api/v1"}, "without a path"),
        ({"seller_contract_id": "IT"}, "contract's number, not a market"),
        ({"carrier_grids": [{"name": "S", "shipping_time_min": 3, "shipping_time_max": 3}]}, "must be more than"),
        (
            {"carrier_grids": [{"name": "S", "shipping_time_min": 1, "shipping_time_max": 3, "carrier": "Brt"}]},
            "did you mean BRT",
        ),
        ({"thirdparty_name": "marketsync"}, "thirdparty_name"),
    ],
)
def test_what_cannot_work_is_told_with_its_cure(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make_manomano(**changes)


def test_the_real_host_is_the_default_and_a_market_decides_language_and_currency() -> None:
    account = make_manomano(seller_contract_id="110841", market="GB")
    assert (account.api_url, account.seller_contract_id) == (PRODUCTION, 110841)
    assert (account.locale, account.currency) == ("en_GB", "GBP")


def test_goods_go_by_the_grids_that_take_their_weight() -> None:
    grids = [
        {"name": "Parcel", "shipping_time_min": 1, "shipping_time_max": 3, "weight_max": "30"},
        {"name": "Pallet", "shipping_time_min": 5, "shipping_time_max": 9},
    ]
    account = make_manomano(carrier_grids=grids)
    assert [grid.name for grid in account.grids_for(Decimal(30))] == ["Parcel", "Pallet"]
    assert [grid.name for grid in account.grids_for(Decimal("30.1"))] == ["Pallet"]
