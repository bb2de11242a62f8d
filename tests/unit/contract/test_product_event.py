"""What the encoder writes keeps the schemas, and schema and decoder refuse the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.capture.classify import ProductChange
from consumer.capture.records import RecordWriter
from consumer.errors import UndecodableEventError
from consumer.events import (
    Headers,
    Operation,
    ProductEvent,
    change_sequence,
    decode,
    encode_headers,
    encode_key,
    encode_value,
    read_sequence,
)
from consumer.kafka import TopicNames
from consumer.mongo import bson
from consumer.mongo.documents import decode as decode_document
from consumer.mongo.documents import may_hold_non_finite
from tests.event_contract import EVENT, EVENT_HEADERS, contract_files, header_texts, keeps, violations
from tests.unit.contract.making import DOCUMENTS, NAMES, SEQUENCES, TENANTS, TIMES, WORDS, as_json


@st.composite
def events(draw: st.DrawFn) -> ProductEvent:
    operation = draw(st.sampled_from(Operation))
    document = DOCUMENTS.map(as_json).map(orjson.loads)
    return ProductEvent(
        id=draw(NAMES),
        operation=operation,
        tenant=draw(TENANTS),
        entity_code=draw(NAMES),
        sequence=draw(SEQUENCES),
        time=draw(TIMES),
        changed=draw(st.none() | st.lists(st.text(max_size=5), max_size=3).map(tuple)),
        product=None if operation is Operation.DELETED else draw(document),
        before=draw(st.none() | document),
    )


_TIME = datetime(2026, 11, 23, 9, tzinfo=UTC)


def headers_agree(headers: dict[str, str], body: dict[str, Any]) -> bool:
    """Whether the headers say what the value says."""
    return headers | {"ce_id": "", "content-type": "", "traceparent": ""} == {
        "traceparent": "",
        "ce_specversion": "1.0",
        "ce_id": "",
        "ce_type": f"marketsync.product.{body['operation']}.v1",
        "ce_source": f"/marketsync/{body['tenant']}/pimproducts",
        "ce_subject": body["entity_code"],
        "ce_time": body["time"],
        "ce_sequence": body["sequence"],
        "content-type": "",
        "tenant": body["tenant"],
    }


@given(events())
def test_what_is_encoded_keeps_the_schemas(event: ProductEvent) -> None:
    body, headers = orjson.loads(encode_value(event)), header_texts(encode_headers(event))
    assert violations(EVENT, body) == []
    assert violations(EVENT_HEADERS, headers) == []
    assert headers_agree(headers, body)
    assert set(body) == set(contract_files()[EVENT]["required"])
    assert set(headers) == {*contract_files()[EVENT_HEADERS]["required"], "traceparent"}


@given(DOCUMENTS, st.none() | DOCUMENTS, st.sampled_from(Operation), NAMES, SEQUENCES)
def test_what_capture_makes_of_a_document_keeps_the_schemas(
    document: dict[str, Any], before: dict[str, Any] | None, operation: Operation, code: str, sequence: str
) -> None:
    raw = bson.encode({"product": document, "before": before})
    whole = decode_document(raw)
    change = ProductChange(operation, code, whole["product"], whole["before"], None)
    origin = ("vinc-acme", "82AB", sequence, "2026-11-23T12:51:40.050+00:00")
    record = RecordWriter(TopicNames(), limit=1_000_000).event(change, origin, finite=not may_hold_non_finite(raw))
    assert isinstance(record, tuple)
    topic, key, value, headers = record
    assert isinstance(value, bytes)
    assert topic == TopicNames().of(operation)
    assert violations(EVENT, orjson.loads(value)) == []
    assert violations(EVENT_HEADERS, header_texts(headers)) == []
    assert decode(key, value, headers).operation is operation


def decodes(body: dict[str, Any], headers: Headers) -> bool:
    try:
        decode(encode_key(body.get("tenant", ""), body.get("entity_code", "")), orjson.dumps(body), headers)
    except UndecodableEventError:
        return False
    return True


_WORDS: st.SearchStrategy[Any] = st.sampled_from(
    [*Operation, "sold", "", "Created", "0" * 24, "F" * 24, "0" * 23, "0" * 25, "0" * 23 + "g", "0" * 24 + "\n"]
)
_JSON: st.SearchStrategy[Any] = st.one_of(
    _WORDS,
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.text(max_size=5),
    st.lists(st.text(max_size=3) | st.integers(0, 3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=2),
)
_JUDGED = ("operation", "tenant", "entity_code", "sequence", "changed", "product", "before")


@given(events(), st.sampled_from(_JUDGED), _JSON)
def test_a_member_the_schema_refuses_is_refused_by_the_decoder_and_the_other_way_round(
    event: ProductEvent, member: str, value: Any
) -> None:
    body = orjson.loads(encode_value(event)) | {member: value}
    # The decoder forgives two things no writer of ours does: a state that comes with a deletion, a slash in a tenant.
    forgiven = (body["operation"] == "deleted" and isinstance(body["product"], dict)) or "/" in str(body["tenant"])
    assert keeps(EVENT, body) == decodes(body, encode_headers(event)) or forgiven


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "sold"},
        {"operation": None},
        {"tenant": ""},
        {"entity_code": 7},
        {"sequence": "0" * 23},
        {"sequence": "0" * 25},
        {"sequence": "0" * 24 + "\n"},
        {"sequence": "F" * 24},
        {"sequence": 0},
        {"time": ""},
        {"time": 1795438300},
        {"changed": "quantity"},
        {"changed": [1]},
        {"product": None},
        {"product": []},
        {"before": "x"},
    ],
)
def test_what_breaks_a_reader_is_refused_by_both(change: dict[str, Any]) -> None:
    event = ProductEvent("1", Operation.READ, "a", "P", change_sequence(1, 2, 3), _TIME, None, {})
    body = orjson.loads(encode_value(event)) | change
    assert not keeps(EVENT, body)
    assert not decodes(body, encode_headers(event))


@given(events(), st.sampled_from(("operation", "tenant", "entity_code", "sequence", "time", "product")))
def test_a_missing_member_is_refused_by_both(event: ProductEvent, member: str) -> None:
    body = orjson.loads(encode_value(event))
    del body[member]
    assert not keeps(EVENT, body)
    # Absent is null to a reader, and null is what a deletion has for a product.
    assert not decodes(body, encode_headers(event)) or (member == "product" and event.operation is Operation.DELETED)


@given(events(), st.sampled_from(("changed", "before")))
def test_a_reader_takes_what_is_absent_for_null(event: ProductEvent, member: str) -> None:
    body = orjson.loads(encode_value(event))
    del body[member]
    read = decode(encode_key(event.tenant, event.entity_code), orjson.dumps(body), encode_headers(event))
    assert getattr(read, member) is None


@given(events(), st.none() | st.text(max_size=5) | st.integers())
def test_a_time_the_decoder_cannot_read_is_refused_by_the_schema(event: ProductEvent, time: Any) -> None:
    body = orjson.loads(encode_value(event)) | {"time": time}
    assert not keeps(EVENT, body) or decodes(body, encode_headers(event))


@pytest.mark.parametrize(
    "time", ["2026-11-23T09:00:00Z", "2026-11-23T09:00:00.25+01:00", "2026-11-23T09:00:00.123456+00:00"]
)
def test_times_of_every_precision_and_offset_are_taken_by_both(time: str) -> None:
    event = ProductEvent("1", Operation.READ, "a", "P", change_sequence(1, 2, 3), _TIME, None, {})
    body = orjson.loads(encode_value(event)) | {"time": time}
    assert violations(EVENT, body) == []
    assert decodes(body, encode_headers(event))


@given(
    st.sampled_from(["marketsync.product.", "marketsync.", "", "x.marketsync.product."]),
    st.sampled_from([*Operation]),
    st.sampled_from([".v1", ".v2", ".v10", "", ".V1", ".v1.1"]),
)
def test_the_type_says_which_layout_it_is(start: str, operation: Operation, end: str) -> None:
    event = ProductEvent("1", operation, "a", "P", change_sequence(1, 2, 3), _TIME, None, {})
    body = orjson.loads(encode_value(event))
    headers = dict(encode_headers(event)) | {"ce_type": f"{start}{operation}{end}".encode()}
    known = (start, end) == ("marketsync.product.", ".v1")
    assert keeps(EVENT_HEADERS, header_texts(headers.items())) is known
    assert decodes(body, list(headers.items())) is known


@pytest.mark.parametrize("header", sorted(contract_files()[EVENT_HEADERS]["required"]))
def test_no_header_may_be_missing(header: str) -> None:
    event = ProductEvent("1", Operation.READ, "a", "P", change_sequence(1, 2, 3), _TIME, None, {})
    headers = header_texts(encode_headers(event))
    del headers[header]
    assert not keeps(EVENT_HEADERS, headers)


@given(WORDS, WORDS)
def test_a_read_sequence_is_one_too(time: int, increment: int) -> None:
    assert violations(f"{EVENT}#/$defs/sequence", read_sequence(time, increment)) == []


@given(TENANTS, NAMES)
def test_keys_split_at_the_first_slash(tenant: str, code: str) -> None:
    messages = contract_files()["asyncapi.json"]["components"]["messages"]
    key = encode_key(tenant, code).decode()
    assert re.search(messages["productCreated"]["bindings"]["kafka"]["key"]["pattern"], key)
    assert key.split("/", 1) == [tenant, code]
