"""What is checked after every step, and at the end: promises 1, 3, 4, 6 and 10 of delivery."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from consumer.delivery.commands import Call, Letter
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.events import ProductEvent, Sequence
from consumer.kafka.records import Partition, Record
from consumer.listings.owed import Owed
from consumer.listings.state import ListingKey, ListingState, Status
from tests.unit.delivery.making import START
from tests.unit.delivery.simulation.engine import BrokenPromiseError
from tests.unit.delivery.simulation.process import Process
from tests.unit.delivery.simulation.schedule import Step

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.world import World

MAX_WAITING = 10
# What one poll brings for two accounts before partitions rest: some records of each.
_SLACK = 30
# Seconds within which a healthy listing of a healthy account is delivered, whatever happens to others.
_HEALTHY = 40.0
_ENDS = (Status.LIVE, Status.WITHDRAWN, Status.UNLISTED)
_SEEN_BY_PEOPLE = (Status.REFUSED, Status.BLOCKED, Status.INVALID, Status.DEAD_LETTER)
_NEVER = Sequence("")


class Promises:
    """Raises BrokenPromiseError when one does not hold.

    newest: listing → the newest state of its product. late: listings on which a call landed after a newer one.
    disturbed: until when an account is held up by a fault; None = all of them. moody: accounts whose calls fail now
    and then, so that listings may be given up.
    """

    def __init__(self, world: World) -> None:
        self.newest: dict[str, ProductEvent] = {}
        self.late: set[str] = set()
        self.moody: set[AccountKey] = set()
        self.disturbed: dict[AccountKey | None, float] = defaultdict(float)
        self._world = world
        self._calls: list[float] = []
        self._dead: dict[str, Sequence] = {}
        self._landed: dict[str, Sequence] = {}
        # Which records carry states of a listing, and which listings' states a record carries.
        self._carriers: dict[str, list[tuple[Partition, int, Sequence]]] = defaultdict(list)
        self._carried: dict[tuple[Partition, int], list[tuple[str, Sequence]]] = defaultdict(list)

    def broken(self, promise: int, words: str) -> NoReturn:
        """Stop: a promise does not hold."""
        raise BrokenPromiseError(promise, f"at {self._world.clock.now:.3f} s: {words}")

    # 1: nothing lost

    def published(self, listing: str, event: ProductEvent, record: Record) -> None:
        """A state came up."""
        self.carries(listing, record, event.sequence)
        known = self.newest.get(listing)
        if known is None or known.sequence < event.sequence:
            self.newest[listing] = event
        self._world.clock.later(_HEALTHY, partial(self._check_prompt, listing, event.sequence, self._world.clock.now))

    def carries(self, listing: str, record: Record, sequence: Sequence) -> None:
        """This record brings this state of this listing."""
        self._carriers[listing].append((record.place, record.offset, sequence))
        self._carried[record.place, record.offset].append((listing, sequence))

    def committed(self, partition: Partition, position: int) -> None:
        """Offsets move: is every record that is passed accounted for?"""
        first = self._world.kafka.committed[partition]
        self._world.kafka.committed[partition] = position
        for offset in range(first, position):
            for listing, sequence in self._carried.get((partition, offset), ()):
                if not self._accounted(listing, sequence) and not self._passed_over(listing, partition, offset):
                    self.broken(1, f"{partition} {offset} was committed, {listing} owes {sequence}")

    def _accounted(self, listing: str, sequence: Sequence) -> bool:
        state = self._world.store.states.get(listing)
        if state is not None and state.planned_sequence >= sequence and self._settled(state):
            return True
        if state is not None and state.owed is not None and state.owed.sequence >= sequence:
            return True
        if self._dead.get(listing, _NEVER) >= sequence or self._below_floor(listing, sequence):
            return True
        committed = self._world.kafka.committed
        return any(
            carried >= sequence and offset >= committed[partition]
            for partition, offset, carried in self._carriers[listing]
        )

    def _below_floor(self, listing: str, sequence: Sequence) -> bool:
        """Whether a state may be dropped: the last whole reading of its account brought whatever is newer."""
        key = ListingKey.parse(listing)
        floor = self._world.floors.of(account_of(key), self._world.partition_of(key.entity_code))
        state = self._world.store.states.get(listing)
        return sequence < floor and (state is None or not state.maybe_live)

    def _passed_over(self, listing: str, partition: Partition, offset: int) -> bool:
        """Whether the record may be passed over: its account is off, or was read whole after it was written."""
        account = account_of(ListingKey.parse(listing))
        accounts = self._world.accounts
        if not accounts.followed[account].followed:
            return True
        written = self._world.kafka.logs[partition][offset].timestamp - START
        return written <= accounts.read_whole_at[account]

    def _all_passed_over(self, listing: str, sequence: Sequence) -> bool:
        carriers = [(place, offset) for place, offset, carried in self._carriers[listing] if carried == sequence]
        return all(self._passed_over(listing, place, offset) for place, offset in carriers)

    def _settled(self, state: ListingState) -> bool:
        return state.status is not Status.WAITING or state.owed is not None

    # 3: never backwards

    def call_starts(self, process: Process, call: Call) -> None:
        """A call is about to leave a process."""
        for send in call.sends:
            listing = str(send.work.key)
            intended = self._world.store.intended.get(listing, _NEVER)
            if send.work.sequence < intended and not self._zombie(process, send.work):
                self.broken(3, f"{listing}: a call with {send.work.sequence} starts after {intended} was intended")
            if self._undecided(call.account, send.sku, listing) and not self._zombie(process, send.work):
                self.broken(3, f"{listing}: a call starts while the channel has something of it that is undecided")
            if held_by := self._world.person.refuses(send):
                self.broken(7, f"{listing}: a call starts that is held by {held_by}")
        self._world.channels[call.account].landing = partial(self._lands, process, call)

    def _undecided(self, account: AccountKey, sku: str, listing: str) -> bool:
        """Whether the channel has something of it to do, which everybody could know."""
        tickets = self._world.channels[account].jobs.undecided(sku)
        return any(f"{listing} {ticket}" in self._world.store.tickets for ticket in tickets)

    def _lands(self, process: Process, call: Call) -> None:
        self._count(call.account)
        for send in call.sends:
            listing = str(send.work.key)
            if send.work.sequence < self._landed.get(listing, _NEVER):
                if not self._zombie(process, send.work):
                    self.broken(3, f"{listing}: {send.work.sequence} lands after {self._landed[listing]}")
                self.late.add(listing)
            self._landed[listing] = send.work.sequence

    def _zombie(self, process: Process, work: Work) -> bool:
        """Whether somebody else may work on it by now: its calls may come late, and have to be repaired."""
        return (
            not process.alive
            or self._world.group.owner(work.ticket.partition) is not process
            or not process.core.offsets.is_current(work.ticket)
        )

    # 6: one bad thing stays one

    def _check_prompt(self, listing: str, sequence: Sequence, since: float) -> None:
        key = ListingKey.parse(listing)
        account = account_of(key)
        spoiled = key.entity_code in self._world.channels[account].spoiled
        begin = max(since, self.disturbed[None], self.disturbed[account])
        if spoiled or self._world.schedule.flood or self._world.channels[account].limits:
            return
        if begin > since:
            again = partial(self._check_prompt, listing, sequence, begin)
            self._world.clock.later(max(0.0, begin + _HEALTHY - self._world.clock.now), again)
            return
        if self.newest[listing].product is None and self._all_passed_over(listing, sequence):
            return  # gone while its account was off: `check_end` asks whether it is shown
        if self._below_floor(listing, sequence):
            return  # the reading of its account brings what is newer, if there is anything
        state = self._world.store.states.get(listing)
        if state is not None and state.owed is not None and self._waits(state.owed):
            return  # it is looked at when it is due, and `check_end` asks
        # A newer one that is on its way at this moment has a check of its own.
        if (
            state is None
            or state.planned_sequence < sequence
            or (state.planned_sequence == sequence and not self._settled(state))
        ):
            self.broken(6, f"{listing} waits for {sequence} since {since:.1f} s although nothing is wrong with it")

    def _waits(self, owed: Owed) -> bool:
        """Whether a listing is not due, and nobody should have it at work: a claim of the dead ends with a new owner,
        unless it ends later than the owner's own clock believes."""
        clocks_differ = any(process.wall_error for process in self._world.group.everybody)
        # A claim that was stored and not answered is nobody's, and ends by its time.
        unanswered = any(step.arguments[0] == "ambiguous" for step in self._steps("store_fails"))
        waits = not owed.claimed or clocks_differ or unanswered
        return owed.due.timestamp() - START > self._world.clock.now and waits

    def _steps(self, name: str) -> Iterable[Step]:
        return (step for step in self._world.schedule.steps if step.name == name)

    def given_up(self, letter: Letter) -> None:
        """A dead letter is written: only for what is at fault itself."""
        work = letter.work
        if work is None:
            return
        self._dead[str(work.key)] = max(work.sequence, self._dead.get(str(work.key), _NEVER))
        account = account_of(work.key)
        spoiled = work.key.entity_code in self._world.channels[account].spoiled
        if not spoiled and account not in self.moody and letter.record.key not in self._world.bulky:
            self.broken(6, f"{work.key} is given up although nothing is wrong with it: {letter.dead}, {letter.error}")

    # Quotas: never exceeded

    def _count(self, account: AccountKey) -> None:
        now = self._world.clock.now
        for limit in self._world.channels[account].limits:
            self._calls.append(now)
            in_period = sum(at > now - limit.period for at in self._calls)
            if in_period > limit.amount:
                self.broken(10, f"{in_period} calls of {account} in {limit.period} s, {limit.amount} are allowed")

    # 10: bounded

    def check_bounds(self, process: Process) -> None:
        """Is what waits and what is in flight under its limit?"""
        core = process.core
        in_flight = most = 0
        for gate in core.gates.values():
            in_flight += gate.in_flight
            most += gate.most_in_flight
            if gate.calls > 2 or min(gate.calls, gate.calling, gate.queued, gate.preparing, gate.in_flight) < 0:
                self.broken(10, f"{gate.account}: {gate.calls} calls, {gate.in_flight} in flight")
        if core.slots.in_flight != in_flight:
            self.broken(10, "slots and gates disagree on what is in flight")
        if core.slots.waiting > MAX_WAITING + _SLACK + most:
            self.broken(10, f"{core.slots.waiting} listings wait")
        if len(core.flow.letters) > 500:
            self.broken(10, f"{len(core.flow.letters)} letters wait")

    # The end

    def check_end(self) -> None:
        """Everything is quiet: does every channel show the newest state, and has every process forgotten the rest?"""
        for process in self._world.group.processes:
            self._check_idle(process)
        for partition, log in self._world.kafka.logs.items():
            if partition.topic in self._world.topics and self._world.kafka.committed[partition] < len(log):
                self.broken(1, f"{partition} ends at {self._world.kafka.committed[partition]} of {len(log)}")
        for listing, event in self.newest.items():
            state = self._world.store.states.get(listing)
            if state is None or state.planned_sequence < event.sequence:
                passed_over = self._all_passed_over(listing, event.sequence)
                if event.product is None and (passed_over or self._below_floor(listing, event.sequence)):
                    self._check_shown(listing, event)  # gone while its account was off
                    continue
                self.broken(1, f"{listing} never saw {event.sequence}: {state}")
            elif state.status in _ENDS:
                self._check_shown(listing, event)
            elif state.status not in _SEEN_BY_PEOPLE and self._dead.get(listing, _NEVER) < event.sequence:
                self.broken(1, f"{listing} ends as {state.status}")
        self._check_undecodable()

    def _check_undecodable(self) -> None:
        undecodable = sum(
            ("marketsync-reason", b"undecodable") in letter.headers for letter in self._world.dead_letters
        )
        if undecodable < self._world.poison_records:
            self.broken(
                1, f"{self._world.poison_records} records could not be decoded, {undecodable} stand in dead letters"
            )

    def _check_idle(self, process: Process) -> None:
        core = process.core
        left = {
            "waiting": core.slots.waiting,
            "in flight": core.slots.in_flight,
            "letters": len(core.flow.letters),
            "unfinished records": core.offsets.unfinished,
            "held bytes": core.held.size,
            "in calls": sum(gate.calling + gate.queued + gate.preparing for gate in core.gates.values()),
        }
        if any(left.values()):
            self.broken(1, f"a quiet process keeps {left}")

    def _check_shown(self, listing: str, event: ProductEvent) -> None:
        key = ListingKey.parse(listing)
        shown = self._world.channels[account_of(key)].memory.listings.get(key.entity_code)
        product = event.product
        wanted = product is not None and product.get("status") == "published"
        problem = ""
        if (shown is not None and shown.live) != wanted:
            problem = f"{listing} is {'live' if not wanted else 'not live'} on the channel"
        elif wanted and product is not None and shown is not None:
            times = 1 + self._world.accounts.stored[account_of(key)].rules
            expected = (product["name"]["it"], times * product["pricing"]["retail"], product["quantity"])
            amount = shown.price.amount if shown.price else None
            if (shown.title, amount, shown.quantity) != expected:
                problem = f"{listing} shows {shown}, the PIM has {expected}"
        if problem:
            self.broken(4, problem)
