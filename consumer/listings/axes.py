"""A listing's standing on five axes that are never mixed, and what has to happen next, in words. Pure.

wanted: by product and rules. work: what we do about it. last try: how that ended. channel: what the channel itself
says. blocked: why nothing is tried any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from adapters.model import Operation
from consumer.listings.owed import Cause
from consumer.listings.state import ChannelSays, ListingState, Status, Version

_HOLDING = {Cause.HELD, Cause.CAPPED, Cause.PAUSED, Cause.HALTED}
_NOT_LISTED = {Status.WITHDRAWN, Status.UNLISTED, Status.LEFT}
_REFUSED = {Status.REFUSED, Status.BLOCKED}


class Work(StrEnum):
    """What we are doing about a listing."""

    IDLE = "idle"
    WAITING = "waiting"
    """It is to be sent, or tried again."""
    SENDING = "sending"
    SUBMITTED = "submitted"
    """The channel has it, and has not said yet how it ended; or accepted it, and does not show it yet."""
    HELD = "held"
    """By a brake, a pause, or because its account is halted."""


class LastTry(StrEnum):
    """How the last plan or call ended."""

    NONE = "none"
    OK = "ok"
    REFUSED = "refused"
    """By the channel."""
    INVALID = "invalid"
    """By our own checks."""
    FAILED = "failed"
    """The network, the channel out of order, or a bug of ours."""
    REHEARSED = "rehearsed"
    """The account is in dry-run."""


class Blocked(StrEnum):
    """Why nothing is tried any more. It ends by itself when what caused it changes."""

    NO = "no"
    SAME_REFUSAL = "same refusal three times"
    NEEDS_AUTHORISATION = "the account does not work"


@dataclass(frozen=True, slots=True)
class Axes:
    """One listing. listed: whether it is wanted on the channel; reason: why not. next: what has to happen, in words."""

    listed: bool
    reason: str
    work: Work
    last_try: LastTry
    channel: ChannelSays
    blocked: Blocked
    next: str


def axes_of(state: ListingState) -> Axes:
    """Where the listing stands."""
    listed = _is_listed(state)
    return Axes(
        listed=listed,
        reason="" if listed else state.reason,
        work=_work(state),
        last_try=_last_try(state),
        channel=_channel(state),
        blocked=_blocked(state),
        next=_next(state),
    )


def wanted_of(state: ListingState) -> Version | None:
    """The newest version that is to be on the channel, with the sequence of its product's state.

    None where the listing is not wanted, or cannot be made of the product.
    """
    if not _is_listed(state) or state.status is Status.INVALID:
        return None
    return state.proposed or state.intent or _newest_sent(state)


def _newest_sent(state: ListingState) -> Version | None:
    return state.sent if state.submitted is None else state.submitted.version


def _is_listed(state: ListingState) -> bool:
    newest = state.proposed or state.intent
    if newest is not None:
        return newest.operation is not Operation.WITHDRAW
    if state.status in _NOT_LISTED:
        return False
    sent = _newest_sent(state)
    return sent is None or sent.operation is not Operation.WITHDRAW


def _work(state: ListingState) -> Work:
    if state.owed is not None and state.owed.cause in _HOLDING:
        return Work.HELD
    if state.intent is not None:
        return Work.SENDING
    if state.submitted is not None:
        return Work.SUBMITTED
    if state.owed is not None or state.status is Status.WAITING:
        return Work.WAITING
    if state.seen is not None and state.seen.again is not None:
        return Work.SUBMITTED
    return Work.IDLE


def _last_try(state: ListingState) -> LastTry:
    if state.status in _REFUSED:
        return LastTry.REFUSED
    if state.status is Status.INVALID:
        return LastTry.INVALID
    if state.status is Status.DRY_RUN:
        return LastTry.REHEARSED
    if state.error is not None:
        return LastTry.FAILED
    return LastTry.NONE if state.sent is None else LastTry.OK


def _channel(state: ListingState) -> ChannelSays:
    """What was seen before the last change says nothing about it."""
    changed = state.accepted or state.sent
    if state.seen is None or (changed is not None and state.seen.at < changed.at):
        return ChannelSays.UNKNOWN
    return state.seen.says


def _blocked(state: ListingState) -> Blocked:
    if state.owed is not None and state.owed.cause is Cause.HALTED:
        return Blocked.NEEDS_AUTHORISATION
    return Blocked.SAME_REFUSAL if state.status is Status.BLOCKED else Blocked.NO


def _next(state: ListingState) -> str:
    owed = state.owed
    if owed is not None and owed.cause is Cause.HELD:
        return f"A person decides, with `marketsync held`: {owed.words}."
    if owed is not None and owed.cause in _HOLDING:
        return f"{_HELD_NEXT[owed.cause]} ({owed.words})."
    if state.intent is None and state.submitted is not None:
        behind = "; what changed since is sent then" if owed is not None else ""
        return f"The channel says how it ended; it is asked again and again{behind}."
    if state.intent is not None or owed is not None or state.status is Status.WAITING:
        return "It is sent, or tried again, by itself."
    if state.status in _BY_STATUS:
        return _BY_STATUS[state.status]
    if state.seen is not None and state.seen.late and _channel(state) is not ChannelSays.UNKNOWN:
        return f"Look at it on the channel, then send it again with `marketsync resync --force`: {state.seen.words}."
    if state.seen is not None and state.seen.again is not None:
        return "It is read back from the channel once more."
    return "Nothing."


_HELD_NEXT = {
    Cause.CAPPED: "It is created in one of the next hours",
    Cause.PAUSED: "It is sent when the account is resumed, with `marketsync resume`",
    Cause.HALTED: "It is sent when the account works again: mend its credential or settings",
}
_BY_STATUS = {
    Status.INVALID: "Correct the product or the account's rules, as its problems say; the next change is sent.",
    Status.REFUSED: "Correct the product or the account's rules, as the channel says; the next change is sent.",
    Status.BLOCKED: "Correct the product or the account's rules; until they change it is not sent, unless forced.",
    Status.DEAD_LETTER: "Mend the cause, then bring it back with `marketsync dead-letters redrive`.",
    Status.DRY_RUN: "Set the account's mode to live to have it sent.",
}
