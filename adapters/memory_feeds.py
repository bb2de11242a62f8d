"""Items of a feed in this process: for trying a feed channel without a database, for tests and for scripts."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.errors import AdapterError
from adapters.feeds import FeedFormat, FeedItem, Published, StoredItem


class MemoryFeedItems:
    """Keeps `adapters.feeds.FeedItems`. faults: the next calls fail with these. writes: records that were written.

    lost: how many of the next writes are done although the answer says it is unknown.
    """

    def __init__(self) -> None:
        self.items: dict[str, StoredItem] = {}
        self.faults: deque[AdapterError] = deque()
        self.lost: deque[AdapterError] = deque()
        self.writes = 0

    async def put(self, items: Sequence[FeedItem]) -> Mapping[str, str]:
        """Keep these, unless another listing has their key."""
        if not items:
            return {}
        self._fail()
        refused = {}
        for item in items:
            known = self.items.get(item.key)
            if known is not None and not known.gone and known.item.listing != item.listing:
                refused[item.key] = known.item.sku
                continue
            self.writes += 1
            self.items[item.key] = StoredItem(item, before=_in_file(known))
        self._lose()
        return refused

    async def remove(self, keys: Sequence[str]) -> None:
        """Withdraw these."""
        if not keys:
            return
        self._fail()
        for key in keys:
            self.writes += 1
            known = self.items.get(key)
            if known is not None and not known.gone:
                self.items[key] = StoredItem(known.item, gone=True, before=_in_file(known))
        self._lose()

    async def read(self, listings: Sequence[str]) -> Sequence[StoredItem]:
        """All items of these listings."""
        self._fail()
        return [stored for stored in self.items.values() if stored.item.listing in listings]

    async def page(self, after: str, size: int) -> Sequence[StoredItem]:
        """All items of the next listings."""
        self._fail()
        names = sorted({stored.item.listing for stored in self.items.values() if stored.item.listing > after})[:size]
        return sorted(await self.read(names), key=lambda stored: (stored.item.listing, stored.item.key))

    def publish(self, format: FeedFormat) -> bytes:  # noqa: A002  the word of feeds
        """The file with all items, which buyers see from now on."""
        there = [stored.item for _, stored in sorted(self.items.items()) if not stored.gone]
        writer = format.writer(sorted({column for item in there for column in item.columns}))
        self.items = {key: replace(one, in_file=True, before=None) for key, one in self.items.items()}
        return writer.header + b"".join(writer.item(item.body) for item in there) + writer.footer

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.popleft()

    def _lose(self) -> None:
        if self.lost:
            raise self.lost.popleft()


def _in_file(known: StoredItem | None) -> Published | None:
    if known is None:
        return None
    if known.in_file:
        item = known.item
        return None if known.gone else Published(item.title, item.price, item.quantity)
    return known.before
