"""Marks of owed listings as values, and as the updates that make them and move them ahead. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from consumer.events import Sequence as EventSequence
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import ListingKey
from consumer.mongo import Document, ObjectId


@dataclass(frozen=True, slots=True)
class Debt:
    """A mark to be made. The listing may be unknown so far. due: when it is to be looked at; the rest: see `Owed`.

    brake: a brake that holds it takes back whatever leave there was. lane: how urgent it is; the most urgent counts.
    beside: whatever else it is owed for stays: what is known of its tries, and that its product is gone.
    """

    key: ListingKey
    cause: Cause
    due: datetime
    sequence: EventSequence
    words: str = ""
    attempts: int = 0
    first_failure: datetime | None = None
    suspect: datetime | None = None
    told: bool = False
    late_until: datetime | None = None
    brake: str = ""
    lane: int | None = None
    beside: bool = False


class Found(NamedTuple):
    """A listing that is owed and due. group: see `ListingState.group`."""

    key: ListingKey
    partition: int
    owed: Owed
    group: str = ""


class Payment(NamedTuple):
    """A mark that is paid by the state of this revision. listing: its id."""

    listing: str
    mark: str
    revision: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A found mark moved ahead, so that no sweep meets it again before `due`.

    sequence: of the reading that is about to be planned; only a state at least as new pays from then on. met: the
    product is there, so no gap hid its deletion. gone_since: when it was first found missing. at_work: it is sent now.
    """

    found: Found
    due: datetime
    sequence: EventSequence | None = None
    cause: Cause | None = None
    gone_since: datetime | None = None
    words: str | None = None
    met: bool = False
    at_work: bool = False


def marking(cause: Cause, *, due: Any, at: Any, sequence: Any, mark: ObjectId) -> Document:
    """The fields of a mark, for a stage of an update. due, at, sequence: values or expressions."""
    return {
        "owed.cause": cause.value,
        "owed.since": {"$ifNull": ["$owed.since", at]},
        "owed.due": due,
        "owed.sequence": {"$max": ["$owed.sequence", "$planned_sequence", sequence]},
        "owed.mark": str(mark),
        "owed.claimed": False,
    }


def kept_beside(debt: Debt) -> Document:
    """What stays of a mark that stands already; and whatever comes first is looked at first."""
    return {
        "owed.due": {"$min": ["$owed.due", debt.due]},
        "owed.attempts": {"$ifNull": ["$owed.attempts", 0]},
        "owed.first_failure": {"$ifNull": ["$owed.first_failure", None]},
        "owed.suspect": {"$ifNull": ["$owed.suspect", None]},
        "owed.told": {"$ifNull": ["$owed.told", False]},
    }


def claimed_by(claim: Claim, stamp: str) -> Document:
    changes: Document = {"owed.due": claim.due, "owed.gone_since": claim.gone_since, "owed.mark": stamp}
    changes["owed.claimed"] = claim.at_work
    owed = claim.found.owed
    if claim.met:
        changes["owed.gap"] = None
    elif claim.gone_since is not None and owed.gap is None and owed.cause is not Cause.VARIANT:
        changes["owed.gap"] = owed.sequence
    if claim.sequence is not None:
        changes["owed.sequence"] = max(claim.sequence, owed.sequence)
    if claim.cause is not None:
        changes["owed.cause"] = claim.cause.value
    if claim.words is not None:
        changes["owed.words"] = claim.words
    return changes
