"""Filters in MongoDB's query language, as people write them: JSON, with Extended JSON for what JSON has no word for."""

from __future__ import annotations

from typing import Any

from bson.errors import BSONError
from bson.json_util import JSONOptions, loads

_OPTIONS = JSONOptions(tz_aware=True)


def read_filter(text: str) -> Any:
    """What the text says, ready for the server. Raises ValueError, in words, for what is not (Extended) JSON."""
    try:
        return loads(text, json_options=_OPTIONS)
    except (ValueError, TypeError, KeyError, BSONError) as error:
        raise ValueError(str(error)) from error
