"""What a resync, a replay or a redrive asks of each listing, taken from the records that it sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from consumer import events
from consumer.control.item_book import ItemBook
from consumer.control.targets import State
from consumer.delivery.origin import texts
from consumer.events import Headers
from consumer.listings.state import ListingKey


class SentItems:
    """For one command on one channel. accounts: tenant -> those of its accounts that are not off."""

    def __init__(self, items: ItemBook, channel: str, accounts: Mapping[str, Sequence[str]]) -> None:
        self._items = items
        self._channel = channel
        self._accounts = accounts

    async def plan(self, states: Sequence[tuple[State, Headers]]) -> None:
        """Remember them. What is no event of a product is nobody's listing. Raises PyMongoError."""
        jobs: dict[str, list[tuple[ListingKey, events.Sequence]]] = {}
        for state, added in states:
            headers = texts([*state.headers, *added])
            jobs.setdefault(headers.get(events.JOB, ""), []).extend(self._wanted(state, headers))
        for job, wanted in jobs.items():
            await self._items.plan(job, wanted)

    def _wanted(self, state: State, headers: Mapping[str, str]) -> Iterator[tuple[ListingKey, events.Sequence]]:
        tenant, slash, code = (state.key or b"").decode("utf-8", "replace").partition("/")
        sequence = headers.get("ce_sequence")
        if not slash or not events.is_sequence(sequence):
            return
        only = headers.get(events.TARGET_ACCOUNT)
        for account in self._accounts.get(tenant, ()):
            if only in (None, account):
                yield ListingKey(self._channel, account, tenant, code), events.Sequence(str(sequence))
