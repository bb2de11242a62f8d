"""The application's calls of the day: told with the account, and how long to wait once they are used up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.ebay.usage import allowances_in
from adapters.errors import RateLimitedError
from adapters.model import Operation
from adapters.sandbox.ebay import Rules
from tests.contract.channels import apply, created, ebay_channel


async def test_what_is_left_of_the_days_calls_is_told() -> None:
    async with ebay_channel(replies=True) as ebay:
        await created(ebay, ebay.listing("A-1"))
        lines = await ebay.adapter.standing()
        assert "inventory API: 1,999,997 of 2,000,000 calls of the application left" in lines[0]
        assert any(line.startswith("taxonomy API: 5,000 of 5,000") for line in lines)
        await ebay.adapter.standing()
        assert (await ebay.control("counts"))["routes"]["get_rate_limits"]["calls"] == 1


async def test_a_day_that_is_used_up_says_when_it_ends_and_is_asked_once() -> None:
    async with ebay_channel(rules=Rules(quotas={"inventory": ("sell", 3)}), replies=True) as ebay:
        await created(ebay, ebay.listing("A-1"))
        for _ in range(2):
            outcome = await apply(ebay, Operation.CREATE, ebay.listing("A-2"))
            assert isinstance(outcome.error, RateLimitedError)
            assert outcome.error.delay is not None
            assert 1 <= outcome.error.delay <= 24 * 3600
        assert (await ebay.control("counts"))["routes"]["get_rate_limits"]["calls"] == 1


async def test_too_many_in_a_moment_is_not_a_day_used_up() -> None:
    async with ebay_channel() as ebay:
        ebay.throttle(times=1, delay=None)
        outcome = await apply(ebay, Operation.CREATE, replace(ebay.listing("A-1"), quantity=1))
        assert isinstance(outcome.error, RateLimitedError)
        assert outcome.error.delay is None


async def test_a_question_that_fails_leaves_the_wait_unknown() -> None:
    async with ebay_channel() as ebay:
        ebay.switch_on({"kind": "status", "route": "get_rate_limits", "status": 500, "error_id": 105000})
        ebay.throttle(times=1, delay=None)
        outcome = await apply(ebay, Operation.CREATE, ebay.listing("A-1"))
        assert isinstance(outcome.error, RateLimitedError)
        assert outcome.error.delay is None


@pytest.mark.parametrize(
    "rate",
    [{}, {"limit": "n/a", "remaining": "n/a"}, {"limit": 0, "remaining": 0}, {"limit": 5, "remaining": None}],
)
def test_placeholders_are_no_figures(rate: dict[str, object]) -> None:
    body = {"rateLimits": [{"apiName": "Inventory", "resources": [{"name": "x", "rates": [rate]}]}]}
    assert allowances_in(body) == ()


def test_the_tightest_of_an_apis_resources_counts_whatever_its_spelling() -> None:
    rates = [{"limit": 10, "remaining": left, "reset": "2026-11-24T00:00:00.000Z"} for left in (7, 3)]
    body = {"rateLimits": [{"apiName": "Inventory", "resources": [{"rates": [rate]} for rate in rates]}, {}]}
    (one,) = allowances_in(body)
    assert (one.api, one.remaining, one.resets) == ("inventory", 3, 1795478400.0)
