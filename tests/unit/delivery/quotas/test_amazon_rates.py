"""Delivery's quotas against Amazon's buckets: the rate is used, and next to no call is too many. No I/O."""

from __future__ import annotations

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


@pytest.mark.parametrize(("operation", "route"), [(Operation.REVISE_OFFER, "patch"), (Operation.WITHDRAW, "delete")])
@pytest.mark.parametrize("batch", [1, 20])
def test_the_rate_is_used_and_no_storm_follows(operation: Operation, route: str, batch: int) -> None:
    """At least 95 % of what Amazon permits is used, and less than 1 % of the calls are too many."""
    now, seller, ledgers = [1_000.0], Seller(), dict[str, Ledger]()
    amazon = Limits(lambda: now[0])
    limits = limits_of(amazon_account("http://127.0.0.1", seller, fulfillment="merchant"), {})
    quotas = Quotas({ACCOUNT: quotas_of("amazon", ACCOUNT, limits, "egress")})
    answers: list[str] = []
    while now[0] < 1_000 + SECONDS:
        if room := quotas.room(ACCOUNT, now[0], operation, batch, urgent=True):
            quotas.spend(ACCOUNT, now[0], operation, room, urgent=True)
            refusals = (amazon.refusal(route, seller.merchant_id, seller.client_id, (route,)) for _ in range(room))
            answers += refusals
        if (lease := quotas.to_lease(now[0])) is not None:
            found = {}
            for ask in lease.asks:
                ledger = ledgers.get(ask.quota.key, Ledger())
                ledgers[ask.quota.key], found[ask.quota.key] = answered(ask, ledger, now[0])
            now[0] += STEP
            quotas.leased(lease, found, now[0])
        now[0] += STEP
    taken = answers.count("")
    assert taken >= 0.95 * OPERATIONS[route].rate * SECONDS
    assert len(answers) - taken < 0.01 * len(answers)
