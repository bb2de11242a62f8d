"""Reading documents that a person may have written by hand."""

from __future__ import annotations

from typing import Any, TypeVar

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.collection import Collection

Kind = TypeVar("Kind", AsyncCollection[dict[str, Any]], Collection[dict[str, Any]])

_LENIENT: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_AUTO
)


def lenient(collection: Kind) -> Kind:
    """The collection as one that decodes whatever stands in it: no document keeps others from being read.

    Text that is not UTF-8 gets replacement characters, dates that Python does not have stay milliseconds.
    """
    return collection.with_options(codec_options=_LENIENT)
