"""Three real processes, one quota, and a channel that counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit
from consumer.delivery.quotas.leases import Ask, Lease, Quota
from consumer.delivery.quotas.ledger import Grant, Want
from consumer.delivery.quotas.store import QuotaStore
from tests.integration.delivery.conftest import Line
from tests.integration.delivery.journal import Journal
from tests.integration.delivery.processes import Fleet, fleet_of
from tests.unit.delivery.making import make_event

REPLICAS = ("a", "b", "c")


@pytest_asyncio.fixture
async def fleet(line: Line, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet_of(line, Journal(), tmp_path) as fleet:
        yield fleet


def has_used_up(fleet: Fleet, replica: str) -> bool:
    """Whether a process holds nothing of the day's quota and gets nothing: its listings move away until tomorrow."""
    left = fleet.metric(replica, "marketsync_delivery_quota_left", quota="account/shop/default/day")
    moved = fleet.metric(replica, "marketsync_delivery_retries_total", reason="rate_limited", place="topic")
    return left == 0 and moved > 0


async def test_three_processes_keep_a_rate_and_a_days_quota_through_a_rebalance_and_a_kill(fleet: Fleet) -> None:
    fleet.limits = [
        {"name": "rate", "amount": 40, "period": 2, "reserve": 0},
        {"name": "day", "amount": 120, "period": DAY, "reserve": 0},
    ]
    await fleet.start_all(*REPLICAS)
    await fleet.line.publish(*(make_event(f"P-{n}", n) for n in range(1, 601)))
    await fleet.until(lambda: {arrival.process for arrival in fleet.journal.arrivals} == set(REPLICAS), 40)
    await fleet.kill("a")
    assert await fleet.stop("b") == 0
    fleet.start("a")
    fleet.start("b")
    # What a killed process held of the day is wasted, at most its slice; all else is used.
    used = 120 - 120 // 4
    await fleet.until(lambda: fleet.journal.calls >= used and any(has_used_up(fleet, r) for r in REPLICAS), 60)
    assert fleet.journal.most_sent_in(2) <= 40
    assert fleet.journal.calls <= 120


async def test_three_processes_use_a_days_quota_exactly(fleet: Fleet) -> None:
    fleet.limits = [{"name": "day", "amount": 100, "period": DAY, "reserve": 0}]
    await fleet.start_all(*REPLICAS)
    await fleet.line.publish(*(make_event(f"P-{n}", n) for n in range(1, 601)))
    await fleet.until(lambda: all(has_used_up(fleet, replica) for replica in REPLICAS), 60)
    assert fleet.journal.calls == 100
    assert len(fleet.journal.newest()) == 100


async def test_of_processes_that_lease_at_once_each_gets_its_own(line: Line) -> None:
    limits = [Limit("one", 50, 60), Limit("two", 1000, DAY, costs={Operation.CREATE: Cost(2)})]
    asks = tuple(Ask(Quota(f"memory/{limit.name}", limit), urgent=Want(1, 10)) for limit in limits)
    stores = [QuotaStore(line.quotas._collection) for _ in range(6)]
    found = await asyncio.gather(*(store.lease(Lease(asks, 0.0)) for store in stores))
    given = [answer["memory/one"].urgent.units for answer in found]
    assert sorted(given, reverse=True) == [10, 10, 7, 5, 4, 3]
    assert sum(answer["memory/two"].urgent.units for answer in found) == 60
    shown = {standing.key: standing for standing in await line.quotas.standings()}
    assert (shown["memory/one"].used, shown["memory/one"].amount, shown["memory/one"].pace) == (sum(given), 50, 1)
    back = [Grant(answer["memory/one"].at, answer["memory/one"].urgent.units) for answer in found]
    (last,) = (await line.quotas.lease(Lease((Ask(asks[0].quota, unused=tuple(back)),), 0.0))).values()
    assert (last.used, last.left) == (0, 50)
