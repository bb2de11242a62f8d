"""The accounts at work with their adapters. An adapter that was replaced is closed when its last call has ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import structlog

from adapters.base import Adapter
from consumer.delivery.planning import Seller
from consumer.delivery.work import AccountKey

_log = structlog.get_logger()


class Sellers(Mapping[AccountKey, Seller]):
    """Those there are. Only from the event loop."""

    def __init__(self, sellers: Iterable[Seller] = ()) -> None:
        self._sellers = {_key(seller): seller for seller in sellers}
        self._calls: Counter[int] = Counter()
        self._retired: dict[int, Adapter] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __getitem__(self, account: AccountKey) -> Seller:
        return self._sellers[account]

    def __iter__(self) -> Iterator[AccountKey]:
        return iter(self._sellers)

    def __len__(self) -> int:
        return len(self._sellers)

    def put(self, seller: Seller) -> None:
        """This is the account from now on. An adapter that it had before ends its calls, and is closed."""
        before = self._sellers.get(_key(seller))
        self._sellers[_key(seller)] = seller
        if before is not None and before.adapter is not seller.adapter:
            self._retire(before.adapter)

    def drop(self, account: AccountKey) -> None:
        """There is no such account any more."""
        seller = self._sellers.pop(account, None)
        if seller is not None:
            self._retire(seller.adapter)

    @contextmanager
    def in_use(self, account: AccountKey) -> Iterator[bool]:
        """While the block runs, the adapter that the account has now is not closed. False: there is no such account."""
        seller = self._sellers.get(account)
        if seller is None:
            yield False
            return
        adapter = seller.adapter
        self._calls[id(adapter)] += 1
        try:
            yield True
        finally:
            self._calls[id(adapter)] -= 1
            self._close_if_idle(id(adapter))

    async def close(self) -> None:
        """Close all adapters, whatever they do."""
        for account in list(self._sellers):
            self.drop(account)
        self._calls.clear()
        for known in list(self._retired):
            self._close_if_idle(known)
        await asyncio.gather(*self._closing)

    def _retire(self, adapter: Adapter) -> None:
        self._retired[id(adapter)] = adapter
        self._close_if_idle(id(adapter))

    def _close_if_idle(self, known: int) -> None:
        if self._calls[known] > 0:
            return
        del self._calls[known]
        adapter = self._retired.pop(known, None)
        if adapter is not None:
            task = asyncio.get_running_loop().create_task(_close(adapter))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _close(adapter: Adapter) -> None:
    try:
        await adapter.close()
    except Exception:  # nobody can do anything about it, and the account goes on with another one
        _log.exception("an adapter cannot be closed")


def _key(seller: Seller) -> AccountKey:
    return AccountKey(seller.account.tenant, seller.account.name)
