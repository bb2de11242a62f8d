"""Requests for snapshots: documents in our own database, written by a command, taken up by the leader of the stream.

A request stays until it is done, cancelled or has failed, whatever happens to processes. How far it came stands with
the products in Kafka, not here; only the end is written here, for people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from consumer.capture.snapshots.progress import SnapshotProgress
from consumer.mongo import Database, Document, ObjectId

COLLECTION = "snapshots"
_KEPT = 30 * 24 * 3600


class RequestState(StrEnum):
    """What became of a request."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


_OPEN = (RequestState.WAITING, RequestState.RUNNING)


@dataclass(frozen=True, slots=True)
class Request:
    """Read these products of a tenant again. filter (as JSON text) and codes empty: all of them.

    by: who asked. words: why it failed, or what is to be known of its end. products, seconds: of one that ended.
    """

    id: str
    tenant: str
    filter: str
    codes: tuple[str, ...]
    asked: datetime
    by: str
    state: RequestState = RequestState.WAITING
    words: str = ""
    products: int = 0
    seconds: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether it is for all products of the tenant."""
        return not self.filter and not self.codes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for."""

    tenant: str
    filter: str = ""
    codes: tuple[str, ...] = ()
    by: str = ""


class Requests:
    """The requests of one installation. Thread-safe. All methods raise PyMongoError.

    prefix: of its topics, which tells installations apart that share the database.
    """

    def __init__(self, state: Database[Document], *, prefix: str) -> None:
        self._stored = state[COLLECTION]
        self._prefix = prefix

    def ask(self, wanted: Wanted) -> Request:
        """Ask for a snapshot."""
        self._stored.create_index("ended", expireAfterSeconds=_KEPT, sparse=True)
        request = Request(str(ObjectId()), wanted.tenant, wanted.filter, wanted.codes, datetime.now(UTC), wanted.by)
        self._stored.insert_one(
            {
                "_id": request.id,
                "prefix": self._prefix,
                "tenant": request.tenant,
                # As text: a filter has names that a document must not have.
                "filter": request.filter,
                "codes": list(request.codes),
                "asked": request.asked,
                "by": request.by,
                "state": request.state,
            }
        )
        return request

    def open(self, tenants: Iterable[str]) -> list[Request]:
        """Those of these tenants that have not ended, oldest first."""
        return self._find({"tenant": {"$in": list(tenants)}, "state": {"$in": _OPEN}})

    def all(self, tenants: Collection[str] = ()) -> list[Request]:
        """Those of these tenants (none named: of all) that are known, oldest first."""
        return self._find({"tenant": {"$in": list(tenants)}} if tenants else {})

    def running(self, request: str) -> None:
        """Somebody works on it."""
        self._change(request, (RequestState.WAITING,), {"state": RequestState.RUNNING})

    def ended(self, request: str, progress: SnapshotProgress) -> None:
        """All it asked for is in Kafka."""
        end = {"state": RequestState.DONE, "words": progress.note}
        self._end(request, end | {"products": progress.products, "seconds": progress.seconds})

    def failed(self, request: str, words: str) -> None:
        """It cannot be done."""
        self._end(request, {"state": RequestState.FAILED, "words": words})

    def cancel(self, request: str) -> bool:
        """Nobody wants it any more; False when it had ended, or never was."""
        return self._end(request, {"state": RequestState.CANCELLED})

    def _end(self, request: str, change: dict[str, Any]) -> bool:
        return self._change(request, _OPEN, change | {"ended": datetime.now(UTC)})

    def _change(self, request: str, states: Sequence[RequestState], change: dict[str, Any]) -> bool:
        mine = {"_id": request, "prefix": self._prefix, "state": {"$in": list(states)}}
        return self._stored.update_one(mine, {"$set": change}).matched_count == 1

    def _find(self, condition: Document) -> list[Request]:
        found = self._stored.find({"prefix": self._prefix} | condition).sort("asked", 1)
        return [_request(stored) for stored in found]


def _request(stored: Document) -> Request:
    return Request(
        id=stored["_id"],
        tenant=stored["tenant"],
        filter=stored["filter"],
        codes=tuple(stored["codes"]),
        asked=stored["asked"],
        by=stored["by"],
        state=RequestState(stored["state"]),
        words=stored.get("words", ""),
        products=stored.get("products", 0),
        seconds=stored.get("seconds", 0.0),
    )
