"""From when until when a rule holds. Dates without a time zone are those of the account's clocks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _next_midnight(value: Any) -> Any:
    """A date is the whole day: what ends on it ends when the day is over."""
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        value = date.fromisoformat(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day) + timedelta(days=1)  # noqa: DTZ001  the account's own zone
    return value


def _zone(name: str) -> str:
    try:
        zone(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{name} is no time zone; write one such as Europe/Rome") from None
    return name


# As text wherever it is kept: a database would take a time without a zone for UTC.
_Text = PlainSerializer(lambda value: None if value is None else value.isoformat(), return_type=str | None)
Start = Annotated[datetime | None, _Text]
"""A date, from its midnight on, or a date with a time."""
End = Annotated[datetime | None, BeforeValidator(_next_midnight), _Text]
"""A date, which is still part of it, or a date with a time, which is not."""
ZoneName = Annotated[str, AfterValidator(_zone)]


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone of this name. Raises ValueError, KeyError or OSError if there is none."""
    return ZoneInfo(name)


def in_utc(moment: datetime | None, local: tzinfo) -> datetime | None:
    """The moment in UTC; without a zone of its own it is one of the local clocks."""
    if moment is None:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=local)).astimezone(UTC)


def earliest(moments: Iterable[datetime | None], after: datetime) -> datetime | None:
    """The first of these moments that is still to come."""
    return min((moment for moment in moments if moment is not None and moment > after), default=None)
