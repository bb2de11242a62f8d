"""When a credential ends, how old it is, and what to say of both. Pure: the time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_DAY = 86_400.0
# Days before its end that a credential is told of, and days after which it counts as old.
AHEAD = (1, 7, 30)
OLD = 90


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing to tell about a credential. step: the same until something new is to be told. words: for a person."""

    step: str
    words: str


def ends_at(set_at: datetime, lifetime: float | None) -> datetime | None:
    """When a credential ends that was issued then. lifetime: seconds, None = it is not known to end."""
    return None if lifetime is None else set_at + timedelta(seconds=lifetime)


def warnings(set_at: datetime, expires_at: datetime | None, now: datetime) -> tuple[Warned, ...]:
    """What is to be told of a credential now: its end from 30 days ahead, its age from 90 days on."""
    told = [_old(set_at, now)] if now - set_at > timedelta(days=OLD) else []
    if expires_at is not None:
        told = [*_ending(expires_at, now), *told]
    return tuple(told)


def in_words(set_at: datetime, expires_at: datetime | None, now: datetime) -> str:
    """The state of a credential for a table: when it ends, or how old it is."""
    if expires_at is None:
        return f"set {_days(now - set_at)} ago"
    if expires_at <= now:
        return f"ended on {expires_at:%Y-%m-%d}"
    return f"ends in {_days(expires_at - now)}, on {expires_at:%Y-%m-%d}"


def _ending(expires_at: datetime, now: datetime) -> list[Warned]:
    if expires_at <= now:
        return [Warned("ended", f"it ended on {expires_at:%Y-%m-%d %H:%M} UTC")]
    left = expires_at - now
    step = next((days for days in AHEAD if left <= timedelta(days=days)), None)
    return [] if step is None else [Warned(f"ends within {step} days", f"it ends {_words_of(left, expires_at)}")]


def _words_of(left: timedelta, expires_at: datetime) -> str:
    return f"in {_days(left)}, on {expires_at:%Y-%m-%d %H:%M} UTC"


def _old(set_at: datetime, now: datetime) -> Warned:
    return Warned("old", f"it has not been changed for {_days(now - set_at)}")


def _days(span: timedelta) -> str:
    days = span.total_seconds() / _DAY
    if days >= 2:
        return f"{days:.0f} days"
    return f"{max(0.0, days * 24):.0f} hours"
