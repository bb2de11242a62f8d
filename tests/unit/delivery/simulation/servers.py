"""Kafka and the listing store of the simulation."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from consumer.events import Sequence as EventSequence
from consumer.kafka.records import Partition, Record
from consumer.listings.state import Doubt, ListingState, Status
from consumer.mongo import PyMongoError
from tests.unit.delivery.making import START
from tests.unit.delivery.simulation.engine import Clock, Request


class Kafka:
    """Topics as lists, and committed offsets. away_until: nothing is read, written or committed before."""

    def __init__(self, clock: Clock) -> None:
        self.logs: dict[Partition, list[Record]] = defaultdict(list)
        self.committed: dict[Partition, int] = defaultdict(int)
        self.away_until = 0.0
        self._clock = clock

    @property
    def away(self) -> bool:
        """Whether no broker answers."""
        return self._clock.now < self.away_until

    def append(self, record: Record, topic: str, partition: int) -> Record:
        """Write; returns the record as it stands in the log."""
        log = self.logs[Partition(topic, partition)]
        written = replace(record, topic=topic, partition=partition, offset=len(log), timestamp=START + self._clock.now)
        log.append(written)
        return written


class Store:
    """Listing states with compare-and-set; keeps `consumer.delivery.keeping.States`.

    away, ambiguous: how often it does not answer, without and with the effect. zombie: marks what is uncertain as owed.
    tickets: "listing ticket" of everything that was ever stored as being with the channel. taken: told of more.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.states: dict[str, ListingState] = {}
        self.intended: dict[str, EventSequence] = {}
        self.tickets: set[str] = set()
        self.away = 0.0
        self.ambiguous = 0.0
        self.zombie: Callable[[str], None] = lambda _listing: None
        self.taken: Callable[[], None] = lambda: None
        self._clock = clock
        self._rng = rng

    @property
    def now(self) -> float:
        """Simulated time."""
        return self._clock.now

    async def load(self, ids: Collection[str]) -> Mapping[str, ListingState]:
        found: Mapping[str, ListingState] = await self.ask(lambda: self._load(ids))
        return found

    async def store_intents(self, states: Sequence[ListingState]) -> Collection[str]:
        return await self.ask(lambda: self._compare_and_set(states)) if states else set()

    async def store_outcomes(self, states: Sequence[ListingState]) -> Collection[str]:
        return await self.ask(lambda: self._compare_and_set(states)) if states else set()

    async def mark_uncertain(self, ids: Collection[str]) -> None:
        await self.ask(lambda: self._mark_uncertain(ids), sure=True)

    async def ask(self, effect: Callable[[], Any], *, sure: bool = False) -> Any:
        """One round trip. sure: it is repeated until it is answered. Raises PyMongoError."""

        def answer() -> Any:
            if not sure and self.away and self._rng.random() < self.away:
                raise PyMongoError("the store is away")
            result = effect()
            if not sure and self.ambiguous and self._rng.random() < self.ambiguous:
                raise PyMongoError("no answer came")
            return result

        return await Request(answer, self._rng.uniform(0.001, 0.1), self._rng.uniform(0.001, 0.1))

    def _load(self, ids: Collection[str]) -> Mapping[str, ListingState]:
        return {listing: self.states[listing] for listing in ids if listing in self.states}

    def _compare_and_set(self, states: Sequence[ListingState]) -> set[str]:
        lost = set()
        for state in states:
            known = self.states.get(state.id)
            if (known.revision if known else 0) != state.revision - 1:
                lost.add(state.id)
                continue
            self.states[state.id] = replace(state, owed=known.owed if known else None)
            if state.submitted is not None:
                self.tickets.add(f"{state.id} {state.submitted.ticket}")
                self.taken()
            if state.intent is not None:
                self.intended[state.id] = max(self.intended.get(state.id, EventSequence("")), state.intent.sequence)
        return lost

    def _mark_uncertain(self, ids: Collection[str]) -> None:
        for listing in ids:
            state = self.states[listing]
            self.states[listing] = replace(
                state, doubt=Doubt.EXISTENCE, status=Status.WAITING, revision=state.revision + 1
            )
            self.zombie(listing)
