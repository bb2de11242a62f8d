"""No product whose current version is gone is forgotten, asked about too early, or kept for ever."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from consumer.capture.pending import Key, Pending, Waiting
from consumer.capture.positions import decode_waiting, encode_waiting, standing_of, waiting_key
from consumer.errors import MarketsyncError
from consumer.events import Sequence, change_sequence

GRACE = 5.0
MOST = 4


def make_waiting(number: int, code: str = "A", database: str = "vinc-a") -> Waiting:
    return Waiting(database, code, change_sequence(1, number, 0), f"token-{number}", "2026-11-23T08:00:00.000+00:00")


class Promise(RuleBasedStateMachine):
    """Any order of changes, answers, commits, lost transactions and crashes, against the plain rule.

    known: what is true of memory; committed: what is true of Kafka. Both as key → (waiting, earliest time to ask).
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.number = 0
        self.pending = Pending(grace=GRACE, most=MOST)
        self.known: dict[Key, tuple[Waiting, float]] = {}
        self.committed = dict(self.known)

    def next(self) -> int:
        self.number += 1
        return self.number

    @rule(code=st.sampled_from("ABCDEFG"))
    def its_version_goes(self, code: str) -> None:
        waiting = make_waiting(self.next(), code)
        since = self.known[waiting.key][1] if waiting.key in self.known else self.now
        self.known[waiting.key] = waiting, since
        self.pending.wait(waiting, self.now)

    @rule(code=st.sampled_from("ABCDEFG"))
    def it_comes_back(self, code: str) -> None:
        key = ("vinc-a", code)
        assert self.pending.returned(key, change_sequence(1, self.next(), 0)) == (key in self.known)
        self.known.pop(key, None)

    @rule(code=st.sampled_from("ABCDEFG"))
    def something_older_is_seen(self, code: str) -> None:
        assert not self.pending.returned(("vinc-a", code), change_sequence(0, 0, 0))

    @rule(seconds=st.sampled_from([0.5, 1.0, GRACE]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(most=st.integers(1, 3))
    def the_pim_answers(self, most: int) -> None:
        due = self.pending.due(self.now, most=most)
        assert len(due) <= most
        ready = [key for key, (_, since) in self.known.items() if since + GRACE <= self.now]
        excess = len(self.known) - MOST
        assert len(due) == min(most, max(len(ready), excess))
        for waiting in due:
            known, since = self.known.pop(waiting.key)
            assert waiting == known, "the newest change is the one that counts"
            assert since + GRACE <= self.now or excess > 0
            self.pending.answered(waiting)

    @rule()
    def the_transaction_is_committed(self) -> None:
        self.pending.commit()
        self.committed = dict(self.known)

    @rule()
    def the_transaction_is_lost(self) -> None:
        self.pending.rollback()
        self.known = dict(self.committed)

    @rule()
    def the_process_is_killed(self) -> None:
        """A successor has only what is in Kafka."""
        topic = {waiting_key("pim", *key): encode_waiting(one) for key, (one, _) in self.committed.items()}
        standing = standing_of(topic, stream="pim", databases=["vinc-a"])
        self.pending = Pending(grace=GRACE, most=MOST)
        self.pending.restore(standing.waiting, self.now)
        self.known = {key: (one, self.now) for key, (one, _) in self.committed.items()}
        self.committed = dict(self.known)

    @invariant()
    def none_is_forgotten_and_none_is_made_up(self) -> None:
        assert len(self.pending) == len(self.known)

    @precondition(lambda self: self.known)
    @rule()
    def in_the_end_all_are_asked_about(self) -> None:
        due = self.pending.due(self.now + GRACE, most=100)
        assert {waiting.key: waiting for waiting in due} == {key: one for key, (one, _) in self.known.items()}


TestPromise = Promise.TestCase
TestPromise.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_it_is_asked_about_when_its_time_is_over_and_not_before() -> None:
    pending = Pending(grace=5, most=10)
    pending.wait(make_waiting(1), 100)
    assert pending.due(104.9, most=10) == []
    assert pending.due(105, most=10) == [make_waiting(1)]


def test_a_second_change_does_not_put_the_question_off() -> None:
    pending = Pending(grace=5, most=10)
    pending.wait(make_waiting(1), 0)
    pending.wait(make_waiting(2), 4)
    assert pending.due(5, most=10) == [make_waiting(2)]


def test_a_change_read_again_takes_nothing_back() -> None:
    pending = Pending(grace=5, most=10)
    pending.wait(make_waiting(2), 0)
    pending.wait(make_waiting(1), 0)
    assert pending.due(5, most=10) == [make_waiting(2)]


def test_with_too_many_waiting_the_oldest_are_asked_about_at_once() -> None:
    pending = Pending(grace=1000, most=2)
    for number, code in enumerate("ABCDE"):
        pending.wait(make_waiting(number, code), number)
    assert [waiting.entity_code for waiting in pending.due(5, most=10)] == ["A", "B", "C"]


def test_databases_no_longer_followed_are_left_in_peace() -> None:
    waiting = [make_waiting(1, "A/B"), make_waiting(2, "A", "vinc-b")]
    topic = {waiting_key("pim", *one.key): encode_waiting(one) for one in waiting}
    topic[waiting_key("other", "vinc-a", "C")] = encode_waiting(make_waiting(3, "C"))
    assert standing_of(topic, stream="pim", databases=["vinc-a"]).waiting == (waiting[0],)


@pytest.mark.parametrize("value", [b"", b"{}", b'{"layout": 2}', b'{"layout": 1, "database": 7}'])
def test_what_cannot_be_read_is_no_guess(value: bytes) -> None:
    with pytest.raises(MarketsyncError, match="another version"):
        decode_waiting(value)


def test_the_state_before_is_kept_in_memory_only() -> None:
    waiting = Waiting("vinc-a", "A", Sequence("0" * 24), "t", "now", before={"sku": "S"})
    assert decode_waiting(encode_waiting(waiting)).before is None
