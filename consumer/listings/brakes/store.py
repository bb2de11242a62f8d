"""The brakes' ledgers in MongoDB, collection `brakes`, one document for each account.

They change by compare-and-set with majority, so that they are exact over processes: of two that ask at once the second
reads again. Counted first and sent after: who dies between the two has counted too much, never too little.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from consumer.listings.brakes.ledger import Answer, Ask, Ledger, Shown, Tally, answered, counted, decided
from consumer.listings.brakes.model import Brake
from consumer.listings.debts import OWED_INDEX
from consumer.listings.owed import Cause, moment
from consumer.mongo import AsyncCollection, BulkWriteError, Document, ObjectId, PyMongoError, UpdateOne

COLLECTION = "brakes"

# So often a ledger is read again because another process was quicker.
_ROUNDS = 20
# Seconds after which an account's listings are counted again, when something asks.
_COUNTED_FOR = 600.0
_DUPLICATE_KEY = 11000


class Place(NamedTuple):
    """One account."""

    channel: str
    tenant: str
    account: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True, slots=True)
class ClosedBrake:
    """A brake that has held something and lets nothing pass now. since: UTC."""

    place: Place
    brake: Brake
    since: datetime


@dataclass(slots=True)
class _Known:
    revision: int = 0
    ledger: Ledger = field(default_factory=Ledger)


class BrakeStore:
    """Ledgers, and the listings they count. Methods raise PyMongoError."""

    def __init__(
        self,
        ledgers: AsyncCollection[Document],
        listings: AsyncCollection[Document],
        new_stamp: Callable[[], ObjectId] = ObjectId,
    ) -> None:
        self._ledgers = ledgers
        self._listings = listings
        self._new_stamp = new_stamp
        # As they were seen last: a write on top of that saves the reading, and fails if another process was there.
        self._known: dict[Place, _Known] = {}
        # Two steps of one process would only make each other lose.
        self._turn = asyncio.Lock()

    async def ask(self, asks: Mapping[Place, Ask], now: float) -> dict[Place, Answer]:
        """Count what may pass. now: seconds since 1970."""
        async with self._turn:
            return await self._ask(asks, now)

    async def _ask(self, asks: Mapping[Place, Ask], now: float) -> dict[Place, Answer]:
        answers: dict[Place, Answer] = {}
        open_asks = dict(asks)
        for _ in range(_ROUNDS):
            await self._read([place for place in open_asks if place not in self._known])
            await self._count_shown(open_asks, now)
            steps = {place: answered(ask, self._known[place].ledger, now) for place, ask in open_asks.items()}
            lost = await self._write({place: ledger for place, (ledger, _) in steps.items()})
            answers |= {place: answer for place, (_, answer) in steps.items() if place not in lost}
            open_asks = {place: asks[place] for place in lost}
            if not open_asks:
                return answers
        raise _busy()

    async def ledger(self, place: Place) -> Ledger:
        """An account's as it stands, to be looked at."""
        document = await self._ledgers.find_one({"_id": str(place)})
        return Ledger() if document is None else _from(document)

    async def open_idle(self, channel: str) -> list[ClosedBrake]:
        """Open the brakes of a channel that hold nothing any more. Returns those that stay closed."""
        closed = await self._closed(channel)
        for each in closed.copy():
            channel, tenant, account = each.place
            held = {"owed.due": {"$exists": True}, "owed.cause": Cause.HELD.value, "owed.brake": each.brake.value}
            query = {"channel": channel, "tenant": tenant, "account": account, **held}
            if await self._listings.find_one(query, {"_id": True}, hint=OWED_INDEX) is None:
                await self.decide(each.place, each.brake, None)
                closed.remove(each)
        return closed

    async def _closed(self, channel: str) -> list[ClosedBrake]:
        found: list[ClosedBrake] = []
        async for document in self._ledgers.find({"channel": channel, "closed": True}):
            place = Place(document["channel"], document["tenant"], document["account"])
            for name, tally in document["tallies"].items():
                if tally["closed"] is not None:
                    found.append(ClosedBrake(place, Brake(name), tally["closed"]))
        return found

    async def decide(self, place: Place, brake: Brake, released: int | None) -> None:
        """A person decided: see `ledger.decided`."""
        async with self._turn:
            for _ in range(_ROUNDS):
                await self._read([place])
                ledger = decided(self._known[place].ledger, brake, released=released)
                if not await self._write({place: ledger}):
                    return
        raise _busy()

    async def _read(self, places: list[Place]) -> None:
        if not places:
            return
        found = await self._ledgers.find({"_id": {"$in": [str(place) for place in places]}}).to_list()
        documents = {document["_id"]: document for document in found}
        for place in places:
            document = documents.get(str(place))
            self._known[place] = _Known() if document is None else _Known(document["revision"], _from(document))

    async def _count_shown(self, asks: Mapping[Place, Ask], now: float) -> None:
        for place, ask in asks.items():
            known = self._known[place]
            shown = known.ledger.shown
            if shown is None or not shown.at <= now < shown.at + _COUNTED_FOR:
                channel, tenant, account = place
                query = {"channel": channel, "account": account, "tenant": tenant, "accepted": {"$ne": None}}
                count = await self._listings.count_documents(query)
                known.ledger = counted(known.ledger, count, ask.brakes, now)

    async def _write(self, ledgers: Mapping[Place, Ledger]) -> set[Place]:
        """Each over the revision that is known. Returns those that lost the race; they are not known any more."""
        stamp = self._new_stamp()
        writes = [_update(place, self._known[place].revision, ledger, stamp) for place, ledger in ledgers.items()]
        try:
            result = await self._ledgers.bulk_write(writes, ordered=False)
            if result.matched_count + result.upserted_count == len(writes):
                self._won(ledgers)
                return set()
        except BulkWriteError as error:
            # A first document that another process made meanwhile is read in the next round.
            details = error.details
            if details["writeConcernErrors"] or any(e["code"] != _DUPLICATE_KEY for e in details["writeErrors"]):
                raise
        ids = [str(place) for place in ledgers]
        mine = await self._ledgers.find({"_id": {"$in": ids}, "stamp": stamp}, {"_id": True}).to_list()
        won = {document["_id"] for document in mine}
        self._won({place: ledger for place, ledger in ledgers.items() if str(place) in won})
        lost = {place for place in ledgers if str(place) not in won}
        for place in lost:
            del self._known[place]
        return lost

    def _won(self, ledgers: Mapping[Place, Ledger]) -> None:
        for place, ledger in ledgers.items():
            self._known[place] = _Known(self._known[place].revision + 1, ledger)


def _busy() -> PyMongoError:
    return PyMongoError("the brakes' counts in MongoDB are changed by others all the time")


def _update(place: Place, revision: int, ledger: Ledger, stamp: ObjectId) -> UpdateOne:
    channel, tenant, account = place
    told = {"channel": channel, "tenant": tenant, "account": account, **_document(ledger)}
    changes = {"$set": {**told, "revision": revision + 1, "stamp": stamp}}
    known: Document = {"revision": revision} if revision else {"revision": {"$exists": False}}
    return UpdateOne({"_id": str(place), **known}, changes, upsert=revision == 0)


def _document(ledger: Ledger) -> Document:
    shown = ledger.shown
    return {
        "closed": any(tally.closed is not None for tally in ledger.tallies.values()),
        "tallies": {
            brake.value: {
                "since": moment(tally.since),
                "passed": tally.passed,
                "closed": None if tally.closed is None else moment(tally.closed),
            }
            for brake, tally in ledger.tallies.items()
        },
        "shown": None
        if shown is None
        else {
            "count": shown.count,
            "at": moment(shown.at),
            "peak": shown.peak,
            "peak_at": moment(shown.peak_at),
            "gone": shown.gone,
        },
    }


def _from(document: Mapping[str, Any]) -> Ledger:
    shown = document["shown"]
    return Ledger(
        tallies={
            Brake(name): Tally(
                since=tally["since"].timestamp(),
                passed=tally["passed"],
                closed=None if tally["closed"] is None else tally["closed"].timestamp(),
            )
            for name, tally in document["tallies"].items()
        },
        shown=None
        if shown is None
        else Shown(
            count=shown["count"],
            at=shown["at"].timestamp(),
            peak=shown["peak"],
            peak_at=shown["peak_at"].timestamp(),
            gone=shown["gone"],
        ),
    )
