"""Whose fault a failed call is."""

from __future__ import annotations

import pytest

from adapters.errors import ChannelUnavailableError, RejectedListingError
from consumer.delivery.accounts import Gate
from consumer.delivery.batches import Batches, Send
from consumer.delivery.commands import Answer, Call, ChannelAnswers, ChannelDown, Ending
from consumer.delivery.offsets import Ticket
from consumer.delivery.retry import RetryTopic, Wait
from consumer.delivery.verdict import Judge
from consumer.delivery.work import AccountKey
from tests.unit.delivery.making import POLICY, make_work

ACCOUNT = AccountKey("shop", "default")
DOWN = ChannelUnavailableError("no answer")


class Court:
    """One account whose calls are judged one after the other."""

    def __init__(self) -> None:
        self.gate = Gate(ACCOUNT, 25, concurrency=2, policy=POLICY)
        self.judge = Judge(POLICY, lambda: 0.5)
        self.notes: list[object] = []

    def judged(self, now: float, *tries: tuple[Send, Exception | None]) -> list[Ending]:
        call = Call(ACCOUNT, "create", tuple(send for send, _ in tries))
        answers = [Answer(send, None, error) for send, error in tries]
        self.notes += self.judge.hear(self.gate, call, answers, now)
        return self.judge.endings(self.gate, answers, now)


@pytest.fixture
def court() -> Court:
    return Court()


def send_of(code: str, suspect: float | None = None) -> Send:
    return Send(make_work(code, suspect=suspect), "create", code, None)


def all_ours(_ticket: Ticket) -> bool:
    return True


def burned(ending: Ending) -> bool:
    assert isinstance(ending.follow_up, Wait | RetryTopic)
    return ending.follow_up.burned


def test_a_listing_that_fails_while_others_pass_burns_an_attempt(court: Court) -> None:
    bad, good = court.judged(1, (send_of("P-1"), DOWN), (send_of("P-2"), None))
    assert burned(bad)
    assert good.follow_up is None


def test_a_call_without_any_answer_burns_nothing_and_makes_suspects(court: Court) -> None:
    endings = court.judged(1, (send_of("P-1"), DOWN), (send_of("P-2"), DOWN))
    assert [burned(ending) for ending in endings] == [False, False]
    assert [ending.send.work.suspect for ending in endings] == [1, 1]


def test_a_suspect_that_fails_again_is_guilty_if_the_channel_answered_meanwhile(court: Court) -> None:
    [again] = court.judged(2, (send_of("P-1", suspect=1), DOWN))
    assert not burned(again)
    court.judged(3, (send_of("P-2"), RejectedListingError("no")))
    [guilty] = court.judged(4, (again.send, DOWN))
    assert burned(guilty)
    [unclear] = court.judged(5, (guilty.send, DOWN))
    assert not burned(unclear), "one answer is evidence once"


def test_a_listing_that_is_alone_is_guilty_if_the_channel_answers_a_question(court: Court) -> None:
    [first] = court.judged(1, (send_of("P-1"), DOWN))
    assert not court.gate.take_question(1), "one failure needs no proof"
    [again] = court.judged(2, (first.send, DOWN))
    assert not burned(again)
    assert court.gate.take_question(2)
    court.judge.hear_answer(court.gate, None, 3, all_ours)
    [guilty] = court.judged(4, (again.send, DOWN))
    assert burned(guilty)


def test_a_listing_whose_companions_moved_to_another_process_is_judged(court: Court) -> None:
    """They will be answered there, so here nothing would ever speak for the channel."""
    sends = [Send(make_work(code, number), "create", code, None) for number, code in enumerate(("P-1", "P-2", "P-3"))]
    bad, *_ = court.judged(1, *((send, DOWN) for send in sends))
    [again] = court.judged(2, (bad.send, DOWN))
    court.judge.hear_answer(court.gate, None, 3, all_ours)
    [unclear] = court.judged(4, (again.send, DOWN))
    assert not burned(unclear), "three listings get no answer: that the channel tells proves nothing"
    court.judge.hear_answer(court.gate, None, 5, lambda ticket: ticket == bad.send.work.ticket)
    [guilty] = court.judged(6, (unclear.send, DOWN))
    assert burned(guilty)


def test_a_question_without_an_answer_tells_of_the_outage(court: Court) -> None:
    court.judged(1, (send_of("P-1"), DOWN))
    notes = [note for now in (2, 3) for note in court.judge.hear_answer(court.gate, DOWN, now, all_ours)]
    assert [type(note) for note in notes] == [ChannelDown]


def test_a_bug_in_a_call_of_several_burns_nothing_until_it_happens_to_one_alone(court: Court) -> None:
    first, second = court.judged(1, (send_of("P-1"), RuntimeError("x")), (send_of("P-2"), RuntimeError("x")))
    assert not burned(first)
    assert second.send.work.suspect == 1
    [alone] = court.judged(2, (first.send, RuntimeError("x")))
    assert burned(alone)


def test_an_outage_and_its_end_are_told_once(court: Court) -> None:
    for now in range(4):
        court.judged(now / 10, (send_of(f"P-{now}"), DOWN))
    court.judged(10, (send_of("P-9"), None))
    court.judged(11, (send_of("P-9"), None))
    assert [type(note) for note in court.notes] == [ChannelDown, ChannelAnswers]


def test_suspects_go_alone_and_a_probe_takes_somebody_else() -> None:
    batches = Batches(25, linger=0)
    for code, suspect in (("P-1", 1.0), ("P-2", None), ("P-3", 1.0), ("P-4", None)):
        batches.add(send_of(code, suspect), 0)
    assert [send.sku for send in batches.next(1, probe=True)] == ["P-2"]
    assert [send.sku for send in batches.next(1)] == ["P-1"]
    batches.add(send_of("P-5"), 0)
    assert [send.sku for send in batches.next(1, probe=True)] == ["P-4"]
    assert [send.sku for send in batches.next(1)] == ["P-3"]
    assert [send.sku for send in batches.next(1, probe=True)] == ["P-5"]
    assert len(batches) == 0


def test_a_call_is_filled_past_suspects() -> None:
    batches = Batches(25, linger=0)
    for code, suspect in (("P-1", None), ("P-2", 1.0), ("P-3", None)):
        batches.add(send_of(code, suspect), 0)
    assert [send.sku for send in batches.next(1)] == ["P-1", "P-3"]
    assert [send.sku for send in batches.next(1)] == ["P-2"]
