"""A state survives MongoDB unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from adapters.model import Money, Operation, Problem
from consumer.events import Sequence
from consumer.listings.codec import UnreadableStateError, from_document, to_document
from consumer.listings.state import Doubt, Fingerprint, ListingKey, ListingState, Status, Version
from consumer.mongo import bson

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_SEQUENCES = st.from_regex(r"[0-9a-f]{24}", fullmatch=True).map(Sequence)
_MOMENTS = st.integers(0, 2**41).map(lambda value: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value))
_MONEY = st.builds(
    Money, amount=st.decimals(0, 10**12, allow_nan=False, places=2), currency=st.sampled_from(["EUR", "GBP"])
)
_VERSIONS = st.builds(
    Version,
    sequence=_SEQUENCES,
    operation=st.sampled_from(Operation),
    sku=_TEXT,
    at=_MOMENTS,
    fingerprint=st.none() | st.builds(Fingerprint, content=_TEXT, offer=_TEXT),
    title=st.none() | _TEXT,
    price=st.none() | _MONEY,
    quantity=st.none() | st.integers(0, 10**12),
)
_KEYS = st.builds(
    ListingKey,
    channel=st.just("ebay"),
    account=st.sampled_from(["default", "second"]),
    tenant=st.just("shop"),
    entity_code=_TEXT.filter(bool),
)
_STATES = st.builds(
    ListingState,
    id=_KEYS.map(str),
    revision=st.integers(1, 2**40),
    planned_sequence=_SEQUENCES,
    status=st.sampled_from(Status),
    created_at=_MOMENTS,
    updated_at=_MOMENTS,
    sku=_TEXT,
    intent=st.none() | _VERSIONS,
    sent=st.none() | _VERSIONS,
    accepted=st.none() | _VERSIONS,
    proposed=st.none() | _VERSIONS,
    doubt=st.sampled_from(Doubt),
    references=st.dictionaries(st.from_regex("[a-z_]{1,9}", fullmatch=True), _TEXT, max_size=3),
    warnings=st.lists(_TEXT, max_size=2).map(tuple),
    reason=_TEXT,
    problems=st.lists(st.builds(Problem, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT), max_size=2).map(tuple),
    error=st.none() | _TEXT,
    attempts=st.integers(0, 100),
)
_AS_STORED: CodecOptions[Mapping[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)


@given(_STATES)
def test_round_trip_through_bson(state: ListingState) -> None:
    raw = bson.encode(to_document(state))
    assert from_document(bson.decode(raw, _AS_STORED)) == state


@given(_KEYS)
def test_round_trip_of_ids(key: ListingKey) -> None:
    assert ListingKey.parse(str(key)) == key


@given(_STATES, st.sampled_from(["status", "intent", "references", "problems", "doubt", "sku", "updated_at"]))
def test_a_broken_document_is_named(state: ListingState, name: str) -> None:
    document = to_document(state)
    del document[name]
    with pytest.raises(UnreadableStateError, match="cannot be read"):
        from_document(document)


def test_members_of_a_newer_version_are_ignored() -> None:
    state = ListingState(
        id="ebay/default/shop/A/1",
        revision=1,
        planned_sequence=Sequence("0" * 24),
        status=Status.LIVE,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    document = to_document(state)
    assert document["entity_code"] == "A/1"
    assert from_document({**document, "history": [], "colour": True}) == state
