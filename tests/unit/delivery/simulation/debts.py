"""Marks of owed listings in the simulated store; `consumer.listings.debts.DebtStore` and `gone.GoneStore` say how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from consumer.events import Sequence as EventSequence
from consumer.listings.debts import Claim, Debt, Found, Payment
from consumer.listings.gone import GapCounts
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import ListingKey, ListingState, Status
from tests.unit.delivery.making import START
from tests.unit.delivery.simulation.servers import Store

_NEVER = EventSequence("")


class DebtsInMemory:
    """The marks. partition_of: of a product. marked: told when a mark is due, seconds since 1970.

    held: told of a listing that a brake holds.
    """

    def __init__(
        self,
        store: Store,
        partition_of: Callable[[str], int],
        marked: Callable[[float], None],
        held: Callable[[str], None],
    ) -> None:
        self._held = held
        self._store = store
        self._partition_of = partition_of
        self._marked = marked
        self._stamps = count()

    def nothing(self) -> bool:
        """Whether no listing is owed at all."""
        return all(state.owed is None for state in self._store.states.values())

    async def mark(self, debts: Iterable[Debt], at: datetime) -> None:
        marks = list(debts)
        await self._store.ask(lambda: self._mark_all(marks, at))

    async def pay(self, payments: Iterable[Payment]) -> None:
        pairs = list(payments)
        await self._store.ask(lambda: self._pay(pairs))

    async def due(
        self, account: tuple[str, str, str], partitions: Iterable[int], at: datetime, most: int, *, urgent: int = -1
    ) -> list[Found]:
        numbers = set(partitions)
        if not self._due(account, numbers, at, urgent):
            return []  # at once: most looks find nothing
        found: list[Found] = await self._store.ask(lambda: self._due(account, numbers, at, urgent)[:most])
        return found

    async def claim(self, claims: Sequence[Claim]) -> set[str]:
        lost: set[str] = await self._store.ask(lambda: {str(c.found.key) for c in claims if not self._claim(c)})
        return lost

    async def mark_unseen(
        self, channel: str, tenant: str, partition: int, *, sequence: EventSequence, at: datetime, account: str
    ) -> int:
        return int(
            await self._store.ask(lambda: self._mark_unseen((channel, tenant, account), partition, sequence, at))
        )

    # ReplanStore

    async def mark_outdated(
        self, account: tuple[str, str, str], partitions: Iterable[int], rules: str, *, at: datetime, most: int
    ) -> int:
        numbers = set(partitions)
        return int(await self._store.ask(lambda: self._mark_outdated(account, numbers, rules, at)))

    # The brake after gaps: there are none here, so everything passes.

    async def counts(self, account: tuple[str, str, str], at: datetime) -> GapCounts:
        return GapCounts(looking=0, gone=0, passed=0, live=0)

    async def let_pass(self, account: tuple[str, str, str], *, count: int, at: datetime) -> None:
        await self._store.ask(lambda: self._allow(account, at))

    def zombie(self, listing: str) -> None:
        """A mark beside that of an uncertain state."""
        state = self._store.states[listing]
        now = datetime.fromtimestamp(START + self._store.now, UTC)
        self._mark(Debt(ListingKey.parse(listing), Cause.ZOMBIE, now, state.planned_sequence), now)

    def _mark_unseen(self, account: tuple[str, str, str], partition: int, sequence: EventSequence, at: datetime) -> int:
        unseen = [
            (key, state)
            for key, state in self._states_of(account)
            if self._partition_of(key.entity_code) == partition
            and state.planned_sequence < sequence
            and (state.maybe_live or state.intent is not None or state.submitted is not None)
        ]
        for key, state in unseen:
            self._mark(Debt(key, Cause.GAP, at, sequence), at)
            marked = self._store.states[state.id]
            if marked.owed is not None:
                self.keep(marked, replace(marked.owed, gap=max(marked.owed.gap or _NEVER, sequence)))
        return len(unseen)

    def _mark_outdated(self, account: tuple[str, str, str], numbers: set[int], rules: str, at: datetime) -> int:
        outdated = [
            (key, state)
            for key, state in self._states_of(account)
            if self._partition_of(key.entity_code) in numbers and state.planned_rules not in (rules, f"owed {rules}")
        ]
        for key, state in outdated:
            if state.owed is None:
                self._mark(Debt(key, Cause.RULES, at, _NEVER), at)
                marked = self._store.states[state.id]
                if marked.owed is not None:
                    shown = state.maybe_live or state.intent is not None or state.submitted is not None
                    self.keep(marked, replace(marked.owed, allowed=not shown))
            else:
                due = at if state.owed.claimed else state.owed.due
                self.keep(state, replace(state.owed, mark=self._stamp(), due=due, claimed=False))
            self._store.states[state.id] = replace(self._store.states[state.id], planned_rules=f"owed {rules}")
        return len(outdated)

    def _mark_all(self, debts: Iterable[Debt], at: datetime) -> None:
        for debt in debts:
            self._mark(debt, at)

    def _mark(self, debt: Debt, at: datetime) -> None:
        state = self._store.states.get(str(debt.key))
        if state is None:
            state = ListingState(str(debt.key), 0, _NEVER, Status.WAITING, at, at)
        known = state.owed
        late = max(filter(None, (known.late_until if known else None, debt.late_until)), default=None)
        owed = Owed(
            cause=debt.cause,
            since=known.since if known else at,
            due=debt.due,
            sequence=max(known.sequence if known else _NEVER, state.planned_sequence, debt.sequence),
            mark=self._stamp(),
            words=debt.words,
            attempts=debt.attempts,
            gap=known.gap if known else None,
            gone_since=known.gone_since if known else None,
            allowed=known.allowed if known else False,
            late_until=late,
            first_failure=debt.first_failure,
            suspect=debt.suspect,
            told=debt.told,
            brake=debt.brake or (known.brake if known else ""),
            leave=known.leave if known and not debt.brake else None,
            lane=min((lane for lane in (known.lane if known else None, debt.lane) if lane is not None), default=None),
        )
        if debt.beside and known is not None:
            owed = replace(
                owed,
                due=min(known.due, debt.due),
                attempts=known.attempts,
                first_failure=known.first_failure,
                suspect=known.suspect,
                told=known.told,
            )
        if debt.cause is Cause.HELD:
            self._held(str(debt.key))
        self.keep(state, owed)

    def _pay(self, payments: Iterable[Payment]) -> None:
        for paid in payments:
            state = self._store.states[paid.listing]
            if state.owed is not None and state.owed.mark == paid.mark and state.revision == paid.revision:
                self._store.states[paid.listing] = replace(state, owed=None, revision=state.revision + 1)

    def _due(self, account: tuple[str, str, str], numbers: set[int], at: datetime, urgent: int) -> list[Found]:
        found = [
            Found(key, self._partition_of(key.entity_code), owed, self._store.states[str(key)].group)
            for key, owed in self._of(account)
            if owed.due <= at and self._partition_of(key.entity_code) in numbers
            if urgent < 0 or (owed.lane is not None and owed.lane <= urgent)
        ]
        return sorted(found, key=lambda each: each.owed.due)

    def _claim(self, claim: Claim) -> bool:
        state = self._store.states[str(claim.found.key)]
        owed = state.owed
        if owed is None or owed.mark != claim.found.owed.mark:
            return False
        changes: dict[str, Any] = {"due": claim.due, "gone_since": claim.gone_since, "mark": self._stamp()}
        changes["claimed"] = claim.at_work
        if claim.met:
            changes["gap"] = None
        elif claim.gone_since is not None and owed.gap is None and owed.cause is not Cause.VARIANT:
            changes["gap"] = owed.sequence
        if claim.sequence is not None:
            changes["sequence"] = max(claim.sequence, owed.sequence)
        if claim.cause is not None:
            changes["cause"] = claim.cause
        self.keep(state, replace(owed, **changes))
        return True

    def take_over(self, partitions: Iterable[int], until: datetime, at: datetime) -> None:
        """What was at work in these partitions is due."""
        numbers = set(partitions)
        for listing, state in list(self._store.states.items()):
            owed, code = state.owed, ListingKey.parse(listing).entity_code
            if owed and owed.claimed and at < owed.due <= until and self._partition_of(code) in numbers:
                self.keep(state, replace(owed, due=at, claimed=False))

    def _allow(self, account: tuple[str, str, str], at: datetime) -> None:
        for key, owed in self._of(account):
            if owed.gap is not None and owed.gone_since is not None:
                self.keep(self._store.states[str(key)], replace(owed, allowed=True, due=at))

    def _of(self, account: tuple[str, str, str]) -> list[tuple[ListingKey, Owed]]:
        start = "/".join((account[0], account[2], account[1])) + "/"
        return [
            (ListingKey.parse(listing), state.owed)
            for listing, state in self._store.states.items()
            if state.owed is not None and listing.startswith(start)
        ]

    def _states_of(self, account: tuple[str, str, str]) -> list[tuple[ListingKey, ListingState]]:
        start = "/".join((account[0], account[2], account[1])) + "/"
        return [
            (ListingKey.parse(listing), state)
            for listing, state in self._store.states.items()
            if listing.startswith(start)
        ]

    def keep(self, state: ListingState, owed: Owed) -> None:
        """The listing is owed so."""
        self._store.states[state.id] = replace(state, owed=owed)
        self._marked((owed.due + timedelta(milliseconds=1)).timestamp() - START)

    def _stamp(self) -> str:
        return str(next(self._stamps))
