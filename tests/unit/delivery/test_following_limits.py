"""What a channel says of its limits while an account is at work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from prometheus_client import CollectorRegistry

from adapters.memory import MemoryAdapter
from adapters.rate_limits import Limit
from consumer.delivery.core import Core
from consumer.delivery.following import AccountReading, Follower, Hands
from consumer.delivery.intake import Intake, Sources
from consumer.delivery.sellers import Sellers
from consumer.delivery.work import AccountKey
from consumer.metrics.accounts import account_metrics
from consumer.metrics.capped import Making
from tests.unit.delivery.making import CHANNEL, SETTINGS, make_account

KEY = AccountKey("shop", "default")


class Stored:
    """One account that never changes, and whose records are taken in."""

    def __init__(self) -> None:
        self._reading = AccountReading(KEY, make_account())

    async def read(self) -> Sequence[AccountReading]:
        return [self._reading]

    async def only(self, accounts: Iterable[AccountKey]) -> None:
        assert set(accounts) == {KEY}


async def test_a_limit_that_changes_counts_with_the_next_look_and_no_sooner() -> None:
    adapter, stored = MemoryAdapter(limits=[Limit("calls", 5, 1.0)]), Stored()
    core = Core(replace(SETTINGS, linger=0.0), {}, lambda: 0.5)
    intake = Intake(CHANNEL, (), Sources(frozenset(), lambda _: None))
    hands = Hands(stored, stored, lambda _: adapter, "here")
    metrics = account_metrics(Making(CollectorRegistry()))
    follower = Follower(CHANNEL, core, intake, Sellers(), hands, lambda: None, lambda: 0.0, metrics)
    assert await follower.look()
    adapter.limits = (Limit("calls", 12, 1.0),)
    assert [figure.left for figure in core.quotas.figures()] == [5]
    changed_at = core.roster.changed_at
    assert await follower.look()
    core.quotas.room(KEY, 0.0, "create", 1, urgent=True)
    lease = core.quotas.to_lease(0.0)
    assert lease is not None
    assert [ask.quota.limit.amount for ask in lease.asks] == [12]
    assert core.roster.changed_at == changed_at, "nothing is planned again"
