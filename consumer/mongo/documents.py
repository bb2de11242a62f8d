"""BSON documents as JSON and back: MongoDB's relaxed Extended JSON v2, quickly and without losing a digit.

The driver decodes BSON in C, orjson writes JSON in Rust; only values JSON has no word for come through Python
(`_extended`). What orjson would silently turn into null, NaN and Infinity, is looked for in the raw bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
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
    _bson_to_dict,  # bson.decode without its argument checks, a tenth of the time of a small document
)
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError

from consumer.errors import MarketsyncError

Document = dict[str, Any]

# Naive datetimes are UTC here and cost half as much to build; those Python cannot hold stay milliseconds.
_CODEC: CodecOptions[Document] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
_LENIENT_CODEC = _CODEC.with_options(unicode_decode_error_handler="replace")
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  naive is UTC, see above


class UndecodableDocumentError(MarketsyncError):
    """Bytes that are not BSON, or text in them that is not UTF-8."""


def decode(raw: bytes) -> Document:
    """The document in these BSON bytes. Datetimes are naive UTC. Raises UndecodableDocumentError."""
    try:
        document: Document = _bson_to_dict(raw, _CODEC)
    except BSONError as error:
        raise UndecodableDocumentError(str(error)) from error
    return document


def decode_leniently(raw: bytes) -> Document:
    """As `decode`, with a replacement character where text is not UTF-8: to say which document it is, no more."""
    try:
        document: Document = _bson_to_dict(raw, _LENIENT_CODEC)
    except BSONError as error:
        raise UndecodableDocumentError(str(error)) from error
    return document


def may_hold_non_finite(raw: bytes) -> bool:
    """Whether NaN or Infinity may be among the numbers of these BSON bytes. False is certain, True is a guess.

    Such a double ends in a byte f0-ff and then 7f or ff, which UTF-8 text never holds. Negative integers do: they are
    the false alarms, and only cost time.
    """
    for last in (b"\x7f", b"\xff"):
        at = raw.find(last, 1)
        while at != -1:
            if raw[at - 1] >= 0xF0:
                return True
            at = raw.find(last, at + 1)
    return False


def to_json(document: Mapping[str, Any], *, finite: bool = False) -> bytes:
    """A decoded document as JSON text. finite: the caller knows that there is no NaN or Infinity in it."""
    return orjson.dumps(document if finite else _spell_out(document), _extended, _OPTIONS)


def to_json_document(document: Mapping[str, Any]) -> Document:
    """A decoded document as one of JSON values only."""
    result: Document = orjson.loads(to_json(document))
    return result


def from_extended_json(value: Any) -> Any:
    """A JSON value with Extended JSON in it as Python values.

    Decimals become Decimal, dates aware datetimes (outside the years 1-9999: DatetimeMS), ObjectId, bytes and
    Timestamp themselves. An object that only looks like Extended JSON stays as it is.
    """
    if isinstance(value, list):
        return [from_extended_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        read = _READERS.get(name)
        if read is not None:
            try:
                return read(inner)
            except (ValueError, TypeError, ArithmeticError, KeyError, BSONError):
                return value
    return {name: from_extended_json(inner) for name, inner in value.items()}


def _extended(value: Any) -> Any:
    """orjson asks this for everything JSON has no word for."""
    write = _WRITERS.get(type(value))
    if write is None:
        raise TypeError(f"no BSON type: {type(value).__name__}")
    return write(value)


def _write_date(value: datetime) -> Document:
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if value.year < 1970:
        return {"$date": {"$numberLong": str((value - _EPOCH) // _MILLISECOND)}}
    return {"$date": value.isoformat(timespec="milliseconds") + "Z"}


def _write_binary(value: bytes) -> Document:
    subtype = value.subtype if isinstance(value, Binary) else 0
    return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": f"{subtype:02x}"}}


def _write_code(value: Code) -> Document:
    scope = {} if value.scope is None else {"$scope": dict(value.scope)}
    return {"$code": str.__str__(value), **scope}


def _write_regex(value: Regex[Any]) -> Document:
    pattern = value.pattern if isinstance(value.pattern, str) else value.pattern.decode("utf-8", "replace")
    flags = "".join(letter for letter, flag in _REGEX_FLAGS if value.flags & flag)
    return {"$regularExpression": {"pattern": pattern, "options": flags}}


# Alphabetical, as the specification wants them.
_REGEX_FLAGS = (("i", 2), ("l", 4), ("m", 8), ("s", 16), ("u", 32), ("x", 64))
_MILLISECOND = datetime(1970, 1, 1, 0, 0, 0, 1000) - _EPOCH  # noqa: DTZ001  as above

_WRITERS: Mapping[type, Callable[[Any], Any]] = {
    ObjectId: lambda value: {"$oid": str(value)},
    datetime: _write_date,
    DatetimeMS: lambda value: {"$date": {"$numberLong": str(int(value))}},
    Int64: int,
    Decimal128: lambda value: {"$numberDecimal": str(value)},
    bytes: _write_binary,
    Binary: _write_binary,
    Timestamp: lambda value: {"$timestamp": {"t": value.time, "i": value.inc}},
    Regex: _write_regex,
    Code: _write_code,
    DBRef: lambda value: dict(value.as_doc()),
    MinKey: lambda _: {"$minKey": 1},
    MaxKey: lambda _: {"$maxKey": 1},
}


def _spell_out(value: Any) -> Any:
    """The value with NaN and Infinity in Extended JSON's words."""
    kind = type(value)
    if kind is float:
        return value if value - value == 0 else {"$numberDouble": _NON_FINITE.get(value, "NaN")}
    if kind is dict:
        return {name: _spell_out(inner) for name, inner in value.items()}
    if kind is list:
        return [_spell_out(item) for item in value]
    return value


_NON_FINITE = {float("inf"): "Infinity", float("-inf"): "-Infinity"}


def _read_date(inner: Any) -> Any:
    if isinstance(inner, str):
        return datetime.fromisoformat(inner).astimezone(UTC)
    milliseconds = int(inner["$numberLong"])
    try:
        return _EPOCH.replace(tzinfo=UTC) + milliseconds * _MILLISECOND
    except OverflowError:
        return DatetimeMS(milliseconds)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "$oid": ObjectId,
    "$date": _read_date,
    "$numberDecimal": Decimal,
    "$numberDouble": float,
    "$numberLong": int,
    "$numberInt": int,
    "$binary": lambda inner: base64.b64decode(inner["base64"], validate=True),
    "$timestamp": lambda inner: Timestamp(inner["t"], inner["i"]),
}
