"""What categories ask for, kept for a day: eBay lets an application ask a few thousand times a day for all its sellers.

The tree's version is asked for once in that time; what is known of categories lasts as long as the version does, so a
day on which eBay changed nothing costs one call. What could not be fetched is not asked for again for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from adapters.ebay.catalogue import FILTER_MOST, Catalogue, Tree
from adapters.ebay.requirements import Requirements, printed
from adapters.errors import AdapterError, PermanentError, TemporaryError
from adapters.model import CategorySuggestion

_FRESH = 24 * 3600.0  # seconds between two questions for the tree's version
_PAUSE = 600.0  # seconds without a question after one that failed
_NOT_A_LEAF = frozenset({"62005", "62008", "62009"})  # not in the tree, its root, one with others below it


class Learning:
    """Requirements by category, for one marketplace. clock: monotonic seconds. parallel: questions at once."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], float], *, parallel: int = 4) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._parallel = parallel
        self._tree: Tree | None = None
        self._asked = -_FRESH
        self._paused_until = float("-inf")
        self._known: dict[str, Requirements] = {}
        self._suggested: dict[str, list[CategorySuggestion]] = {}
        self._lock = asyncio.Lock()

    def of(self, category: str | None) -> Requirements | None:
        """What is known of a category; None = nothing."""
        return self._known.get(category or "")

    def needs(self, category: str | None) -> bool:
        """Whether `learn` would ask for this category now."""
        if not is_category(category) or self._clock() < self._paused_until:
            return False
        return category not in self._known or not self._is_fresh()

    async def learn(self, categories: Iterable[str | None]) -> None:
        """Know what these categories ask for, as far as eBay says it now. Never raises for what it does not say."""
        wanted = list(categories)
        if not any(self.needs(category) for category in wanted):
            return
        async with self._lock:
            try:
                tree = await self._renewed_tree()
                missing = {one for one in wanted if one is not None and self.needs(one)}
                await self._fetch(tree, sorted(missing))
            except AdapterError as error:
                delay = error.delay if isinstance(error, TemporaryError) else None
                self._paused_until = self._clock() + max(delay or 0.0, _PAUSE)

    async def suggest(self, words: str) -> list[CategorySuggestion]:
        """Categories that may fit these words, the best first; asked once. Raises AdapterError."""
        async with self._lock:
            tree = await self._renewed_tree()
            if words not in self._suggested:
                self._suggested[words] = await self._catalogue.suggestions(tree, words)
            return self._suggested[words]

    def _is_fresh(self) -> bool:
        return self._tree is not None and self._clock() - self._asked < _FRESH

    async def _renewed_tree(self) -> Tree:
        if self._tree is not None and self._is_fresh():
            return self._tree
        tree = await self._catalogue.tree()
        self._asked = self._clock()
        if tree != self._tree:
            self._known.clear()
            self._suggested.clear()
        self._tree = tree
        return tree

    async def _fetch(self, tree: Tree, categories: Sequence[str]) -> None:
        """Some categories at a time, so that what is known already stays when a later question fails."""
        for start in range(0, len(categories), FILTER_MOST):
            some = categories[start : start + FILTER_MOST]
            gate = asyncio.Semaphore(self._parallel)
            found = await asyncio.gather(*(self._of_category(tree, one, gate) for one in some), return_exceptions=True)
            leaves = [
                one for one, asked in zip(some, found, strict=True) if isinstance(asked, Requirements) and asked.leaf
            ]
            conditions = await self._catalogue.conditions(leaves) if leaves else {}
            variations = await self._catalogue.variations(leaves) if leaves else {}
            failure: BaseException | None = None
            for category, asked in zip(some, found, strict=True):
                if isinstance(asked, BaseException):
                    failure = asked
                    continue
                whole = replace(
                    asked, conditions=conditions.get(category, frozenset()), variations=variations.get(category)
                )
                self._known[category] = replace(whole, print=printed(whole))
            if failure is not None:
                raise failure

    async def _of_category(self, tree: Tree, category: str, gate: asyncio.Semaphore) -> Requirements:
        async with gate:
            try:
                return Requirements(aspects=await self._catalogue.aspects(tree, category))
            except PermanentError as error:
                if error.code not in _NOT_A_LEAF:
                    raise
                return Requirements(leaf=False)


def is_category(category: str | None) -> bool:
    """Whether this can be a category id at all."""
    return bool(category) and category is not None and category.isascii() and category.isdigit()
