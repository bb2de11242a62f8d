"""A gap is told in full, and one that follows another is not rushed into."""

from __future__ import annotations

import orjson

from consumer.capture.gap import Gap, GapPauses, GapReason, encode_gap
from consumer.events import change_sequence

GAP = Gap("pim", ("acme", "zeta"), (1_795_438_300, 2), (1_795_441_900, 7), GapReason.HISTORY_LOST, "said the server")


def test_the_record_says_what_was_missed_and_whose() -> None:
    key, value, headers = encode_gap(GAP)
    body = orjson.loads(value)
    assert key == b"pim"
    assert (body["from"], body["to"]) == ("2026-11-23T12:51:40.000+00:00", "2026-11-23T13:51:40.000+00:00")
    assert body["tenants"] == ["acme", "zeta"]
    assert (body["reason"], body["detail"]) == ("history_lost", "said the server")
    attributes = dict(headers)
    assert attributes["ce_type"] == b"marketsync.capture.gap.v1"
    assert attributes["ce_time"].decode() == body["to"]


def test_every_change_after_the_gap_is_newer_than_its_sequence_and_none_before_it() -> None:
    sequence = orjson.loads(encode_gap(GAP)[1])["sequence"]
    assert change_sequence(1_795_441_900, 7, 3) < sequence < change_sequence(1_795_441_900, 8, 0)


def test_a_beginning_that_nobody_knows_is_said_to_be_unknown() -> None:
    gap = Gap("pim", ("acme",), None, (9, 1), GapReason.POSITION_REFUSED, "")
    assert orjson.loads(encode_gap(gap)[1])["from"] is None


def test_two_gaps_have_two_names() -> None:
    later = Gap("pim", ("acme",), GAP.ended, (GAP.ended[0], 8), GapReason.HISTORY_LOST, "")
    names = {dict(encode_gap(gap)[2])["ce_id"] for gap in (GAP, later)}
    assert len(names) == 2


def test_gap_after_gap_is_rested_from_longer_and_longer_up_to_a_minute() -> None:
    pauses = GapPauses()
    now, rests = 0.0, []
    for _ in range(12):
        rests.append(pauses.next(now))
        now += rests[-1] + 5
    assert rests[:5] == [0, 1, 2, 4, 8]
    assert max(rests) == rests[-1] == 60


def test_a_gap_long_after_another_is_gone_on_from_at_once() -> None:
    pauses = GapPauses()
    assert [pauses.next(0), pauses.next(10), pauses.next(10 + 601)] == [0, 1, 0]
