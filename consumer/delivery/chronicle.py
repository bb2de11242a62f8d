"""Tells the history of listings what delivery did, without ever making a change wait for it.

Entries gather in memory, up to a bound, and go out in bulk by a task of their own. What does not fit is counted as
lost; what waits when the process dies is gone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

import orjson
import structlog

from adapters.errors import AdapterError
from adapters.model import Operation, Outcome
from consumer import events
from consumer.delivery.commands import Ending, Settled, Store
from consumer.delivery.planning import Planned
from consumer.delivery.tickets import Ended
from consumer.delivery.work import Work
from consumer.listings.history import Entry, HistoryStore, Reason
from consumer.listings.owed import Cause, moment
from consumer.listings.state import Fingerprint
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

_MOST_WAITING = 20_000
_MOST_WRITTEN = 1000
# Seconds between two writings, and how long the last one may take.
_PAUSE = 1.0
_LAST = 2.0
_LONGEST = 300
_HASH = 16
# Nothing was done for the listing, and nothing about it is new.
_WHOLE = frozenset({Operation.CREATE, Operation.REVISE_CONTENT})
_QUIET = frozenset({"unchanged", "superseded", "submitted", "unlisted"})
_READ = f"{events.TYPE_PREFIX}{events.Operation.READ}{events.TYPE_VERSION}".encode()
_JOBS = {b"resync": Reason.RESYNC, b"replay": Reason.REPLAY, b"redrive": Reason.REDRIVE}
_CAUSES = {
    Cause.RULES: Reason.RULE,
    Cause.PRICE_DUE: Reason.RULE,
    Cause.RELEASED: Reason.RELEASE,
    Cause.DISTRUST: Reason.PERSON,
}


class Chronicle:
    """One process's. days: how long entries are kept, 0 = there are none. lost: told how many did not fit."""

    def __init__(self, store: HistoryStore, days: int, clock: Callable[[], float], lost: Callable[[int], None]) -> None:
        self._store = store
        self._days = days
        self._clock = clock
        self._lost = lost
        self._entries: deque[Entry] = deque()
        self._written = 0

    def delivered(self, store: Store) -> None:
        """These calls were answered, and their outcomes are stored."""
        now = self._clock()
        self._add(_delivered(ending, now) for ending in store.endings)

    def decided(self, settled: Iterable[Settled]) -> None:
        """These states ended without a call."""
        now = self._clock()
        self._add(_decided(each, now) for each in settled if each.outcome not in _QUIET)

    def ended(self, ends: Iterable[Ended]) -> None:
        """The channel said how these ended, and that is stored."""
        now = self._clock()
        self._add(_ended(end, now) for end in ends)

    async def run(self) -> None:
        """Write until cancelled."""
        if not self._days:
            return
        await self._prepare()
        while True:
            await asyncio.sleep(_PAUSE)
            await self._write_all()

    async def close(self) -> None:
        """Write what waits, if that is quickly done."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._write_all(), _LAST)

    async def _prepare(self) -> None:
        try:
            await self._store.keep_for(self._days)
        except PyMongoError as error:
            _log.warning("old entries of the history may stay: its index cannot be made", error=str(error)[:_LONGEST])

    async def _write_all(self) -> None:
        while self._entries:
            part = [self._entries.popleft() for _ in range(min(_MOST_WRITTEN, len(self._entries)))]
            try:
                await self._store.write(part, self._written)
            except PyMongoError as error:
                # Maybe some of them are there. Nothing is decided by them, so they are not worth a second try.
                self._lost(len(part))
                _log.warning("entries of the history are lost", entries=len(part), error=str(error)[:_LONGEST])
                return
            finally:
                self._written += len(part)

    def _add(self, entries: Iterable[Entry]) -> None:
        if not self._days:
            return
        self._entries.extend(entries)
        excess = len(self._entries) - _MOST_WAITING
        if excess > 0:
            self._lost(excess)
            for _ in range(excess):
                self._entries.popleft()


def _delivered(ending: Ending, now: float) -> Entry:
    send = ending.send
    planned: Planned = send.plan
    outcome: Outcome = ending.outcome
    command = planned.plan.command
    listing = command.listing
    price = None if listing is None else f"{listing.price.amount} {listing.price.currency}"
    return Entry(
        listing=str(send.work.key),
        at=moment(now),
        reason=_reason(send.work),
        operation=send.operation,
        outcome="submitted" if ending.submitted else _word(ending.error),
        sequence=send.work.sequence,
        payload=_payload(planned.plan.fingerprint),
        content=_content(planned),
        price=price,
        quantity=command.quantity if listing is None else listing.quantity,
        reply=_reply(planned, outcome),
        waited=round(max(0.0, now - planned.written.timestamp()), 3),
        took=round(max(0.0, now - planned.intended.updated_at.timestamp()), 3),
    )


def _decided(settled: Settled, now: float) -> Entry:
    work = settled.work
    words = settled.words[:_LONGEST]
    return Entry(str(work.key), moment(now), _reason(work), "none", settled.outcome, work.sequence, reply=words)


def _ended(end: Ended, now: float) -> Entry:
    submitted, outcome = end.before.submitted, end.outcome
    taken = None if submitted is None else submitted.version
    code = f"{outcome.error.code}: " if outcome.error is not None and outcome.error.code else ""
    words = "; ".join(outcome.warnings) if outcome.error is None else f"{code}{outcome.error.message}"
    return Entry(
        listing=end.after.id,
        at=moment(now),
        reason=Reason.CHANNEL,
        operation="none" if taken is None else taken.operation.value,
        outcome=end.word,
        sequence=end.after.planned_sequence if taken is None else taken.sequence,
        payload=None if taken is None else _payload(taken.fingerprint),
        quantity=None if taken is None else taken.quantity,
        reply=words[:_LONGEST],
        took=None if taken is None else round(max(0.0, now - taken.at.timestamp()), 3),
    )


def _word(error: Exception | None) -> str:
    if error is None:
        return "accepted"
    return error.kind if isinstance(error, AdapterError) else "bug"


def _reply(planned: Planned, outcome: Outcome) -> str:
    if outcome.error is not None:
        code = f"{outcome.error.code}: " if outcome.error.code else ""
        return f"{code}{outcome.error.message}"[:_LONGEST]
    words = outcome.warnings
    if planned.plan.command.operation is Operation.WITHDRAW:
        words = (planned.plan.reason, *words)
    return "; ".join(words)[:_LONGEST]


def _content(planned: Planned) -> str | None:
    """What was sent of a listing's text, where all of it was: so a person sees later what a newer state changes."""
    rendered = planned.plan.rendered
    if rendered is None or planned.plan.command.operation not in _WHOLE:
        return None
    return orjson.dumps(dict(rendered.content)).decode()


def _payload(fingerprint: Fingerprint | None) -> str | None:
    return None if fingerprint is None else f"{fingerprint.content[:_HASH]}/{fingerprint.offer[:_HASH]}"


def _reason(work: Work) -> Reason:
    if work.swept:
        return Reason.REPAIR if work.cause is None else _CAUSES.get(work.cause, Reason.REPAIR)
    found = Reason.CHANGE
    for name, value in work.record.headers:
        if name == events.JOB:
            return _JOBS.get(value.partition(b"-")[0], Reason.PERSON)
        if name == "ce_type" and value == _READ:
            found = Reason.READ
    return found
