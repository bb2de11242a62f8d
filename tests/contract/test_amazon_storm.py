"""A seeded storm of faults over Amazon's adapter, and its rates: what the limits of the adapter say is what Amazon
takes, neither much less nor more."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from adapters.errors import RateLimitedError
from adapters.model import Command, Listing, Operation
from adapters.registry import make_adapter
from adapters.sandbox.amazon import AT_ONCE, ITALY, Seller, serve
from adapters.sandbox.amazon.limits import OPERATIONS
from adapters.sandbox.amazon.shop import Shop
from tests.contract import storm
from tests.contract.amazon_calls import helmet
from tests.contract.amazon_channel import AmazonChannel, amazon_account
from tests.contract.channels import assert_shows

FAULTS = (
    {"kind": "lost_answer", "rate": 0.15},
    {"kind": "lost_request", "rate": 0.1},
    {"kind": "status", "rate": 0.1},
    {"kind": "rate_limited", "rate": 0.05},
    {"kind": "token_expired", "rate": 0.05, "count": None},
)
SKUS = tuple(f"S/{number}" for number in range(8))
ROUNDS = 10
SECONDS = 30


@pytest.mark.parametrize("seed", range(3))
async def test_the_last_state_that_went_through_is_shown_once(amazon: AmazonChannel, seed: int) -> None:
    for number, fault in enumerate(FAULTS):
        amazon.switch_on({**fault, "seed": seed * 10 + number})
    seller = storm.Seller(amazon, SKUS, Random(seed))
    for _ in range(ROUNDS):
        await seller.round()
    assert seller.failures > 20, "there was no storm"
    amazon.mend()
    for sku, listing in seller.shown.items():
        if listing is None:
            assert await amazon.listings(sku) == []
        else:
            await assert_shows(amazon, listing)


@pytest.mark.parametrize(
    ("operation", "limit", "route"),
    [
        (Operation.REVISE_OFFER, "patchListingsItem", "patch"),
        (Operation.CREATE, "putListingsItem", "put"),
        (Operation.WITHDRAW, "deleteListingsItem", "delete"),
    ],
)
async def test_who_keeps_to_the_adapters_limits_uses_the_rate_and_meets_no_storm(
    operation: Operation, limit: str, route: str
) -> None:
    """At least 95 % of what Amazon permits is used, and less than 1 % of the calls are too many."""
    now = [1_000_000.0]
    async with serve([Seller()], AT_ONCE, source=lambda: now[0]) as serving:
        adapter = make_adapter("amazon", amazon_account(serving.url, Seller(), fulfillment="merchant"))
        channel = AmazonChannel(adapter, serving)
        shop = serving.sandbox.shops["seller"]
        await adapter.learn([channel.listing("A-0")])
        (allowed,) = [one for one in adapter.limits if one.name == limit]
        listings = [channel.listing(f"A-{number}") for number in range(int(SECONDS * allowed.amount))]
        if operation is not Operation.CREATE:
            _stock_the_shop(shop, listings)
        refused = 0
        try:
            while listings:
                batch, listings = listings[: allowed.amount], listings[allowed.amount :]
                commands = [_command(operation, one) for one in batch]
                outcomes = await adapter.apply(commands)
                refused += sum(isinstance(outcome.error, RateLimitedError) for outcome in outcomes)
                assert not [o.error for o in outcomes if o.error and not isinstance(o.error, RateLimitedError)]
                now[0] += allowed.period
        finally:
            await adapter.close()
        counted = (await channel.control("counts"))["routes"][route]
    permitted = OPERATIONS[route].rate * SECONDS
    assert counted["statuses"]["200"] >= 0.95 * permitted
    assert refused + counted["statuses"].get("429", 0) < 0.01 * counted["calls"]


async def test_twice_the_rate_is_refused_half_of_the_time() -> None:
    """The other side of the one above: the stand-in does count."""
    now = [1_000_000.0]
    async with serve([Seller()], AT_ONCE, source=lambda: now[0]) as serving:
        adapter = make_adapter("amazon", amazon_account(serving.url, Seller(), fulfillment="merchant"))
        channel = AmazonChannel(adapter, serving)
        commands = [Command(Operation.WITHDRAW, f"A-{number}", None) for number in range(10)]
        refused = 0
        for _ in range(4):
            outcomes = await adapter.apply(commands)
            refused += sum(isinstance(outcome.error, RateLimitedError) for outcome in outcomes)
            now[0] += 1
        await adapter.close()
        assert (await channel.control("counts"))["routes"]["search"]["statuses"].get("429", 0) + refused >= 20


def _stock_the_shop(shop: Shop, listings: list[Listing]) -> None:
    """Listings that are there from the start."""
    for one in listings:
        shop.submit(one.sku, ITALY, helmet(), "HELMET", "LISTING")


def _command(operation: Operation, listing: Listing) -> Command:
    wanted = None if operation is Operation.WITHDRAW else replace(listing, quantity=3)
    return Command(operation, listing.sku, wanted, {"fulfillment": "DEFAULT"})
