"""Questions leave the channel's limits to deliveries, and several processes together keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from adapters.errors import RateLimitedError
from adapters.model import Operation
from adapters.rate_limits import Cost, Limit, Scope
from consumer.control.reading_quota import ReadingQuota, questions_of
from consumer.delivery.quotas.leases import Ask, Lease, answered, quotas_of
from consumer.delivery.quotas.ledger import Ledger, Slice, Want
from consumer.delivery.work import AccountKey
from consumer.errors import UnavailableError
from tests.unit.listings.making import ACCOUNT

LIMIT = Limit("calls", 100, 60, reading=Cost(call=1))
KEY = AccountKey(ACCOUNT.tenant, ACCOUNT.name)


@dataclass
class Ledgers:
    """The ledgers of a MongoDB, with the time that everybody has. away: questions that it does not answer."""

    now: float = 1_700_000_000.0
    away: int = 0
    kept: dict[str, Ledger] = field(default_factory=dict)

    async def lease(self, lease: Lease) -> Mapping[str, Slice]:
        if self.away:
            self.away -= 1
            raise UnavailableError("MongoDB is away")
        return {ask.quota.key: self.ask(ask) for ask in lease.asks}

    def ask(self, ask: Ask) -> Slice:
        changed, found = answered(ask, self.kept.get(ask.quota.key, Ledger()), self.now)
        self.kept[ask.quota.key] = changed
        return found

    def deliver(self, units: int) -> int:
        """A delivery leases; returns how many it got."""
        (quota,) = quotas_of("memory", KEY, [LIMIT], "here")
        return self.ask(Ask(quota, urgent=Want(1, units))).urgent.units

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def quota(self, limit: Limit = LIMIT) -> ReadingQuota:
        account = replace(ACCOUNT, channel="memory")
        return ReadingQuota(account, [limit], self, egress="here", clock=lambda: self.now, sleep=self.sleep)


async def ask(quota: ReadingQuota, ledgers: Ledgers, *, seconds: float) -> int:
    """As many questions as are allowed in this time, each about one listing."""
    ends, done = ledgers.now + seconds, 0
    while True:
        await quota.take(1)
        if ledgers.now >= ends:
            return done
        done += 1


async def test_questions_use_a_quarter_of_a_limit_at_most_and_deliveries_find_the_rest() -> None:
    ledgers = Ledgers()
    assert await ask(ledgers.quota(), ledgers, seconds=30) <= 25
    got = 0
    while given := ledgers.deliver(75 - got):
        got += given
    assert got >= 74


async def test_processes_that_ask_at_once_keep_the_limit_together() -> None:
    ledgers = Ledgers()
    quotas = [ledgers.quota() for _ in range(3)]
    asked, begun = 0, ledgers.now
    while ledgers.now < begun + 30:
        for quota in quotas:
            await quota.take(1)
            asked += 1
    assert asked <= 25 + len(quotas)


async def test_while_deliveries_use_all_there_is_questions_wait() -> None:
    ledgers = Ledgers()
    while ledgers.deliver(100):
        pass
    begun = ledgers.now
    await ledgers.quota().take(1)
    assert ledgers.now - begun > 30


async def test_a_question_about_many_gets_as_many_as_there_is_room_for() -> None:
    ledgers = Ledgers()
    each = replace(LIMIT, amount=80, reading=Cost(call=1, listing=1))
    assert 1 <= await ledgers.quota(each).take(50) <= 19


async def test_what_is_not_counted_does_not_wait() -> None:
    ledgers = Ledgers()
    assert await ledgers.quota(replace(LIMIT, reading=None)).take(25) == 25
    assert ledgers.kept == {}


async def test_where_the_channel_refuses_all_processes_slow_down() -> None:
    ledgers = Ledgers()
    quota = ledgers.quota()
    await quota.take(1)
    quota.refused(RateLimitedError("slow down", delay=120))
    begun = ledgers.now
    await ledgers.quota().take(1)
    await quota.take(1)
    assert ledgers.now - begun >= 120


async def test_nothing_is_asked_while_it_cannot_be_counted() -> None:
    ledgers = Ledgers(away=3)
    begun = ledgers.now
    assert await ledgers.quota().take(1) == 1
    assert ledgers.now - begun >= 2


async def test_what_was_not_used_goes_back() -> None:
    ledgers = Ledgers()
    quota = ledgers.quota()
    await quota.take(20)
    await quota.give_back()
    (kept,) = ledgers.kept.values()
    assert sum(grant.units for grant in kept.grants) == 1


@pytest.mark.parametrize("limit", [LIMIT, Limit("few", 2, 3600, Scope.APPLICATION, "app", reading=Cost())])
def test_a_limit_for_questions_is_counted_under_the_same_name(limit: Limit) -> None:
    found = questions_of(limit)
    assert found is not None
    assert (found.name, found.amount, found.period, found.scope) == (
        limit.name,
        limit.amount,
        limit.period,
        limit.scope,
    )
    assert found.costs == dict.fromkeys(Operation, limit.reading)
