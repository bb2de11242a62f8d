"""Who may do something that only one process may do: one document, changed by compare-and-set with majority writes.

No time is compared here. The document's dates are the server's and are for people; who may take a lease over, and when,
is decided by `consumer.capture.election` from what a process saw and its own clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymongo
from pymongo import ReadPreference
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

COLLECTION = "leases"

# Milliseconds after which a standby that says nothing is no longer listed.
_STANDBY_FORGOTTEN = 60_000
_STANDBY_SILENT = 15_000


@dataclass(frozen=True, slots=True)
class Process:
    """A process that holds a lease or would like to. id: never used twice.

    name: for people. machine: the same for processes that see each other's process ids, empty where they cannot.
    number: its process id there. started: tells it from another one that got the same number later.
    """

    id: str
    name: str
    machine: str = ""
    number: int = 0
    started: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it was seen. holder: None when it was given back.

    term: counts the holders. beat: counts the renewals of this term. duration: seconds of silence after which the
    holder lets others take it.
    """

    holder: Process | None
    term: int
    beat: int
    duration: float


@dataclass(frozen=True, slots=True)
class LeaseReport:
    """A lease for people. Ages are seconds by the server's clock. standbys: names of those that wait for it."""

    holder: str | None
    held_for: float
    renewed: float
    duration: float
    standbys: Sequence[str]


class LeaseStore:
    """The lease of one name in a collection. Every method raises PyMongoError; then its effect is unknown.

    timeout: seconds one call may take.
    """

    def __init__(self, collection: Collection[dict[str, Any]], name: str, *, timeout: float) -> None:
        self._collection = collection.with_options(
            read_preference=ReadPreference.PRIMARY,
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern("majority"),
        )
        self._name = name
        self._timeout = timeout

    def look(self) -> Lease | None:
        """The lease, None when nobody ever had it."""
        with pymongo.timeout(self._timeout):
            stored = self._collection.find_one({"_id": self._name})
        return None if stored is None else _lease(stored)

    def acquire(self, seen: Lease | None, process: Process, *, duration: float) -> bool:
        """Take the lease if it still is what was seen; tells whether it is ours now, with the next term."""
        change: dict[str, Any] = {
            "$set": {
                "holder": _stored(process),
                "term": 1 if seen is None else seen.term + 1,
                "beat": 0,
                "duration": duration,
            },
            "$currentDate": {"acquired": True, "renewed": True},
        }
        if seen is None:
            return self._create(change)
        expected = {
            "_id": self._name,
            "term": seen.term,
            "beat": seen.beat,
            "holder.id": seen.holder.id if seen.holder else None,
        }
        change["$pull"] = {"standbys": {"id": process.id}}
        with pymongo.timeout(self._timeout):
            return self._collection.update_one(expected, change).matched_count == 1

    def renew(self, term: int, process: Process) -> bool:
        """Say that the holder is alive; False when it is not the holder any more."""
        return self._change_own(term, process, {"$inc": {"beat": 1}, "$currentDate": {"renewed": True}})

    def release(self, term: int, process: Process) -> bool:
        """Give the lease back; False when it is another's already."""
        return self._change_own(term, process, {"$set": {"holder": None}, "$inc": {"beat": 1}})

    def stand_by(self, process: Process) -> None:
        """Let people see that this process waits for the lease. Of no effect on who gets it."""
        mine = {"id": process.id, "name": process.name, "seen": "$$NOW"}
        others = {
            "$filter": {
                "input": {"$ifNull": ["$standbys", []]},
                "cond": {
                    "$and": [
                        {"$ne": ["$$this.id", process.id]},
                        {"$gt": ["$$this.seen", {"$subtract": ["$$NOW", _STANDBY_FORGOTTEN]}]},
                    ]
                },
            }
        }
        with pymongo.timeout(self._timeout):
            self._collection.update_one(
                {"_id": self._name}, [{"$set": {"standbys": {"$concatArrays": [others, [mine]]}}}]
            )

    def leave(self, process: Process) -> None:
        """No longer be seen as one that waits."""
        with pymongo.timeout(self._timeout):
            self._collection.update_one({"_id": self._name}, {"$pull": {"standbys": {"id": process.id}}})

    def report(self) -> LeaseReport | None:
        """The lease for people, None when nobody ever had it."""
        with pymongo.timeout(self._timeout):
            found = list(self._collection.aggregate([{"$match": {"_id": self._name}}, {"$set": {"read": "$$NOW"}}]))
        return _report(found[0]) if found else None

    def _create(self, change: Mapping[str, Any]) -> bool:
        try:
            with pymongo.timeout(self._timeout):
                self._collection.update_one({"_id": self._name, "term": {"$exists": False}}, change, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    def _change_own(self, term: int, process: Process, change: Mapping[str, Any]) -> bool:
        with pymongo.timeout(self._timeout):
            result = self._collection.update_one({"_id": self._name, "term": term, "holder.id": process.id}, change)
        return result.matched_count == 1


def _stored(process: Process) -> dict[str, Any]:
    return {
        "id": process.id,
        "name": process.name,
        "machine": process.machine,
        "number": process.number,
        "started": process.started,
    }


def _lease(stored: Mapping[str, Any]) -> Lease:
    holder = stored["holder"]
    return Lease(
        holder=None if holder is None else Process(**holder),
        term=stored["term"],
        beat=stored["beat"],
        duration=stored["duration"],
    )


def _report(stored: Mapping[str, Any]) -> LeaseReport:
    now: datetime = stored["read"]
    return LeaseReport(
        holder=stored["holder"]["name"] if stored["holder"] else None,
        held_for=(now - stored["acquired"]).total_seconds(),
        renewed=(now - stored["renewed"]).total_seconds(),
        duration=stored["duration"],
        standbys=[
            one["name"]
            for one in stored.get("standbys", ())
            if (now - one["seen"]).total_seconds() * 1000 < _STANDBY_SILENT
        ],
    )
