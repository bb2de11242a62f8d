"""Kafka and the listing store of the simulation."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from consumer.events import ProductEvent
from consumer.events import Sequence as EventSequence
from consumer.kafka.records import Partition, Record
from consumer.listings.debts import Debt
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import Doubt, ListingKey, ListingState, Status
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
    """Listing states with compare-and-set; keeps `States` and `Marks` of `consumer.delivery.execution`.

    away, ambiguous: how often it does not answer, without and with the effect.
    """

    def __init__(self, rng: random.Random) -> None:
        self.states: dict[str, ListingState] = {}
        self.intended: dict[str, EventSequence] = {}
        # What is owed, beside the states as in MongoDB. Whoever should look for it is told.
        self.owed: dict[str, Owed] = {}
        self.on_owed: Callable[[], None] = lambda: None
        self.away = 0.0
        self.ambiguous = 0.0
        self._stamps = 0
        self._rng = rng

    async def load(self, ids: Collection[str]) -> Mapping[str, ListingState]:
        found: Mapping[str, ListingState] = await self._ask(lambda: self._load(ids))
        return found

    async def store_intents(self, states: Sequence[ListingState]) -> Collection[str]:
        return await self._ask(lambda: self._compare_and_set(states)) if states else set()

    async def store_outcomes(self, states: Sequence[ListingState]) -> Collection[str]:
        return await self._ask(lambda: self._compare_and_set(states)) if states else set()

    async def mark_uncertain(self, ids: Collection[str]) -> None:
        await self._ask(lambda: self._mark_uncertain(ids), sure=True)

    async def mark(self, debts: Iterable[Debt], at: datetime) -> None:
        known = list(debts)
        await self._ask(lambda: self._mark_all(known, at))

    async def pay(self, payments: Iterable[tuple[str, str]]) -> None:
        known = list(payments)
        await self._ask(lambda: self._pay(known))

    async def claim(self, events: Mapping[str, ProductEvent], due: datetime) -> None:
        """These are about to be sent: only states at least as new pay from now on, and no sweep meets them before."""
        await self._ask(lambda: self._renew(events, due))

    async def _ask(self, effect: Callable[[], Any], *, sure: bool = False) -> Any:
        def answer() -> Any:
            if not sure and self.away and self._rng.random() < self.away:
                raise PyMongoError("the store is away")
            result = effect()
            if not sure and self.ambiguous and self._rng.random() < self.ambiguous:
                raise PyMongoError("no answer came")
            return result

        return await Request(answer, self._rng.uniform(0.001, 0.1), self._rng.uniform(0.001, 0.1))

    def _load(self, ids: Collection[str]) -> Mapping[str, ListingState]:
        return {
            listing: replace(self.states[listing], owed=self.owed.get(listing))
            for listing in ids
            if listing in self.states
        }

    def _compare_and_set(self, states: Sequence[ListingState]) -> set[str]:
        lost = set()
        for state in states:
            known = self.states.get(state.id)
            if (known.revision if known else 0) != state.revision - 1:
                lost.add(state.id)
                continue
            self.states[state.id] = replace(state, owed=None)
            if state.intent is not None:
                self.intended[state.id] = max(self.intended.get(state.id, EventSequence("")), state.intent.sequence)
        return lost

    def _mark_uncertain(self, ids: Collection[str]) -> None:
        for listing in ids:
            state = self.states[listing]
            self.states[listing] = replace(
                state, doubt=Doubt.EXISTENCE, status=Status.WAITING, revision=state.revision + 1
            )
            at = state.updated_at
            self._mark(Debt(ListingKey.parse(listing), Cause.ZOMBIE, at, state.planned_sequence), at)

    def _mark(self, debt: Debt, at: datetime) -> None:
        listing = str(debt.key)
        if listing not in self.states:
            self.states[listing] = ListingState(listing, 0, EventSequence(""), Status.WAITING, at, at)
        known = self.owed.get(listing)
        newest = max(
            debt.sequence, self.states[listing].planned_sequence, known.sequence if known else EventSequence("")
        )
        late = [until for until in (debt.late_until, known.late_until if known else None) if until is not None]
        self.owed[listing] = Owed(
            debt.cause,
            known.since if known else at,
            debt.due,
            newest,
            self._stamp(),
            attempts=debt.attempts,
            first_failure=debt.first_failure,
            suspect=debt.suspect,
            late_until=max(late, default=None),
        )
        self.on_owed()

    def _mark_all(self, debts: Iterable[Debt], at: datetime) -> None:
        for debt in debts:
            self._mark(debt, at)

    def _renew(self, events: Mapping[str, ProductEvent], due: datetime) -> None:
        for listing, event in events.items():
            known = self.owed.get(listing)
            if known is not None:
                newest = max(known.sequence, event.sequence)
                self.owed[listing] = replace(known, mark=self._stamp(), sequence=newest, due=due)

    def _pay(self, payments: Iterable[tuple[str, str]]) -> None:
        for listing, mark in payments:
            known = self.owed.get(listing)
            if known is not None and known.mark == mark:
                del self.owed[listing]

    def _stamp(self) -> str:
        self._stamps += 1
        return str(self._stamps)
