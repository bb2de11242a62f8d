"""Pollers come and go with their accounts, and one that fails goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from consumer.errors import MarketsyncError
from consumer.orders.keeping import OrderKeeper, Poller


class Walks:
    def __init__(self, failures: int = 0) -> None:
        self.walked = 0
        self.news: list[int] = []
        self.closed = asyncio.Event()
        self.once = asyncio.Event()
        self.twice = asyncio.Event()
        self._failures = failures

    async def walk(self) -> int:
        self.walked += 1
        self.once.set()
        if self.walked >= 2:
            self.twice.set()
        if self.walked <= self._failures:
            raise MarketsyncError("the store is away")
        return 0

    def ended(self, news: int) -> None:
        self.news.append(news)

    async def close(self) -> None:
        self.closed.set()


async def test_a_hint_makes_the_next_walk_come_at_once_also_after_a_failure() -> None:
    walks = Walks(failures=1)
    poller = Poller("acme/ebay/main", walks, 3600, walks.ended, walks.close)
    task = asyncio.create_task(poller.run())
    await asyncio.wait_for(walks.once.wait(), 5)
    poller.hint.set()
    await asyncio.wait_for(walks.twice.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert walks.closed.is_set()
    assert walks.news == [0], "a walk that failed has not come to its end"


async def test_who_leads_no_more_stops_all_pollers() -> None:
    walks = Walks()
    pollers = {"acme/ebay/main": Poller("acme/ebay/main", walks, 3600, walks.ended, walks.close)}

    async def of_accounts(known: Mapping[str, Poller]) -> Mapping[str, Poller]:
        return known or pollers

    async def publish() -> int:
        return 0

    keeper = OrderKeeper(lambda: not walks.walked, of_accounts, publish)
    await asyncio.wait_for(keeper.run(), 5)
    assert walks.walked == 1
    assert walks.closed.is_set()
