"""Reading dead letters: whatever stands in a topic, people can look at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.control.letters import CAPTURE, LetterFilter, is_healed, letter_id, place_of, read_letter
from consumer.delivery.dead_letters import GivenUp, dead_letter_headers, original_state
from consumer.delivery.origin import Origin, origin_of
from consumer.delivery.retry_topics import Retry, retry_headers
from consumer.errors import SettingsError
from consumer.events import Sequence
from consumer.kafka.records import Record
from consumer.listings.state import ListingState, Status
from tests.unit.delivery.making import make_event, make_record, make_sequence

_BYTES = st.binary(max_size=40)
_NAMES = st.sampled_from(
    ["marketsync-tenant", "marketsync-redrives", "marketsync-last-failure", "ce_sequence", "kafka_dlt-exception-fqcn"]
) | st.text(max_size=10)


@given(
    st.none() | _BYTES,
    st.none() | _BYTES,
    st.lists(st.tuples(_NAMES, _BYTES), max_size=8),
    st.sampled_from(["ebay", CAPTURE]),
)
def test_nothing_in_a_record_makes_reading_it_fail(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]], channel: str
) -> None:
    letter = read_letter(Record("topic", 0, 7, key, value, tuple(headers), 1.0), channel)
    assert letter.id == letter_id(channel, 0, 7)
    assert LetterFilter().takes(letter)
    assert not is_healed(letter, None)


def given_up(record: Record) -> Record:
    why = GivenUp("g", "ebay", "shop", "default", "exhausted", 4, 1.0, 2.5, RuntimeError("x"))
    return Record("dead", 0, 3, record.key, record.value, tuple(dead_letter_headers(record, why)), 3.0)


def test_a_letter_says_whose_it_is_and_why() -> None:
    letter = read_letter(given_up(make_record(make_event("a/b c", 5))), "ebay")
    assert (letter.tenant, letter.account, letter.product, letter.attempts) == ("shop", "default", "a/b c", 4)
    assert (letter.reason, letter.error, letter.message, letter.failed) == ("exhausted", "RuntimeError", "x", 2.5)
    assert (letter.sequence, letter.redrives) == (make_sequence(5), 0)
    assert str(letter.listing) == "ebay/default/shop/a/b c"


def test_what_is_brought_back_is_what_came_with_where_it_came_from() -> None:
    record = make_record(make_event(), topic="updated", partition=2, offset=99)
    retry = Retry("default", 2, 1.0, 2.0, Origin("updated", 2, 99, 5.0), "rate_limited")
    for came in (record, replace(record, topic="retry", headers=tuple(retry_headers(record, retry)))):
        key, value, headers = original_state(given_up(came))
        assert (key, value) == (record.key, record.value)
        assert set(record.headers) <= set(headers)
        origin = origin_of(replace(record, topic="resync", offset=1, headers=tuple(headers)))
        assert (origin.topic, origin.partition, origin.offset) == ("updated", 2, 99)
        assert not [name for name, _ in headers if name.startswith(("kafka_dlt-", "marketsync-", "retry_topic-"))]


@pytest.mark.parametrize(
    ("planned", "status", "healed"),
    [
        (4, Status.DEAD_LETTER, False),
        (5, Status.DEAD_LETTER, False),
        (5, Status.WAITING, False),
        (5, Status.LIVE, True),
        (5, Status.REFUSED, True),
        (6, Status.WAITING, True),
        (6, Status.DEAD_LETTER, True),
    ],
)
def test_a_letter_is_healed_by_a_state_as_new_that_was_dealt_with_or_a_newer_one(
    planned: int, status: Status, healed: bool
) -> None:
    letter = read_letter(given_up(make_record(make_event("P-1", 5))), "ebay")
    at = datetime.now(UTC)
    state = ListingState(str(letter.listing), 1, Sequence(make_sequence(planned)), status, at, at)
    assert is_healed(letter, state) is healed


@given(st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True), st.integers(0, 999), st.integers(0, 2**60))
def test_ids_lead_back_to_their_place(channel: str, partition: int, offset: int) -> None:
    assert place_of(letter_id(channel, partition, offset)) == (channel, partition, offset)


@pytest.mark.parametrize("wrong", ["", "ebay", "ebay-1", "ebay-x-1", "ebay-1-", "-1-2"])
def test_what_is_no_id_is_refused_in_words(wrong: str) -> None:
    with pytest.raises(SettingsError, match="dead-letters list"):
        place_of(wrong)
