"""What a job asked of each listing, and how far that came: read from the listing, whoever brought it there. Pure.

An item ends when its listing has settled at the item's sequence or a later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from consumer.events import Sequence
from consumer.listings.owed import Cause
from consumer.listings.state import ListingState, Status


class Progress(StrEnum):
    """Where an item stands. From CONFIRMED on it has ended; ACCEPTED ends when its time for confirmation is over."""

    PLANNED = "planned"
    """Asked for; delivery has not taken it up yet."""
    WAITING = "waiting"
    """To be sent, or tried again."""
    SENT = "sent"
    """With the channel, which has not said yet how it ended."""
    HELD = "held"
    """By a brake, a pause or a halted account."""
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    """The channel showed it when it was read back."""
    REFUSED = "refused"
    """By the channel or by our own checks, or given up."""
    SUPERSEDED = "superseded"
    """A newer state of the product reached the channel instead."""
    NOT_WANTED = "not_wanted"
    """The account does not sell it: taken down, or never there."""
    REHEARSED = "rehearsed"
    """The account is in dry-run: nothing was sent."""
    CANCELLED = "cancelled"
    """The job was cancelled before this one ended."""


ENDS = frozenset(Progress) - {
    Progress.PLANNED,
    Progress.WAITING,
    Progress.SENT,
    Progress.HELD,
    Progress.ACCEPTED,
}

_HOLDING = frozenset({Cause.HELD, Cause.CAPPED, Cause.PAUSED, Cause.HALTED})
_VERDICTS: Mapping[Status, Progress] = {
    Status.LIVE: Progress.ACCEPTED,
    Status.LEFT: Progress.NOT_WANTED,
    Status.WITHDRAWN: Progress.NOT_WANTED,
    Status.UNLISTED: Progress.NOT_WANTED,
    Status.INVALID: Progress.REFUSED,
    Status.REFUSED: Progress.REFUSED,
    Status.BLOCKED: Progress.REFUSED,
    Status.DEAD_LETTER: Progress.REFUSED,
    Status.DRY_RUN: Progress.REHEARSED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an item stands, and whether that is its end."""

    progress: Progress
    ended: bool


def standing(sequence: Sequence, listing: ListingState | None, now: datetime, patience: timedelta) -> Standing:
    """How far a listing came with what was asked at this sequence. now: UTC.

    patience: for how long after it was accepted a confirmation is waited for.
    """
    found = _progress(sequence, listing)
    if found is Progress.ACCEPTED and listing is not None:
        since = listing.updated_at if listing.accepted is None else listing.accepted.at
        return Standing(found, now >= since + patience)
    return Standing(found, found in ENDS)


def _progress(sequence: Sequence, listing: ListingState | None) -> Progress:
    if listing is None:
        return Progress.PLANNED
    held = listing.owed is not None and listing.owed.cause in _HOLDING
    if listing.planned_sequence < sequence:
        # A mark that knows this state stands for it although nothing was planned.
        return Progress.HELD if held and listing.owed and listing.owed.sequence >= sequence else Progress.PLANNED
    verdict = _VERDICTS.get(listing.status)
    accepted = listing.accepted
    if verdict is not None and listing.intent is None and not held:
        return _settled(sequence, listing, verdict)
    if accepted is not None and accepted.sequence >= sequence:
        return Progress.SUPERSEDED if accepted.sequence > sequence else _shown(listing)
    if held:
        return Progress.HELD
    if listing.submitted is not None or listing.intent is not None:
        return Progress.SENT
    return Progress.WAITING


def _settled(sequence: Sequence, listing: ListingState, verdict: Progress) -> Progress:
    accepted = listing.accepted
    if verdict is not Progress.ACCEPTED:
        return verdict
    if accepted is not None and accepted.sequence > sequence:
        return Progress.SUPERSEDED
    return _shown(listing)


def _shown(listing: ListingState) -> Progress:
    """Accepted is not live: only what was read back is confirmed."""
    accepted, confirmed = listing.accepted, listing.confirmed
    same = accepted is not None and confirmed is not None and confirmed.sequence >= accepted.sequence
    return Progress.CONFIRMED if same else Progress.ACCEPTED
