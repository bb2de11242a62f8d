"""People at work in the PIM while everything fails around them, and exactly what they wrote."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from consumer.mongo import Collection, Document, PyMongoError, UpdateOne
from tests.waiting import wait_until

_GIVE_UP = 180
PRODUCTS = 150


@dataclass
class Written:
    """What the PIM has confirmed. live: code -> number of its last write."""

    live: dict[str, int] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    updated: Counter[tuple[str, int]] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)

    @property
    def changes(self) -> int:
        return self.created.total() + self.updated.total() + self.deleted.total()


class Writer:
    """Writes products of its own, one change after the other.

    A write whose answer was lost is tried until it is seen to have happened, in a way in which it cannot happen twice.
    """

    def __init__(self, name: str, products: Collection[Document], seed: int) -> None:
        self.written = Written()
        self._name = name
        self._products = products
        self._dice = random.Random(seed)
        self._number = 0

    def work(self, stop: Event) -> None:
        """Until stopped: single writes, bursts, and moments of rest."""
        while not stop.is_set():
            draw = self._dice.random()
            live = self.written.live
            if len(live) < PRODUCTS or draw < 0.03:
                self._insert()
            elif draw < 0.06:
                self._delete(self._dice.choice(sorted(live)))
            elif draw < 0.07:
                for _ in range(self._dice.randrange(1, 10)):
                    self._burst()
            elif draw < 0.08:
                stop.wait(self._dice.uniform(0, 2))
            else:
                self._update(self._dice.choice(sorted(live)))
            stop.wait(self._dice.uniform(0, 0.02))

    def _insert(self) -> None:
        self._number += 1
        code = f"{self._name}-{self._number:05}"
        product = {"_id": code, "entity_code": code, "isCurrent": True, "write": 0, "text": "x" * 200}

        def attempt() -> bool:
            if self._products.find_one({"_id": code}) is None:
                self._products.insert_one(dict(product))
            return self._products.find_one({"_id": code}) is not None

        _until_done(attempt)
        self.written.live[code] = 0
        self.written.created[code] += 1

    def _update(self, code: str) -> None:
        before = self.written.live[code]

        def attempt() -> bool:
            self._products.update_one({"_id": code, "write": before}, {"$set": {"write": before + 1}})
            found = self._products.find_one({"_id": code}) or {}
            return bool(found.get("write") == before + 1)

        _until_done(attempt)
        self._updated(code)

    def _burst(self) -> None:
        """A hundred products at once."""
        codes = self._dice.sample(sorted(self.written.live), 100)
        changes: list[Any] = [
            UpdateOne({"_id": code, "write": self.written.live[code]}, {"$inc": {"write": 1}}) for code in codes
        ]
        try:
            if self._products.bulk_write(changes, ordered=False).modified_count == len(codes):
                for code in codes:
                    self._updated(code)
                return
        except PyMongoError:
            pass  # nobody knows which of them have happened: one by one, they are seen to
        for code in codes:
            self._update(code)

    def _delete(self, code: str) -> None:
        def attempt() -> bool:
            self._products.delete_one({"_id": code})
            return self._products.find_one({"_id": code}) is None

        _until_done(attempt)
        del self.written.live[code]
        self.written.deleted[code] += 1

    def _updated(self, code: str) -> None:
        self.written.live[code] += 1
        self.written.updated[code, self.written.live[code]] += 1


@contextmanager
def writing(products: Collection[Document], seed: int, *, writers: int = 3) -> Iterator[Written]:
    """Several people write during the block; afterwards the result holds all they wrote."""
    people = [Writer(f"W{number}", products, seed + number) for number in range(writers)]
    stop, everything, failures = Event(), Written(), list[BaseException]()

    def work(writer: Writer) -> None:
        try:
            writer.work(stop)
        except BaseException as failure:  # raised where the block ends
            failures.append(failure)

    threads = [Thread(target=work, args=(writer,)) for writer in people]
    for thread in threads:
        thread.start()
    try:
        yield everything
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    for writer in people:
        everything.live |= writer.written.live
        everything.created += writer.written.created
        everything.updated += writer.written.updated
        everything.deleted += writer.written.deleted


def _until_done(attempt: Callable[[], bool]) -> None:
    def tried() -> bool:
        try:
            return attempt()
        except PyMongoError:
            return False

    wait_until(tried, _GIVE_UP, "somebody can write to the PIM")
