"""ManoMano's own lists, kept for a day: the columns of the content feed and the categories that goods may stand in.

A download that breaks off or comes up short changes nothing: what was known stays. Asking costs requests of the hour's
budget, so a failed download is not tried again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from adapters.errors import AdapterError, ChannelUnavailableError
from adapters.manomano.client import ManomanoClient
from adapters.manomano.columns import Columns, read_columns, template

_FRESH = 86_400.0
_REST = 1_800.0
# A list that lost more than this share of what was known is taken for a broken download.
_LEAST_KEPT = 0.5


class Taxonomy:
    """clock: seconds, from any beginning. leaves: numbers of the categories that goods stand in; empty = not known."""

    def __init__(self, client: ManomanoClient, clock: Callable[[], float]) -> None:
        self.columns: Columns = template()
        self.leaves: frozenset[str] = frozenset()
        self._client = client
        self._clock = clock
        self._due = float("-inf")
        self._lock = asyncio.Lock()

    def is_fresh(self) -> bool:
        """Whether there is nothing to ask for now."""
        return self._clock() < self._due

    async def refresh(self) -> None:
        """Ask for what is not fresh. Never raises for what could not be had."""
        async with self._lock:
            if self.is_fresh():
                return
            self._due = self._clock() + _REST
            with suppress(AdapterError):
                await self._read_columns()
                await self._read_leaves()
                self._due = self._clock() + _FRESH

    async def _read_columns(self) -> None:
        fields: list[Mapping[str, Any]] = []
        number, pages, items = 0, 1, None
        while number < pages:
            number += 1
            page = await self._client.list_fields(number)
            fields += page.content
            pages, items = max(pages, page.pages), page.items
        found = read_columns(fields)
        short = items is not None and len(fields) < items
        if short or not found or (self.columns.live and len(found) < _LEAST_KEPT * len(self.columns)):
            raise ChannelUnavailableError(f"ManoMano's list of columns came up short: {len(fields)} of {items}")
        self.columns = found

    async def _read_leaves(self) -> None:
        leaves = frozenset(_leaves(await self._client.list_categories()))
        if len(leaves) < _LEAST_KEPT * len(self.leaves):
            raise ChannelUnavailableError("ManoMano's tree of categories came up short")
        self.leaves = leaves


def _leaves(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The numbers of all final nodes, at any depth."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        below = [child for child in node.get("children") or () if isinstance(child, Mapping)]
        if node.get("finalNode") or not below:
            yield str(node.get("id"))
        waiting += below
