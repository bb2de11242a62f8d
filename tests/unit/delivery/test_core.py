"""One situation at a time; every schedule at once is the simulation's task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from adapters.errors import AuthenticationError, ChannelUnavailableError, RateLimitedError, TemporaryError
from consumer.delivery.batches import Send
from consumer.delivery.commands import (
    AccountHalted,
    AccountOpened,
    Answer,
    Call,
    CoreCommand,
    Finished,
    Letter,
    Note,
    Postponed,
    Prepare,
    Prepared,
    Probe,
    Produce,
    Release,
    Rest,
    Settled,
    Store,
    Stored,
    Superseded,
    TryAccount,
)
from consumer.delivery.core import Core
from consumer.delivery.lanes import Lane
from consumer.delivery.offsets import NO_OFFSET
from consumer.delivery.owing import Owe, Owing
from consumer.delivery.sweeps import Sweep
from consumer.delivery.unseen import MarkUnseen
from consumer.delivery.work import AccountKey, Work
from consumer.errors import UndecodableEventError
from consumer.kafka import RecordTooLargeError
from consumer.kafka.records import Partition
from consumer.listings.owed import Cause
from consumer.listings.state import ListingKey
from consumer.markers import SnapshotCause, SnapshotCompleted
from tests.unit.delivery.making import CHANNEL, SETTINGS, make_record, make_sequence

P = Partition("updated", 0)
DEFAULT = AccountKey("shop", "default")
OUTLET = AccountKey("shop", "outlet")
DOWN = ChannelUnavailableError("down")
BUSY = TemporaryError("somebody edits this listing")
DEAD = AuthenticationError("token revoked")

Kind = TypeVar("Kind", bound=CoreCommand)


class Desk:
    """A core with a hand on its clock. Commands are collected; `answer…` methods play the shell."""

    def __init__(self, batch_size: int = 2) -> None:
        self.core = Core(SETTINGS, {DEFAULT: batch_size, OUTLET: batch_size}, lambda: 0.5)
        self.now = 100.0
        self.commands: list[CoreCommand] = []
        self.notes: list[Note] = []
        self._offset = 0
        self.core.assigned([P, Partition("resync", 0), Partition("retry", 0)], self.now)
        self.tick()

    def arrive(self, code: str, number: int, *accounts: AccountKey, topic: str = "updated", due: float = 0.0) -> Work:
        """A record comes in; returns the work for the first account."""
        self._offset += 1
        record = make_record(topic=topic, offset=self._offset)
        ticket = self.core.ticket(record)
        assert ticket is not None
        lane = Lane.BACKGROUND if topic == "resync" else Lane.CONTENT
        works = [
            Work(ListingKey(CHANNEL, a.name, a.tenant, code), make_sequence(number), lane, record, ticket, due=due)
            for a in (accounts or (DEFAULT,))
        ]
        self.core.arrived(ticket, works, self.now)
        self.tick()
        return works[0]

    def tick(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.commands += self.core.tick(self.now)
        self.notes += self.core.notes.drain()

    def take(self, kind: type[Kind]) -> Kind:
        """The oldest command of this kind that was not taken."""
        found = next(command for command in self.commands if isinstance(command, kind))
        self.commands.remove(found)
        return found

    def given(self, kind: type[CoreCommand]) -> bool:
        return any(isinstance(command, kind) for command in self.commands)

    def prepare(self) -> Prepare:
        """Everything to be prepared becomes a command to send."""
        prepare = self.take(Prepare)
        sends = [Send(work, "create", work.key.entity_code, None) for work in prepare.works]
        self.core.prepared(prepare, Prepared(sends=sends), self.now)
        self.tick(SETTINGS.linger)
        return prepare

    def call(self, error: Exception | None = None, *, again: bool = False) -> Call:
        """The next call is answered, for all its listings alike."""
        call = self.take(Call)
        self.core.called(call, [Answer(send, None, error, again) for send in call.sends], self.now)
        self.tick()
        return call

    def store(self, *lost: str) -> Store:
        store = self.take(Store)
        self.core.stored(store, Stored(set(lost)), self.now)
        self.tick()
        return store

    def owe(self) -> Sequence[Owing]:
        owe = self.take(Owe)
        self.core.debts.owed(owe, self.now)
        self.tick()
        return owe.owings

    def sweep(self, code: str, number: int) -> Work:
        """The next sweep finds this state."""
        self.tick(2)
        sweep = self.take(Sweep)
        work = self.swept_work(sweep, code, number)
        self.core.debts.swept(sweep, [work], 1, self.now)
        self.tick()
        return work

    def swept_work(self, sweep: Sweep, code: str, number: int) -> Work:
        key = ListingKey(CHANNEL, DEFAULT.name, DEFAULT.tenant, code)
        record = make_record(topic="resync", offset=NO_OFFSET)
        return Work(key, make_sequence(number), Lane.BACKGROUND, record, sweep.tickets[0])

    def produce(self) -> Sequence[Letter]:
        produce = self.take(Produce)
        self.core.produced(produce, [None] * len(produce.letters), self.now)
        self.tick()
        return produce.letters

    def deliver(self, error: Exception | None = None) -> None:
        self.prepare()
        self.call(error)
        self.store()

    def committable(self) -> int | None:
        return self.core.offsets.committable().get(P)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_record_is_finished_when_its_outcome_is_stored(desk: Desk) -> None:
    work = desk.arrive("P-1", 1)
    desk.prepare()
    desk.call()
    assert desk.committable() is None
    desk.store()
    assert desk.committable() == 2
    assert desk.notes[-1] == Finished(work, "create", "accepted", send=Send(work, "create", "P-1", None))


def test_a_record_for_two_accounts_waits_for_both(desk: Desk) -> None:
    desk.arrive("P-1", 1, DEFAULT, OUTLET)
    desk.prepare()
    desk.call()
    desk.store()
    assert desk.committable() is None
    desk.call()
    desk.store()
    assert desk.committable() == 2


def test_a_state_without_a_call_is_finished_after_planning(desk: Desk) -> None:
    work = desk.arrive("P-1", 1)
    prepare = desk.take(Prepare)
    desk.core.prepared(prepare, Prepared(settled=[Settled(work, "unchanged", "as it is")]), desk.now)
    desk.tick()
    assert desk.committable() == 2
    assert desk.notes == [Finished(work, "none", "unchanged", "as it is")]


def test_newer_states_replace_waiting_ones_and_wait_for_the_one_in_flight(desk: Desk) -> None:
    first = desk.arrive("P-1", 1)
    second = desk.arrive("P-1", 2)
    third = desk.arrive("P-1", 3)
    assert desk.notes == [Superseded(second)]
    assert desk.prepare().works == (first,)
    assert not desk.given(Prepare)
    desk.call()
    desk.store()
    assert desk.take(Prepare).works == (third,)
    assert desk.committable() == 3


def test_a_passing_failure_waits_in_memory_and_holds_the_offset(desk: Desk) -> None:
    work = desk.arrive("P-1", 1)
    desk.deliver(DOWN)
    assert desk.committable() is None
    assert not desk.given(Prepare)
    assert desk.core.next_due(desk.now) == desk.now + 0.75
    failed_at = desk.now
    desk.tick(0.75)
    [again] = desk.take(Prepare).works
    assert (again.first_failure, again.ticket) == (failed_at, work.ticket)
    assert next(note for note in desk.notes if isinstance(note, Postponed)).place == "memory"


def test_a_newer_state_takes_over_the_backoff_of_the_failed_one(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.deliver(DOWN)
    newer = desk.arrive("P-1", 2)
    assert not desk.given(Prepare)
    desk.tick(0.75)
    assert [work.sequence for work in desk.take(Prepare).works] == [newer.sequence]


def test_a_long_wait_is_written_to_a_retry_topic_before_the_offset_moves(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.deliver(ChannelUnavailableError("maintenance", delay=7))
    assert desk.committable() is None
    [letter] = desk.produce()
    assert letter.retry is not None
    assert (letter.retry.tier, letter.dead) == (10, None)
    assert letter.work is not None
    assert letter.work.first_failure is not None
    assert desk.committable() == 2


def test_a_failed_state_is_not_written_away_when_a_newer_one_waits(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.prepare()
    desk.arrive("P-1", 2)
    desk.call(ChannelUnavailableError("maintenance", delay=7))
    desk.store()
    assert not desk.given(Produce)
    assert desk.committable() == 2
    assert desk.given(Prepare)


def test_the_last_attempt_becomes_a_dead_letter(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    for _ in range(SETTINGS.policy.attempts):
        desk.deliver(BUSY)
        desk.tick(60)
    [letter] = desk.produce()
    assert (letter.dead, letter.error) == ("exhausted", BUSY)
    assert letter.work is not None
    assert letter.work.attempts == 4
    assert desk.committable() == 2


def test_a_bug_in_planning_is_tried_again_and_hurts_nobody_else(desk: Desk) -> None:
    broken = desk.arrive("P-1", 1)
    desk.take(Prepare)
    desk.core.prepared(Prepare((broken,)), Prepared(failed=[(broken, KeyError("x"))]), desk.now)
    desk.arrive("P-2", 2)
    desk.deliver()
    assert desk.committable() is None
    desk.tick(0.5)
    assert desk.take(Prepare).works[0].attempts == 1


def test_an_undecodable_record_is_finished_when_its_letter_is_written(desk: Desk) -> None:
    record = make_record(offset=5)
    ticket = desk.core.ticket(record)
    assert ticket is not None
    desk.core.undecodable(ticket, record, UndecodableEventError("value", "is not JSON"), desk.now)
    desk.tick()
    assert desk.committable() is None
    [letter] = desk.produce()
    assert (letter.work, letter.dead, letter.record) == (None, "undecodable", record)
    assert desk.committable() == 6


def test_a_lost_race_before_the_call_is_planned_again_at_once(desk: Desk) -> None:
    work = desk.arrive("P-1", 1)
    prepare = desk.take(Prepare)
    desk.core.prepared(prepare, Prepared(lost=[work]), desk.now)
    desk.tick()
    assert [again.sequence for again in desk.take(Prepare).works] == [work.sequence]
    assert desk.committable() is None


def test_a_lost_race_after_the_call_is_planned_again_at_once(desk: Desk) -> None:
    work = desk.arrive("P-1", 1)
    desk.prepare()
    desk.call()
    desk.store(str(work.key))
    assert desk.committable() is None
    assert desk.take(Prepare).works[0].attempts == 0


def test_a_step_that_cleared_the_way_is_planned_again_and_burns_nothing(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.prepare()
    desk.call(again=True)
    desk.store()
    assert desk.committable() is None
    assert desk.take(Prepare).works[0].attempts == 0


def test_while_the_store_is_away_nothing_is_tried_and_nothing_is_lost(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.core.not_prepared(desk.take(Prepare), desk.now)
    desk.arrive("P-2", 2)
    assert not desk.given(Prepare)
    due = desk.core.next_due(desk.now)
    assert due == desk.now + 1
    assert desk.core.store_away
    desk.tick(1)
    assert len(desk.prepare().works) == 2
    assert not desk.core.store_away


def test_outcomes_that_could_not_be_stored_are_planned_again(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.prepare()
    desk.call()
    desk.core.not_stored(desk.take(Store), desk.now)
    desk.tick()
    assert desk.committable() is None
    desk.tick(1)
    assert desk.take(Prepare).works[0].attempts == 0


def test_letters_that_could_not_be_prepared_stay(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.deliver(ChannelUnavailableError("maintenance", delay=7))
    desk.core.not_produced(desk.take(Produce), desk.now)
    desk.tick()
    assert not desk.given(Produce)
    desk.tick(1)
    assert len(desk.produce()) == 1
    assert desk.committable() == 2


def test_a_halted_account_owes_its_listings_and_others_go_on(desk: Desk) -> None:
    desk.arrive("P-1", 1, OUTLET)
    desk.deliver(DEAD)
    assert desk.notes[0] == AccountHalted(OUTLET, DEAD, 1)
    [owing] = desk.owe()
    assert (owing.work.key.entity_code, owing.cause, owing.work.attempts) == ("P-1", Cause.HALTED, 0)
    desk.arrive("P-2", 2, OUTLET)
    assert [each.work.key.entity_code for each in desk.owe()] == ["P-2"]
    desk.arrive("P-3", 3, DEFAULT)
    desk.deliver()
    assert desk.committable() == 4


def test_commands_that_waited_for_a_call_are_owed_too_when_the_account_halts() -> None:
    desk = Desk(batch_size=1)
    for number in range(1, 5):
        desk.arrive(f"P-{number}", number)
    desk.prepare()
    while desk.given(Prepare):
        desk.prepare()
    desk.call(DEAD)
    desk.call()
    desk.store()
    desk.store()
    owed: list[Owing] = []
    while desk.given(Owe):
        owed += desk.owe()
    assert sorted(each.work.key.entity_code for each in owed) == ["P-1", "P-3", "P-4"]
    assert desk.committable() == 5


def test_an_offset_is_not_finished_before_the_mark_is_stored(desk: Desk) -> None:
    desk.core.debts.pause({DEFAULT: "stocktaking"})
    desk.arrive("P-1", 1)
    owe = desk.take(Owe)
    assert [owing.cause for owing in owe.owings] == [Cause.PAUSED]
    desk.core.debts.not_owed(owe, desk.now)
    desk.tick()
    assert desk.committable() is None
    desk.tick(20)
    desk.owe()
    assert desk.committable() == 2


def test_nothing_of_a_paused_account_starts_and_it_goes_on_afterwards(desk: Desk) -> None:
    desk.core.debts.pause({DEFAULT: "stocktaking"})
    desk.arrive("P-1", 1)
    assert not desk.given(Prepare)
    desk.owe()
    desk.core.debts.pause({})
    desk.arrive("P-2", 2)
    desk.deliver()
    assert not desk.given(Owe)
    assert desk.committable() == 3


def test_a_halted_account_is_tried_without_writing_and_then_with_one_call(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.deliver(DEAD)
    desk.owe()
    desk.tick(1)
    try_account = desk.take(TryAccount)
    assert try_account == TryAccount(DEFAULT)
    desk.core.debts.tried(try_account, DEAD, desk.now)
    desk.tick(1.9)
    assert not desk.given(TryAccount)
    desk.tick(0.2)
    desk.core.debts.tried(desk.take(TryAccount), None, desk.now)
    desk.tick()
    assert AccountOpened(DEFAULT) in desk.notes
    for number in range(2, 8):
        desk.arrive(f"P-{number}", number)
    assert len(desk.prepare().works) == 1
    assert not desk.given(Prepare) or len(desk.prepare().works) <= 1
    desk.call()
    assert not desk.core.gates[DEFAULT].closed_for(desk.now)


def test_sweeps_ask_for_open_accounts_only_and_for_partitions_that_are_ours(desk: Desk) -> None:
    desk.core.debts.pause({OUTLET: "stocktaking"})
    desk.core.debts.swept(desk.take(Sweep), [], 0, desk.now)
    desk.tick(2)
    sweep = desk.take(Sweep)
    assert set(sweep.most) == {DEFAULT}
    assert set(sweep.tickets) == {0}
    desk.tick(60)
    assert not desk.given(Sweep), "one at a time"
    desk.core.debts.swept(sweep, [], 0, desk.now)
    desk.tick(0.5)
    assert not desk.given(Sweep)
    desk.tick(0.6)
    desk.core.debts.swept(desk.take(Sweep), [], 7, desk.now)
    desk.tick()
    assert desk.given(Sweep), "there may be more"


def test_a_swept_state_goes_the_way_of_every_other_and_leaves_offsets_alone(desk: Desk) -> None:
    work = desk.sweep("P-1", 5)
    assert work.swept
    desk.deliver()
    assert desk.committable() is None
    assert [note.outcome for note in desk.notes if isinstance(note, Finished)] == ["accepted"]


def test_a_swept_state_that_has_to_wait_long_stays_owed(desk: Desk) -> None:
    desk.sweep("P-1", 5)
    desk.deliver(TemporaryError("maintenance", delay=30))
    assert not desk.given(Produce)
    [owing] = desk.owe()
    assert (owing.cause, owing.due - desk.now, owing.work.attempts) == (Cause.RETRY, 30, 1)


def test_nothing_swept_starts_for_a_partition_that_is_taken_away(desk: Desk) -> None:
    desk.tick(2)
    sweep = desk.take(Sweep)
    desk.core.revoking([Partition("resync", 0)], desk.now)
    desk.core.debts.swept(sweep, [desk.swept_work(sweep, "P-1", 5)], 1, desk.now)
    desk.tick(5)
    assert not desk.given(Prepare)
    assert not desk.given(Sweep)


def test_a_reading_is_over_when_all_before_its_marker_is_finished(desk: Desk) -> None:
    desk.arrive("P-1", 1, topic="resync")
    ticket = desk.core.ticket(make_record(topic="resync", offset=2))
    assert ticket is not None
    marker = SnapshotCompleted("s", "shop", make_sequence(1), datetime.now(UTC), SnapshotCause.GAP, 1)
    desk.core.debts.marker(ticket, marker)
    desk.tick(5)
    assert not desk.given(MarkUnseen)
    desk.deliver()
    command = desk.take(MarkUnseen)
    assert command.marker == marker
    desk.core.debts.not_marked(command, desk.now)
    desk.tick(30)
    assert desk.core.offsets.committable()[Partition("resync", 0)] == 2
    desk.core.debts.unseen_marked(desk.take(MarkUnseen))
    assert desk.core.offsets.committable()[Partition("resync", 0)] == 3


def test_for_a_listing_that_is_alone_the_channel_is_asked_whether_it_answers(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.deliver(DOWN)
    desk.tick(1)
    desk.deliver(DOWN)
    probe = desk.take(Probe)
    desk.tick(0.1)
    desk.core.probed(probe, None, desk.now)
    desk.tick(1.5)
    assert desk.prepare().works[0].attempts == 0
    desk.call(DOWN)
    desk.store()
    desk.tick(5)
    assert desk.take(Prepare).works[0].attempts == 1


def test_a_throttled_account_waits_and_burns_nothing(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.deliver(RateLimitedError("slow down", delay=3))
    desk.tick(2.9)
    assert not desk.given(Prepare)
    desk.tick(0.2)
    assert desk.take(Prepare).works[0].attempts == 0


def test_a_state_due_far_later_than_its_retry_topic_goes_round_once_more(desk: Desk) -> None:
    desk.arrive("P-1", 1, topic="retry", due=desk.now + 300)
    [letter] = desk.produce()
    assert letter.retry is not None
    assert (letter.retry.tier, letter.retry.due) == (40, desk.now + 300)
    assert desk.core.slots.in_flight == 0


def test_a_revoked_partition_takes_its_waiting_work_along_and_lets_calls_end(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.prepare()
    desk.arrive("P-2", 2)
    desk.core.revoking([P], desk.now)
    assert desk.core.busy({P})
    assert desk.core.ticket(make_record(offset=9)) is None
    desk.call()
    desk.store()
    assert desk.core.busy({P})  # P-2 is being prepared
    sends = [Send(work, "create", "P-2", None) for work in desk.take(Prepare).works]
    desk.core.prepared(Prepare(tuple(send.work for send in sends)), Prepared(sends=sends), desk.now)
    desk.tick(1)
    assert not desk.given(Call), "nothing new starts for a partition that leaves"
    assert not desk.core.busy({P})
    assert desk.committable() == 2
    desk.core.revoked([P], desk.now)
    assert desk.core.slots.waiting == 0


def test_what_ends_after_the_revocation_moves_no_offset_and_is_not_tried_again(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.prepare()
    desk.core.revoked([P], desk.now)
    desk.core.assigned([P], desk.now)
    desk.call(DOWN)
    desk.store()
    desk.tick(60)
    assert not desk.given(Prepare)
    assert (desk.core.slots.in_flight, desk.core.slots.waiting, desk.committable()) == (0, 0, None)


def test_records_that_are_not_due_are_held_and_their_partition_rests(desk: Desk) -> None:
    record = make_record(topic="retry")
    desk.commands.clear()
    assert desk.core.hold(record, desk.now + 5, desk.now)
    desk.tick()
    assert desk.take(Rest).partitions == {Partition("retry", 0)}
    assert desk.core.next_due(desk.now) == desk.now + 5
    desk.tick(5)
    assert desk.take(Release).records == (record,)
    assert desk.take(Rest).partitions == frozenset()


def test_a_rebalance_forgets_every_pause(desk: Desk) -> None:
    desk.core.hold(make_record(topic="retry"), desk.now + 5, desk.now)
    desk.tick()
    desk.commands.clear()
    desk.core.assigned([P], desk.now)
    desk.tick()
    assert desk.take(Rest).partitions == {Partition("retry", 0)}


def test_a_background_flood_rests_only_its_own_partitions(desk: Desk) -> None:
    desk.commands.clear()
    for number in range(1, 80):
        desk.arrive(f"P-{number}", number, topic="resync")
    rests = [command for command in desk.commands if isinstance(command, Rest)]
    assert rests[-1].partitions == {Partition("resync", 0)}
    assert desk.core.slots.waiting_background >= 50


def test_urgent_work_overtakes_a_background_flood(desk: Desk) -> None:
    for number in range(1, 60):
        desk.arrive(f"P-{number}", number, topic="resync")
    desk.arrive("URGENT", 99)
    desk.prepare()
    desk.call()
    desk.store()
    assert desk.take(Prepare).works[0].key.entity_code == "URGENT"


def test_accounts_take_turns_in_planning() -> None:
    desk = Desk(batch_size=1)
    for number in range(1, 40):
        desk.arrive(f"P-{number}", number, DEFAULT, OUTLET)
    accounts = []
    for _ in range(3):
        accounts += [work.key.account for work in desk.prepare().works]
        desk.call()
        desk.call()
        desk.store()
    assert {"default", "outlet"} == set(accounts)


def test_a_work_taken_in_twice_is_no_obstacle(desk: Desk) -> None:
    """The same event in two records, as after a restart of capture's reader or a replay."""
    first = desk.arrive("P-1", 1)
    desk.arrive("P-1", 1)
    desk.arrive("P-1", 1)
    desk.deliver()
    [second] = desk.take(Prepare).works
    assert second.ticket != first.ticket
    desk.core.prepared(Prepare((second,)), Prepared(settled=[Settled(second, "unchanged")]), desk.now)
    assert desk.committable() == 4


def test_going_round_once_more_moves_no_due_time(desk: Desk) -> None:
    """Else a clock that is ahead of Kafka's by more than the wait in memory would send it round for ever."""
    due = desk.now + 8
    desk.arrive("P-1", 1, topic="retry", due=due)
    [letter] = desk.produce()
    assert letter.retry is not None
    assert (letter.retry.tier, letter.retry.due) == (10, due)


def test_a_record_too_large_for_its_retry_topic_becomes_a_dead_letter_and_stops_nobody(desk: Desk) -> None:
    desk.arrive("P-1", 1)
    desk.deliver(ChannelUnavailableError("maintenance", delay=7))
    too_large = RecordTooLargeError("Message size too large")
    desk.core.produced(desk.take(Produce), [too_large], desk.now)
    desk.tick()
    assert desk.committable() is None
    [letter] = desk.produce()
    assert (letter.retry, letter.dead, letter.error) == (None, "too_large", too_large)
    assert desk.committable() == 2


def test_a_record_that_shows_a_bug_of_ours_is_a_dead_letter(desk: Desk) -> None:
    record = make_record(offset=5)
    ticket = desk.core.ticket(record)
    assert ticket is not None
    desk.core.undecodable(ticket, record, KeyError("a bug"), desk.now)
    desk.tick()
    [letter] = desk.produce()
    assert letter.dead == "bug"
    assert desk.committable() == 6


def test_an_outcome_that_a_bug_keeps_from_being_stored_burns_attempts_and_ends_as_a_dead_letter(desk: Desk) -> None:
    work = desk.arrive("P-1", 1)
    bug = KeyError("a bug")
    for _ in range(SETTINGS.policy.attempts):
        desk.prepare()
        desk.call()
        desk.core.stored(desk.take(Store), Stored(failed={str(work.key): bug}), desk.now)
        desk.tick(60)
    [letter] = desk.produce()
    assert (letter.dead, letter.error) == ("bug", bug)


def test_a_slow_account_owes_what_is_above_its_share_and_others_go_on() -> None:
    desk = Desk()
    for number in range(1, 2 * SETTINGS.max_waiting):
        desk.arrive(f"P-{number}", number, OUTLET)
        desk.commands = [command for command in desk.commands if not isinstance(command, Prepare)]
    assert Rest(frozenset({P, Partition("resync", 0), Partition("retry", 0)})) not in desk.commands
    owings = desk.take(Owe).owings
    assert {(owing.cause, owing.work.key.account) for owing in owings} == {(Cause.SPILLED, "outlet")}
    assert desk.core.slots.waiting <= SETTINGS.max_waiting


def test_listings_that_need_no_call_any_more_say_nothing_of_the_channel() -> None:
    """Three got no answer together, two of them are finished with by planning: the third is judged as if alone."""
    desk = Desk(3)
    for number in range(1, 4):
        desk.arrive(f"P-{number}", 1, due=desk.now + 0.1)
    desk.tick(0.2)
    desk.prepare()
    assert len(desk.call(DOWN).sends) == 3
    desk.store()
    desk.tick(1)
    prepare = desk.take(Prepare)
    first, *others = prepare.works
    assert len(others) == 2
    settled = [Settled(work, "unchanged", "") for work in others]
    report = Prepared(sends=[Send(first, "create", "P-1", None)], settled=settled)
    desk.core.prepared(prepare, report, desk.now)
    desk.tick(1)
    desk.call(DOWN)
    desk.store()
    desk.core.probed(desk.take(Probe), None, desk.now)
    assert desk.core.gates[DEFAULT].alive_at == desk.now
