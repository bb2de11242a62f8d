"""A seeded storm of faults over eBay's adapter: whatever was cut, the last state that went through is what shows."""

from __future__ import annotations

from random import Random

import pytest

from tests.contract.channels import EbayChannel, assert_shows
from tests.contract.storm import Seller

FAULTS = (
    {"kind": "lost_answer", "rate": 0.15},
    {"kind": "lost_request", "rate": 0.1},
    {"kind": "status", "rate": 0.1},
    {"kind": "rate_limited", "rate": 0.05},
    {"kind": "token_expired", "rate": 0.05, "count": None},
)
SKUS = tuple(f"S/{number}" for number in range(8))
ROUNDS = 15


@pytest.mark.parametrize("seed", range(6))
async def test_the_last_state_that_went_through_is_shown_once(ebay: EbayChannel, seed: int) -> None:
    for number, fault in enumerate(FAULTS):
        ebay.switch_on({**fault, "seed": seed * 10 + number})
    seller = Seller(ebay, SKUS, Random(seed))
    for _ in range(ROUNDS):
        await seller.round()
    assert seller.failures > 20, "there was no storm"
    ebay.mend()
    for sku, listing in seller.shown.items():
        if listing is None:
            assert await ebay.listings(sku) == []
        else:
            await assert_shows(ebay, listing)
