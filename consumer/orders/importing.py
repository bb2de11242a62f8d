"""One walk over what changed in an account: stored page by page, and only then the position behind it.

Whoever dies in between walks again from the old position: what is stored already is no news.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from adapters.orders import ExpiredCursorError, Order, OrderChannel
from consumer.errors import MarketsyncError

OVERLAP = timedelta(minutes=5)
"""So much of what was read is read again: channels list a change a little after its time."""

_BEGINNINGS = 3
_MOST_PAGES = 10_000


class EndlessWalkError(MarketsyncError):
    """The channel gives page after page and never the last one."""


class Shelf(Protocol):
    """Where orders are kept: `consumer.orders.store.OrderStore`. Methods raise PyMongoError, MarketsyncError."""

    async def take(self, account: str, order: Order, at: datetime) -> bool:
        """Store it; returns whether it was news."""

    async def position(self, account: str) -> datetime | None:
        """Up to when all changes are stored."""

    async def reached(self, account: str, until: datetime) -> None:
        """All changes up to then are stored."""


class Import:
    """One account's. account: its id. first: how far back the first walk begins. now: UTC.

    ask: waits until the limits allow one more page. book: keeps back what an order takes; called for every order that
    was stored, also when it is no news: it may have failed the last time.
    """

    def __init__(  # noqa: PLR0913  what it works with, each by its name
        self,
        account: str,
        channel: OrderChannel,
        shelf: Shelf,
        *,
        first: timedelta,
        now: Callable[[], datetime],
        ask: Callable[[], Awaitable[object]],
        book: Callable[[str, Order], Awaitable[object]],
    ) -> None:
        self._account = account
        self._channel = channel
        self._shelf = shelf
        self._first = first
        self._now = now
        self._ask = ask
        self._book = book

    async def walk(self) -> int:
        """To the end, or it fails. Returns how many orders were news.

        Raises AdapterError, EndlessWalkError, and what the shelf raises; then the position stays where it was.
        """
        known = await self._shelf.position(self._account)
        since = self._now() - self._first if known is None else known - OVERLAP
        for beginning in range(1, _BEGINNINGS + 1):
            try:
                news, until = await self._pages(since)
            except ExpiredCursorError:
                if beginning == _BEGINNINGS:
                    raise
                continue
            if until is not None:
                await self._shelf.reached(self._account, until)
            return news
        raise AssertionError("unreachable: the last beginning raises or returns")

    async def _pages(self, since: datetime) -> tuple[int, datetime | None]:
        news, cursor = 0, ""
        for _ in range(_MOST_PAGES):
            await self._ask()
            page = await self._channel.orders(since, cursor)
            for order in page.orders:
                news += await self._shelf.take(self._account, order, self._now())
                await self._book(self._account, order)
            if not page.next:
                return news, page.until
            cursor = page.next
        raise EndlessWalkError(
            f"account {self._account}: its orders go on behind {_MOST_PAGES} pages; is the channel's paging at fault?"
        )
