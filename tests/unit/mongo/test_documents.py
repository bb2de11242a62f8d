"""BSON to JSON and back: exact for every value a product may hold."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import bson
import orjson
import pytest
from bson import (
    Binary,
    Code,
    DatetimeMS,
    DBRef,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
    json_util,
)
from hypothesis import given
from hypothesis import strategies as st

from consumer.mongo.documents import (
    UndecodableDocumentError,
    decode,
    decode_leniently,
    from_extended_json,
    may_hold_non_finite,
    to_json,
    to_json_document,
)

_DATES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(  # noqa: DTZ001  naive is UTC here
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
_SCALES = st.integers(-6000, 6000)
_SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(),
    st.text(),
    _DATES,
    st.binary(),
    st.builds(lambda digits, scale: Decimal128(Decimal(digits).scaleb(scale)), st.integers(-(10**33), 10**33), _SCALES),
    st.sampled_from([Decimal128("NaN"), Decimal128("-Infinity"), Decimal128("0E+3"), Decimal128("-0.00")]),
    st.binary(min_size=12, max_size=12).map(ObjectId),
)
_NAMES = st.text(st.characters(exclude_characters="\0$.", codec="utf-8"))
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner), max_leaves=12)


def _bson(value: Any) -> bytes:
    return bson.encode({"value": value})


def _round_trip(raw: bytes) -> Any:
    text = to_json(decode(raw), finite=not may_hold_non_finite(raw))
    return from_extended_json(orjson.loads(text))["value"]


def _plain(value: Any) -> Any:
    """What `from_extended_json` gives for what the driver decoded; NaN made comparable."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal128):
        return str(value.to_decimal())
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return int(value) if isinstance(value, Int64) else value


@given(_VALUES)
def test_every_value_comes_back_exactly(value: Any) -> None:
    raw = _bson(value)
    assert _plain(_round_trip(raw)) == _plain(decode(raw)["value"])


@given(_VALUES)
def test_the_json_is_what_the_drivers_own_relaxed_writer_says(value: Any) -> None:
    raw = _bson(value)
    theirs = json_util.dumps(decode(raw), json_options=json_util.RELAXED_JSON_OPTIONS)
    ours = to_json(decode(raw), finite=not may_hold_non_finite(raw))
    assert _without_sub_second_zeros(orjson.loads(ours)) == _without_sub_second_zeros(orjson.loads(theirs))


def _without_sub_second_zeros(value: Any) -> Any:
    """Both ways of writing a whole second are relaxed Extended JSON."""
    if isinstance(value, dict):
        if isinstance(value.get("$date"), str):
            return {"$date": value["$date"].replace(".000Z", "Z")}
        return {name: _without_sub_second_zeros(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_sub_second_zeros(item) for item in value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), {"$numberDouble": "NaN"}),
        (float("inf"), {"$numberDouble": "Infinity"}),
        (float("-inf"), {"$numberDouble": "-Infinity"}),
        (Decimal128("19.90"), {"$numberDecimal": "19.90"}),
        (Decimal128("NaN"), {"$numberDecimal": "NaN"}),
        (Int64(2**62), 2**62),
        (datetime(2026, 11, 23, 8), {"$date": "2026-11-23T08:00:00.000Z"}),  # noqa: DTZ001  naive is UTC here
        (DatetimeMS(-1), {"$date": {"$numberLong": "-1"}}),
        (DatetimeMS(2**60), {"$date": {"$numberLong": str(2**60)}}),
        (b"\x00\xff", {"$binary": {"base64": "AP8=", "subType": "00"}}),
        (Binary(b"0123456789abcdef", 4), {"$binary": {"base64": "MDEyMzQ1Njc4OWFiY2RlZg==", "subType": "04"}}),
        (Timestamp(7, 9), {"$timestamp": {"t": 7, "i": 9}}),
        (Regex("^a", "im"), {"$regularExpression": {"pattern": "^a", "options": "im"}}),
        (Code("f()"), {"$code": "f()"}),
        (Code("f()", {"a": 1}), {"$code": "f()", "$scope": {"a": 1}}),
        (DBRef("brands", "b-1"), {"$ref": "brands", "$id": "b-1"}),
        (MinKey(), {"$minKey": 1}),
        (MaxKey(), {"$maxKey": 1}),
    ],
)
def test_values_json_has_no_word_for(value: Any, expected: Any) -> None:
    raw = _bson(value)
    text = to_json(decode(raw), finite=not may_hold_non_finite(raw))
    assert orjson.loads(text) == {"value": expected}


def test_nesting_as_deep_as_the_server_stores() -> None:
    value: Any = Decimal128("1")
    for _ in range(180):
        value = {"a": value}
    assert from_extended_json(to_json_document(decode(_bson(value))))["value"] != {}


def test_decimals_are_exact_and_dates_aware() -> None:
    read = from_extended_json({"price": {"$numberDecimal": "0.10"}, "at": {"$date": "2026-11-23T08:00:00.250Z"}})
    assert read == {"price": Decimal("0.10"), "at": datetime(2026, 11, 23, 8, 0, 0, 250_000, tzinfo=UTC)}


@pytest.mark.parametrize(
    "looks_like",
    [
        {"$oid": "no id"},
        {"$date": "soon"},
        {"$numberDecimal": "ten"},
        {"$numberLong": None},
        {"$binary": {}},
        {"$x": 1},
    ],
)
def test_what_only_looks_like_extended_json_stays(looks_like: Any) -> None:
    assert from_extended_json(looks_like) == looks_like


@given(st.floats(), st.text(), st.integers(-(2**31), 2**31))
def test_a_non_finite_number_is_never_overlooked(number: float, text: str, integer: int) -> None:
    raw = bson.encode({"text": text, "integer": integer, "numbers": [0.5, number]})
    assert may_hold_non_finite(raw) or math.isfinite(number)


@pytest.mark.parametrize("raw", [b"", b"\x05\x00\x00\x00", bson.encode({"a": "ab"}).replace(b"ab", b"\xff\xfe")])
def test_broken_bytes_are_told(raw: bytes) -> None:
    with pytest.raises(UndecodableDocumentError):
        decode(raw)


def test_a_document_with_broken_text_can_still_be_named() -> None:
    raw = bson.encode({"_id": "p-1", "name": "ab"}).replace(b"ab", b"\xff\xfe")
    assert decode_leniently(raw) == {"_id": "p-1", "name": "��"}
