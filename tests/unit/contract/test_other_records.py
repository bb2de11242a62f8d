"""Positions, dead letters and retry records, as the program writes them, keep their schemas."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import AdapterError, ChannelUnavailableError
from consumer.capture.classify import DeadLetterReason, Unidentified
from consumer.capture.dead_letters import Origin, encode_dead_letter
from consumer.capture.positions import Position, encode_position, stream_key
from consumer.capture.snapshots.progress import SnapshotProgress, encode_progress, not_read, snapshot_key
from consumer.delivery import origin as delivery_origin
from consumer.delivery.dead_letters import GivenUp, dead_letter_headers, error_kind
from consumer.delivery.retry_topics import Retry, read_retry, retry_headers
from consumer.errors import UndecodableEventError
from consumer.events import change_sequence
from consumer.kafka.records import Record
from tests.event_contract import (
    CAPTURE_DEAD_LETTER,
    CAPTURE_DEAD_LETTER_HEADERS,
    DEAD_LETTER_HEADERS,
    POSITION,
    PROGRESS,
    RETRY_HEADERS,
    contract_files,
    header_texts,
    keeps,
    violations,
)
from tests.unit.capture.test_snapshot_progress import PROGRESS as MADE_PROGRESS
from tests.unit.contract.making import NAMES, TENANTS, WORDS
from tests.unit.delivery.making import make_record

_MESSAGES = contract_files()["asyncapi.json"]["components"]["messages"]
_TOKENS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"_data": st.from_regex(r"82[0-9A-F]{16,60}", fullmatch=True)}, optional={"_typeBits": st.binary()}
)
_TIMES = st.tuples(WORDS, WORDS)


def has_key(message: str, key: bytes | None) -> bool:
    """Whether it is a key of this message."""
    assert key is not None
    return re.search(_MESSAGES[message]["bindings"]["kafka"]["key"]["pattern"], key.decode()) is not None


@given(st.builds(Position, token=_TOKENS, time=_TIMES, index=st.integers(-1, 2**31)))
def test_positions(position: Position) -> None:
    record = orjson.loads(encode_position(position))
    assert violations(POSITION, record) == []
    assert not keeps(PROGRESS, record)
    assert has_key("capturePosition", stream_key("pim"))


@given(MADE_PROGRESS)
def test_progress(progress: SnapshotProgress) -> None:
    record = orjson.loads(encode_progress(progress))
    assert violations(PROGRESS, record) == []
    assert violations("capture-positions.schema.json", record) == []
    assert not keeps(POSITION, record)
    assert has_key("snapshotProgress", snapshot_key("pim", "vinc-a", progress.request))


@pytest.mark.parametrize("change", [{"layout": 2}, {"layout": None}, {"time": [1]}, {"index": -2}, {"token": "82"}])
def test_a_position_of_another_layout_is_refused(change: dict[str, Any]) -> None:
    record = orjson.loads(encode_position(Position({"_data": "82"}, (7, 8), 9)))
    assert keeps(POSITION, record)
    assert not keeps(POSITION, record | change)


def test_progress_before_the_first_chunk() -> None:
    assert violations(PROGRESS, orjson.loads(encode_progress(not_read("vinc-a")))) == []


@given(
    st.sampled_from(DeadLetterReason),
    TENANTS,
    st.none() | st.text(min_size=1, max_size=300),
    st.sampled_from(["insert", "update", "replace", "delete", "read"]),
    st.text("a \n\r\t\u2028", min_size=1).filter(str.strip),
)
def test_dead_letters_of_capture(
    reason: DeadLetterReason, tenant: str, code: str | None, operation: str, words: str
) -> None:
    origin = Origin(
        tenant=tenant,
        database=f"vinc-{tenant}",
        operation=operation,
        document_key={"_id": 7},
        entity_code=code,
        sequence=change_sequence(1, 2, 3),
        time="2026-11-23T12:51:40.067+00:00",
    )
    key, value, headers = encode_dead_letter(origin, Unidentified(reason, words))
    assert violations(CAPTURE_DEAD_LETTER, orjson.loads(value)) == []
    assert violations(CAPTURE_DEAD_LETTER_HEADERS, header_texts(headers)) == []
    assert has_key("captureDeadLetter", key)


_SECONDS = st.floats(0, 4e9)
_ORIGINS = st.builds(
    delivery_origin.Origin,
    topic=st.sampled_from(["pim.products.updated", "team-1.pim.products.resync"]),
    partition=st.integers(0, 999),
    offset=st.integers(0, 2**63 - 1),
    timestamp=_SECONDS,
)
# Of every error that an adapter has, the word that goes into the header.
_BRANCHES: list[type[AdapterError]] = AdapterError.__subclasses__()
_ERRORS: list[type[AdapterError]] = [
    AdapterError,
    *_BRANCHES,
    *(
        error
        for branch in _BRANCHES
        for error in branch.__subclasses__()
        if error.__module__ == AdapterError.__module__
    ),
]
_KINDS = st.sampled_from([error_kind(None), error_kind(ZeroDivisionError()), *(error("x").kind for error in _ERRORS)])


@given(st.builds(Retry, NAMES, st.integers(0, 99), st.none() | _SECONDS, _SECONDS, _ORIGINS, _KINDS))
def test_retry_records(retry: Retry) -> None:
    record = make_record()
    headers = retry_headers(record, retry)
    assert violations(RETRY_HEADERS, header_texts(headers)) == []
    # What a record may carry from its last hop is renewed, not doubled.
    again = retry_headers(replace(record, headers=tuple(headers)), retry)
    assert header_texts(again) == header_texts(headers)
    assert read_retry(replace(record, headers=tuple(headers))).account == retry.account


def test_a_record_without_an_account_is_no_retry_record() -> None:
    assert not keeps(RETRY_HEADERS, header_texts(make_record().headers))


def make_letter(reason: str, error: Exception | None) -> GivenUp:
    return GivenUp(
        group="marketsync.ebay",
        channel="ebay",
        tenant="acme" if reason != "undecodable" else "",
        account="default" if reason != "undecodable" else "",
        reason=reason,
        attempts=3,
        first_failure=1.5,
        last_failure=2.5,
        error=error,
    )


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("undecodable", UndecodableEventError("value", "is not JSON")),
        ("exhausted", ChannelUnavailableError("x" * 5000)),
        ("bug", ZeroDivisionError("division by zero")),
        ("bug", None),
    ],
)
@pytest.mark.parametrize(
    "record",
    [
        make_record(),
        replace(make_record(), headers=(), key=None, value=None, timestamp=0.0),
        Record("memory.retry.60s", 0, 7, b"k", b"{", (("kafka_original-topic", b"t"), ("who", b"x")), 1.0),
    ],
    ids=["event", "nothing", "stranger"],
)
def test_dead_letters_of_a_channel(record: Record, reason: str, error: Exception | None) -> None:
    headers = header_texts(dead_letter_headers(record, make_letter(reason, error)))
    assert violations(DEAD_LETTER_HEADERS, headers) == []


def test_dead_letters_of_retry_records_tell_where_the_state_came_from() -> None:
    origin = delivery_origin.Origin("pim.products.updated", 3, 9, 1.0)
    retried = retry_headers(make_record(), Retry("default", 2, 1.0, 2.0, origin, "rate_limited"))
    record = replace(make_record(topic="marketsync.ebay.retry.60s"), headers=tuple(retried))
    headers = header_texts(dead_letter_headers(record, make_letter("exhausted", None)))
    assert violations(DEAD_LETTER_HEADERS, headers) == []
    assert headers["kafka_dlt-original-topic"] == "pim.products.updated"
    assert keeps("product-event-headers.v1.schema.json", headers), "the event's own headers are kept"
    assert not [name for name in headers if name.startswith(("kafka_original-", "retry_topic-"))]
