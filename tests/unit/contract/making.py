"""Values to try the contract with: BSON of every type, and what becomes of it on its way into Kafka."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import strategies as st

from consumer.events import change_sequence
from consumer.mongo import bson
from consumer.mongo.documents import decode, may_hold_non_finite, to_json

WORDS = st.integers(0, 2**32 - 1)
SEQUENCES = st.builds(change_sequence, WORDS, WORDS, WORDS)
TENANTS = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
NAMES = st.text(min_size=1, max_size=20)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001  made aware below
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)

# Form in extended-json.schema.json → values that take it.
FORMS: dict[str, st.SearchStrategy[Any]] = {
    "decimal": st.builds(
        lambda digits, scale: Decimal128(Decimal(digits).scaleb(scale)),
        st.integers(-(10**33), 10**33),
        st.integers(-6000, 6000),
    )
    | st.sampled_from([Decimal128("NaN"), Decimal128("-Infinity"), Decimal128("0E+3"), Decimal128("-0.00")]),
    "date": st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001  naive is UTC here
    | st.integers(-(2**63), 2**63 - 1).map(DatetimeMS),
    "objectId": st.binary(min_size=12, max_size=12).map(ObjectId),
    "nonFiniteDouble": st.sampled_from([float("nan"), float("inf"), float("-inf")]),
    "binary": st.binary() | st.builds(Binary, st.binary(), st.sampled_from([2, 4, 5, 128])),
    "timestamp": st.builds(Timestamp, WORDS, WORDS),
    "regularExpression": st.builds(Regex, st.sampled_from(["^NW-", ""]), st.sampled_from(["", "i", "im", "ilmsux"])),
    "code": st.sampled_from([Code("f()"), Code("f(a)", {"a": Decimal128("1")})]),
    "minKey": st.just(MinKey()),
    "maxKey": st.just(MaxKey()),
    "dbRef": st.sampled_from([DBRef("brands", "b-1"), DBRef("brands", ObjectId(), "other", more=1)]),
}
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
_MEMBERS = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
VALUES = st.recursive(
    PLAIN | st.one_of(*FORMS.values()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_MEMBERS, inner, max_size=4),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(_MEMBERS, VALUES, max_size=6)


def as_json(document: dict[str, Any]) -> bytes:
    """The way a document of the PIM takes: BSON, decoded as capture does, JSON."""
    raw = bson.encode(document)
    return to_json(decode(raw), finite=not may_hold_non_finite(raw))
