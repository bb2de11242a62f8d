"""What follows for an owed listing from what the PIM says of its product now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import bson

from consumer import events
from consumer.delivery.gap_brake import GapLimits, GapVerdict, held_words, judge_gap
from consumer.delivery.judging import CLAIM, EMPTY, GONE_FOR, judge
from consumer.events import Operation, Sequence, change_sequence, read_sequence
from consumer.listings.debts import Found
from consumer.listings.gone import GapCounts
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import ListingKey
from consumer.mongo.current_products import Reading
from tests.unit.delivery.making import CHANNEL, make_document

AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
NOW = (1_000, 7)
SEQUENCE = change_sequence(900, 1, 0)


def found(code: str = "P-1", **changes: Any) -> Found:
    owed = Owed(Cause.PAUSED, AT - timedelta(hours=1), AT, SEQUENCE, "mark")
    return Found(ListingKey(CHANNEL, "default", "shop", code), 0, replace(owed, **changes))


def reading(*codes: str, **changes: Any) -> Reading:
    documents = {code: bson.encode({"_id": code, **make_document(code)}) for code in codes}
    return replace(Reading(NOW, documents), **changes)


def test_the_newest_state_is_sent_and_its_mark_claimed_first() -> None:
    judged = judge([found(cause=Cause.GAP, gap=SEQUENCE, gone_since=AT)], reading("P-1"), AT)
    [wanted] = judged.wanted
    event = events.decode(wanted.key, wanted.value, wanted.headers)
    assert (event.operation, event.entity_code, event.sequence) == (Operation.READ, "P-1", read_sequence(*NOW))
    assert event.product is not None
    assert event.product["sku"] == "P-1"
    claim = wanted.claim
    assert (claim.due, claim.sequence, claim.met, claim.gone_since) == (AT + CLAIM, event.sequence, True, None)
    assert (judged.claims, judged.gone) == ([], [])


def test_a_reading_older_than_what_is_owed_waits() -> None:
    later = found(sequence=change_sequence(2_000, 1, 0))
    for seen in (reading("P-1"), reading()):
        judged = judge([later], seen, AT)
        assert judged.wanted == []
        assert [claim.due > AT for claim in judged.claims] == [True]


def test_what_a_bounded_reading_left_out_is_not_gone() -> None:
    judged = judge([found()], reading("P-2", complete=False), AT)
    assert [(claim.gone_since, claim.due > AT) for claim in judged.claims] == [(None, True)]
    assert judged.wanted == []


def test_a_product_has_to_be_missing_for_a_moment() -> None:
    judged = judge([found(told=True)], reading("P-2"), AT)
    [claim] = judged.claims
    assert (claim.gone_since, claim.due) == (AT, AT + GONE_FOR)
    again = judge([found(told=True, gone_since=AT)], reading("P-2"), AT + GONE_FOR)
    [wanted] = again.wanted
    assert events.decode(wanted.key, wanted.value, wanted.headers).operation is Operation.DELETED


def test_a_deletion_that_no_event_told_needs_leave() -> None:
    gone = AT - GONE_FOR
    judged = judge([found(gone_since=gone), found("P-2", gone_since=gone, allowed=True)], reading("P-3"), AT)
    assert [each.key.entity_code for each in judged.gone] == ["P-1"]
    assert [wanted.claim.found.key.entity_code for wanted in judged.wanted] == ["P-2"]


def test_a_held_listing_stays_held_until_its_product_is_back() -> None:
    held = found(cause=Cause.HELD, gone_since=AT - GONE_FOR)
    judged = judge([held], reading("P-3"), AT)
    assert (judged.wanted, judged.gone) == ([], [])
    assert len(judge([held], reading("P-1"), AT).wanted) == 1


def test_an_empty_catalogue_holds_everything_until_a_person_speaks() -> None:
    for empty in (reading(empty=True), Reading((0, 0), {}, empty=True)):
        judged = judge([found(told=True)], empty, AT)
        [claim] = judged.claims
        assert (claim.cause, claim.words) == (Cause.HELD, EMPTY)
        assert judged.wanted == []
        [wanted] = judge([found(allowed=True, gone_since=AT - GONE_FOR)], empty, AT).wanted
        assert events.decode(wanted.key, wanted.value, wanted.headers).sequence >= SEQUENCE


def test_a_tenant_that_is_not_followed_is_left_alone() -> None:
    judged = judge([found()], None, AT)
    assert (judged.wanted, judged.gone) == ([], [])
    assert len(judged.claims) == 1


LIMITS = GapLimits(number=10, share=0.1)


def test_withdrawals_pass_within_the_number_or_the_share() -> None:
    assert judge_gap(GapCounts(looking=0, gone=10, passed=0, live=12), LIMITS) is GapVerdict.PASS
    assert judge_gap(GapCounts(looking=0, gone=100, passed=0, live=1000), LIMITS) is GapVerdict.PASS
    assert judge_gap(GapCounts(looking=0, gone=101, passed=0, live=1000), LIMITS) is GapVerdict.HOLD
    assert judge_gap(GapCounts(looking=0, gone=11, passed=0, live=11), LIMITS) is GapVerdict.HOLD


def test_nothing_passes_while_some_are_still_looked_at() -> None:
    assert judge_gap(GapCounts(looking=1, gone=1, passed=0, live=1000), LIMITS) is GapVerdict.WAIT


def test_small_portions_add_up() -> None:
    counts = GapCounts(looking=0, gone=6, passed=5, live=20)
    assert judge_gap(counts, LIMITS) is GapVerdict.HOLD
    assert held_words(counts).startswith("11 of 25 listings")


def test_a_mark_is_paid_by_what_is_as_new_and_not_before_a_late_call_can_have_landed() -> None:
    owed = found(late_until=AT).owed
    assert not owed.paid_by(Sequence(SEQUENCE), AT - timedelta(seconds=1))
    assert owed.paid_by(SEQUENCE, AT)
    assert not owed.paid_by(change_sequence(899, 1, 0), AT)
    assert (owed.distrusts(AT - timedelta(seconds=1)), owed.distrusts(AT)) == (False, True)
