"""Delivery's quotas against Amazon's buckets: the rate is used, and next to no call is too many. No I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from adapters.amazon.quotas import limits_of
from adapters.model import Operation
from adapters.sandbox.amazon import Seller
from adapters.sandbox.amazon.limits import OPERATIONS, Limits
from consumer.delivery.quotas.leases import answered, quotas_of
from consumer.delivery.quotas.ledger import Ledger
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.work import AccountKey
from tests.contract.amazon_channel import amazon_account

ACCOUNT = AccountKey("shop", "default")
SECONDS = 60
STEP = 0.02  # between two looks of the core, and what a question to MongoDB takes
SELLER = Seller()


@pytest.mark.parametrize(
    ("operation", "route", "fulfillment", "searches", "batch"),
    [
        (Operation.REVISE_OFFER, "patch", "merchant", 1, 1),
        (Operation.REVISE_OFFER, "patch", "mixed", 1, 20),
        (Operation.WITHDRAW, "delete", "merchant", 0, 1),
        (Operation.WITHDRAW, "delete", "merchant", 0, 20),
        (Operation.CREATE, "put", "merchant", 1, 20),
        (Operation.CREATE, "put", "mixed", 2, 20),
        (Operation.REVISE_CONTENT, "put", "amazon", 0, 1),
        (Operation.REVISE_CONTENT, "put", "mixed", 1, 20),
    ],
)
def test_the_rate_is_used_and_no_storm_follows(
    operation: Operation, route: str, fulfillment: str, searches: int, batch: int
) -> None:
    """At least 95 % of what Amazon permits is used, and less than 1 % of the calls are too many."""
    urgent = route != "put"
    now = [1_000.0]
    amazon = Limits(lambda: now[0])
    limits = limits_of(amazon_account("http://127.0.0.1", SELLER, fulfillment=fulfillment), {})
    quotas = Quotas({ACCOUNT: quotas_of("amazon", ACCOUNT, limits, "egress")})
    ledgers, answers = dict[str, Ledger](), list[tuple[str, str]]()

    def call(of: str, times: int, kinds: Sequence[str]) -> None:
        refusals = (amazon.refusal(of, SELLER.merchant_id, SELLER.client_id, kinds) for _ in range(times))
        answers.extend((of, refusal) for refusal in refusals)

    while now[0] < 1_000 + SECONDS:
        if room := quotas.room(ACCOUNT, now[0], operation, batch, urgent=urgent):
            quotas.spend(ACCOUNT, now[0], operation, room, urgent=urgent)
            call("search", searches * math.ceil(room / 20), ())
            call(route, room, (route,))
        if (lease := quotas.to_lease(now[0])) is not None:
            found = {}
            for ask in lease.asks:
                ledger = ledgers.get(ask.quota.key, Ledger())
                ledgers[ask.quota.key], found[ask.quota.key] = answered(ask, ledger, now[0])
            now[0] += STEP
            quotas.leased(lease, found, now[0])
        now[0] += STEP
    assert answers.count((route, "")) >= 0.95 * OPERATIONS[route].rate * SECONDS
    assert sum(refusal != "" for _, refusal in answers) < 0.01 * len(answers)
