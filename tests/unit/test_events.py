"""Whatever is written as an event is read back as the same event; anything else is refused by the name of a field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import UndecodableEventError
from consumer.events import (
    EventWriter,
    Operation,
    ProductEvent,
    change_sequence,
    decode,
    encode_headers,
    encode_key,
    encode_value,
    read_sequence,
)
from consumer.traceparent import traceparent

_WORDS = st.integers(0, 2**32 - 1)
_SEQUENCES = st.builds(change_sequence, _WORDS, _WORDS, _WORDS)
_NAMES = st.text(min_size=1)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.just({"$numberDecimal": "19.90"}) | st.just({"$numberDouble": "NaN"}),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)  # fmt: skip
_DOCUMENTS = st.dictionaries(st.text(), _JSON)
_TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001  made aware below
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)


@st.composite
def events(draw: st.DrawFn) -> ProductEvent:
    operation = draw(st.sampled_from(Operation))
    return ProductEvent(
        id=draw(_NAMES),
        operation=operation,
        tenant=draw(st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)),
        entity_code=draw(_NAMES),
        sequence=draw(_SEQUENCES),
        time=draw(_TIMES),
        changed=draw(st.none() | st.lists(st.text()).map(tuple)),
        product=None if operation is Operation.DELETED else draw(_DOCUMENTS),
        before=draw(st.none() | _DOCUMENTS),
    )


def read(event: ProductEvent) -> ProductEvent:
    return decode(encode_key(event.tenant, event.entity_code), encode_value(event), encode_headers(event))


@given(events())
def test_an_event_comes_back(event: ProductEvent) -> None:
    assert read(event) == event


@given(events())
def test_documents_may_come_as_ready_json(event: ProductEvent) -> None:
    writer = EventWriter(event.tenant, event.operation)
    value = writer.value(
        event.entity_code,
        sequence=event.sequence,
        time=event.time.isoformat(timespec="milliseconds"),
        changed=event.changed,
        product=None if event.product is None else orjson.dumps(event.product),
        before=None if event.before is None else orjson.dumps(event.before),
    )
    assert value == encode_value(event)


@given(events(), _DOCUMENTS)
def test_members_of_a_later_version_are_ignored(event: ProductEvent, more: dict[str, Any]) -> None:
    body = more | orjson.loads(encode_value(event))
    headers = [*encode_headers(event), ("ce_later", b"x")]
    assert decode(encode_key(event.tenant, event.entity_code), orjson.dumps(body), headers) == event


@given(_WORDS, _WORDS, _WORDS, _WORDS, _WORDS, _WORDS)
def test_sequences_order_as_text_as_their_numbers_do(a: int, b: int, c: int, d: int, e: int, f: int) -> None:
    assert (change_sequence(a, b, c) < change_sequence(d, e, f)) == ((a, b, c) < (d, e, f))


@given(_WORDS, _WORDS, st.integers(0, 2**32 - 2))
def test_a_read_comes_after_every_change_of_its_time_and_before_the_next(time: int, increment: int, index: int) -> None:
    assert change_sequence(time, increment, index) < read_sequence(time, increment)
    if increment < 2**32 - 1:
        assert read_sequence(time, increment) < change_sequence(time, increment + 1, 0)


EVENT = ProductEvent(
    id="1",
    operation=Operation.UPDATED,
    tenant="a",
    entity_code="P-1",
    sequence=change_sequence(1, 2, 3),
    time=datetime(2026, 11, 23, 9, tzinfo=UTC),
    changed=("quantity",),
    product={"quantity": 1},
)


def test_headers_are_cloudevents() -> None:
    assert dict(encode_headers(EVENT)) == {
        "ce_specversion": b"1.0",
        "ce_id": b"1",
        "ce_type": b"marketsync.product.updated.v1",
        "ce_source": b"/marketsync/a/pimproducts",
        "ce_subject": b"P-1",
        "ce_time": b"2026-11-23T09:00:00.000+00:00",
        "ce_sequence": b"000000010000000200000003",
        "traceparent": traceparent(b"1"),
        "content-type": b"application/json",
        "tenant": b"a",
    }


def test_times_of_other_offsets_are_read_as_utc() -> None:
    body = orjson.loads(encode_value(EVENT)) | {"time": "2026-11-23T10:00:00+01:00"}
    event = decode(b"a/P-1", orjson.dumps(body), encode_headers(EVENT))
    assert event.time == EVENT.time
    assert event.time.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("operation", {"operation": "sold"}),
        ("tenant", {"tenant": None}),
        ("entity_code", {"entity_code": ""}),
        ("key", {"entity_code": "P-2"}),
        ("sequence", {"sequence": "1"}),
        ("sequence", {"sequence": "G" * 24}),
        ("time", {"time": "yesterday"}),
        ("changed", {"changed": "quantity"}),
        ("changed", {"changed": [1]}),
        ("product", {"product": []}),
        ("product", {"product": None}),
        ("before", {"before": "x"}),
    ],
)
def test_a_wrong_member_is_named(field: str, change: dict[str, Any]) -> None:
    body = orjson.loads(encode_value(EVENT)) | change
    with pytest.raises(UndecodableEventError) as refusal:
        decode(b"a/P-1", orjson.dumps(body), encode_headers(EVENT))
    assert refusal.value.field == field


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b'"text"', b"{"])
def test_a_value_that_is_no_object_is_refused(value: bytes | None) -> None:
    with pytest.raises(UndecodableEventError) as refusal:
        decode(b"a/P-1", value, encode_headers(EVENT))
    assert refusal.value.field == "value"


@pytest.mark.parametrize("kind", [b"", b"marketsync.product.updated.v2", b"other.v1", b"\xff"])
def test_another_layout_is_refused(kind: bytes) -> None:
    with pytest.raises(UndecodableEventError) as refusal:
        decode(b"a/P-1", encode_value(EVENT), [("ce_type", kind)])
    assert refusal.value.field == "ce_type"
