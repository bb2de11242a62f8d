"""The record that a tenant was read whole keeps its schema, comes back, and is never taken for a product."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import UndecodableEventError
from consumer.events import SNAPSHOT_COMPLETED_TYPE, Operation, ProductEvent, encode_headers, encode_key, encode_value
from consumer.markers import SnapshotCause, SnapshotCompleted, decode_marker, encode_marker, is_marker
from tests.event_contract import (
    SNAPSHOT_COMPLETED,
    SNAPSHOT_COMPLETED_HEADERS,
    contract_files,
    header_texts,
    violations,
)
from tests.newest_state import NewestState
from tests.unit.contract.making import NAMES, SEQUENCES, TENANTS, TIMES

_KEY = contract_files()["asyncapi.json"]["components"]["messages"]["snapshotCompleted"]["bindings"]["kafka"]["key"]
_MARKERS = st.builds(
    SnapshotCompleted,
    id=NAMES,
    tenant=TENANTS,
    sequence=SEQUENCES,
    time=TIMES,
    cause=st.sampled_from(SnapshotCause),
    products=st.integers(1, 2**40),
)


@given(_MARKERS)
def test_a_marker_keeps_its_schema_and_comes_back(marker: SnapshotCompleted) -> None:
    key, value, headers = encode_marker(marker)
    assert violations(SNAPSHOT_COMPLETED, orjson.loads(value)) == []
    assert violations(SNAPSHOT_COMPLETED_HEADERS, header_texts(headers)) == []
    assert re.search(_KEY["pattern"], key.decode())
    assert is_marker(headers)
    assert decode_marker(value, headers) == marker
    reader = NewestState()
    reader.take(headers, value)
    assert reader.products == {}


@given(TENANTS, NAMES, SEQUENCES, TIMES)
def test_no_product_is_a_marker_or_has_its_key(tenant: str, code: str, sequence: Any, time: Any) -> None:
    event = ProductEvent("x", Operation.READ, tenant, code, sequence, time, None, {})
    assert not is_marker(encode_headers(event))
    assert encode_value(event)
    assert not re.search(_KEY["pattern"], encode_key(tenant, code).decode())


@given(_MARKERS)
def test_another_cause_is_taken_for_a_request(marker: SnapshotCompleted) -> None:
    _, value, headers = encode_marker(marker)
    later = orjson.dumps(orjson.loads(value) | {"cause": "moved", "more": 1})
    assert violations(SNAPSHOT_COMPLETED, orjson.loads(later)) == []
    assert decode_marker(later, headers).cause is SnapshotCause.REQUEST


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b'{"sequence": "7"}'])
def test_what_cannot_be_read_is_refused(value: bytes | None) -> None:
    with pytest.raises(UndecodableEventError, match="snapshot completed"):
        decode_marker(value, [("ce_type", SNAPSHOT_COMPLETED_TYPE.encode())])
