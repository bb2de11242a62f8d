from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from consumer.delivery.offsets import Offsets, Ticket
from consumer.kafka.records import Partition

P = Partition("updated", 0)


def started(offsets: Offsets, *numbers: int, parts: int = 1) -> list[Ticket]:
    tickets = []
    for number in numbers:
        ticket = offsets.ticket(P, number)
        assert ticket is not None
        offsets.start(ticket, parts)
        tickets.append(ticket)
    return tickets


@pytest.fixture
def offsets() -> Offsets:
    offsets = Offsets()
    offsets.assign(P)
    return offsets


def test_commits_the_offset_to_read_next(offsets: Offsets) -> None:
    [ticket] = started(offsets, 7)
    assert offsets.committable() == {}
    offsets.finish(ticket)
    assert offsets.committable() == {P: 8}


def test_never_passes_an_unfinished_record(offsets: Offsets) -> None:
    first, second, third = started(offsets, 0, 1, 2)
    offsets.finish(third)
    offsets.finish(second)
    assert offsets.committable() == {}
    offsets.finish(first)
    assert offsets.committable() == {P: 3}


def test_gaps_between_offsets_are_no_obstacle(offsets: Offsets) -> None:
    """Transactions leave marks that take offsets and are never read."""
    for ticket in started(offsets, 3, 9, 20):
        offsets.finish(ticket)
    assert offsets.committable() == {P: 21}


def test_a_record_for_two_accounts_is_finished_by_both(offsets: Offsets) -> None:
    [ticket] = started(offsets, 0, parts=2)
    offsets.finish(ticket)
    assert offsets.committable() == {}
    offsets.finish(ticket)
    assert offsets.committable() == {P: 1}


def test_a_record_that_concerns_nobody_is_finished_at_once(offsets: Offsets) -> None:
    started(offsets, 4, parts=0)
    assert offsets.committable() == {P: 5}
    assert offsets.unfinished == 0


def test_what_was_confirmed_is_not_committed_again(offsets: Offsets) -> None:
    [ticket] = started(offsets, 0)
    offsets.finish(ticket)
    offsets.confirm({P: 1})
    assert offsets.committable() == {}


def test_records_out_of_order_are_refused(offsets: Offsets) -> None:
    started(offsets, 5)
    with pytest.raises(ValueError, match=r"offset 5 came after 5"):
        started(offsets, 5)


def test_revocation_forgets_and_late_finishes_change_nothing(offsets: Offsets) -> None:
    [old] = started(offsets, 0)
    offsets.revoke(P)
    assert offsets.unfinished == 0
    assert offsets.ticket(P, 1) is None
    offsets.finish(old)
    offsets.assign(P)
    [again] = started(offsets, 0)
    offsets.finish(old)
    assert offsets.committable() == {}
    assert not offsets.is_current(old)
    offsets.finish(again)
    assert offsets.committable() == {P: 1}


class AnyOrder(RuleBasedStateMachine):
    """Records finish in any order, partitions come and go; a plain model says what may be committed."""

    def __init__(self) -> None:
        super().__init__()
        self.offsets = Offsets()
        self.open: dict[Ticket, int] = {}
        self.stale: list[Ticket] = []
        self.seen: dict[Partition, list[int]] = {}
        self.next = {Partition("updated", 0): 0, Partition("retry", 1): 100}

    @rule(partition=st.sampled_from([Partition("updated", 0), Partition("retry", 1)]))
    def assign(self, partition: Partition) -> None:
        self._forget(partition)
        self.offsets.assign(partition)
        self.seen[partition] = []

    @rule(data=st.data())
    @precondition(lambda self: self.seen)
    def revoke(self, data: st.DataObject) -> None:
        partition = data.draw(st.sampled_from(sorted(self.seen)))
        self._forget(partition)
        del self.seen[partition]
        self.offsets.revoke(partition)

    @rule(data=st.data(), gap=st.integers(0, 3), parts=st.integers(0, 3))
    @precondition(lambda self: self.seen)
    def start(self, data: st.DataObject, gap: int, parts: int) -> None:
        partition = data.draw(st.sampled_from(sorted(self.seen)))
        self.next[partition] += 1 + gap
        ticket = self.offsets.ticket(partition, self.next[partition])
        assert ticket is not None
        self.offsets.start(ticket, parts)
        self.seen[partition].append(ticket.offset)
        if parts:
            self.open[ticket] = parts

    @rule(data=st.data())
    @precondition(lambda self: self.open)
    def finish(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(sorted(self.open, key=str)))
        self.offsets.finish(ticket)
        self.open[ticket] -= 1
        if not self.open[ticket]:
            del self.open[ticket]

    @rule(data=st.data())
    @precondition(lambda self: self.stale)
    def finish_late(self, data: st.DataObject) -> None:
        self.offsets.finish(data.draw(st.sampled_from(self.stale)))

    @invariant()
    def commits_the_contiguous_prefix(self) -> None:
        expected = {}
        for partition, offsets in self.seen.items():
            unfinished = {ticket.offset for ticket in self.open if ticket.partition == partition}
            prefix = []
            for offset in offsets:
                if offset in unfinished:
                    break
                prefix.append(offset)
            if prefix:
                expected[partition] = prefix[-1] + 1
        assert self.offsets.committable() == expected
        assert self.offsets.unfinished == len(self.open)

    def _forget(self, partition: Partition) -> None:
        gone = [ticket for ticket in self.open if ticket.partition == partition]
        self.stale += gone
        for ticket in gone:
            del self.open[ticket]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.permutations(range(12)))
def test_any_completion_order_ends_at_the_same_place(order: list[int]) -> None:
    offsets = Offsets()
    offsets.assign(P)
    tickets = started(offsets, *range(12))
    for number in order:
        offsets.finish(tickets[number])
    assert offsets.committable() == {P: 12}
    assert offsets.tracked == 0
