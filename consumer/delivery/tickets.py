"""Asks channels how what they took has ended, and settles the listings. In the background.

One process of a channel does it, the owner of the first partition, so that a ticket is asked for once however many
listings share it and wherever these are owned; while partitions move, two may, which costs a few questions. The tickets
stand with their listings, so that whoever comes next finds them. A listing is settled by compare-and-set like every
other; what has to be sent for it afterwards is owed first, and goes the way of all that is owed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from adapters.errors import AdapterError, ChannelUnavailableError, PermanentError, TemporaryError
from adapters.model import Operation, Outcome
from consumer.delivery.clocks import Clocks
from consumer.delivery.core import Core
from consumer.delivery.keeping import Marks, States
from consumer.delivery.planning import Seller
from consumer.delivery.sellers import Sellers
from consumer.delivery.work import AccountKey
from consumer.listings import transitions
from consumer.listings.debts import Debt
from consumer.listings.owed import Cause, moment
from consumer.listings.state import ListingKey, ListingState
from consumer.listings.submissions import OpenTicket
from consumer.listings.submitted import LATEST_JOB, OVERDUE
from consumer.metrics.tickets import TicketMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

# Seconds between two looks, and between two readings of which tickets there are.
_PAUSE = 1.0
_READ = 5.0
# Questions of one account in one look, and tickets of it that are known at once.
_MOST_ASKED = 4
_MOST_KNOWN = 1000
# Listings that are settled in one step.
_MOST_SETTLED = 200
# Seconds from one question for a ticket to the next: a share of its age, in these bounds.
_SOONEST = 2.0
_LATEST = 120.0
_SHARE = 0.1
# Seconds until what failed is sent again: doubled with each try.
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 600.0
_LONGEST = 300

LOST, OVERDUE_WORD = "lost", "overdue"


class Submissions(Protocol):
    """What is with the channels: `consumer.listings.submissions.SubmissionStore`. Methods raise PyMongoError."""

    async def open(self, account: tuple[str, str, str], most: int) -> list[OpenTicket]: ...
    async def of(self, account: tuple[str, str, str], ticket: str, most: int) -> list[ListingState]: ...
    async def wake(self, ids: Sequence[str], at: datetime) -> None: ...


class Ended(NamedTuple):
    """One listing whose submitted state has ended. word: accepted, refused, failed, lost or overdue."""

    before: ListingState
    after: ListingState
    outcome: Outcome
    word: str


class Told(Protocol):
    """Who is told what became of listings: `consumer.delivery.chronicle.Chronicle`."""

    def ended(self, ends: Sequence[Ended]) -> None:
        """These are stored."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where tickets are found, outcomes stored, marks made, and people told."""

    submissions: Submissions
    states: States
    marks: Marks
    told: Told


@dataclass(slots=True)
class _Known:
    """An account's tickets. read: when they were. asked: ticket → when it is asked for next, on the core's clock."""

    read: float = float("-inf")
    tickets: list[OpenTicket] = field(default_factory=list)
    asked: dict[str, float] = field(default_factory=dict)


class TicketFollower:
    """One process's. pause: seconds between two looks."""

    def __init__(
        self, core: Core, sellers: Sellers, places: Places, *, clocks: Clocks, metrics: TicketMetrics, channel: str
    ) -> None:
        self._core = core
        self._sellers = sellers
        self._places = places
        self._clocks = clocks
        self._metrics = metrics
        self._channel = channel
        self._known: dict[AccountKey, _Known] = {}

    async def run(self, pause: float = _PAUSE) -> None:
        """Ask until cancelled."""
        while True:
            await asyncio.sleep(pause)
            if 0 not in self._core.offsets.numbers():
                self._known.clear()
                continue
            for account in list(self._sellers):
                try:
                    await self.look(account)
                except PyMongoError as error:
                    _log.warning("MongoDB cannot be used, no ticket is followed", error=str(error)[:_LONGEST])

    async def look(self, account: AccountKey) -> int:
        """Ask for those of the account's tickets whose turn it is. Returns how many ended. Raises PyMongoError."""
        seller, gate = self._sellers.get(account), self._core.gates.get(account)
        if seller is None or gate is None or gate.gone or gate.halted or gate.broken:
            return 0
        now = self._clocks.core()
        known = self._known.setdefault(account, _Known())
        if now >= known.read + _READ:
            await self._read(account, known, now)
        if gate.closed_for(now):
            return 0
        turn = [ticket for ticket in known.tickets if known.asked.get(ticket.ticket, now) <= now][:_MOST_ASKED]
        ended = 0
        for ticket in turn:
            age = self._clocks.wall() - ticket.since.timestamp()
            known.asked[ticket.ticket] = now + min(max(age * _SHARE, _SOONEST), _LATEST)
            if await self._follow(account, seller, ticket, age):
                known.tickets.remove(ticket)
                ended += 1
        return ended

    async def _read(self, account: AccountKey, known: _Known, now: float) -> None:
        known.tickets = await self._places.submissions.open(self._place(account), _MOST_KNOWN)
        known.read = now
        there = {ticket.ticket for ticket in known.tickets}
        known.asked = {ticket: at for ticket, at in known.asked.items() if ticket in there}
        labels = (self._channel, str(account))
        oldest = min((ticket.since for ticket in known.tickets), default=None)
        self._metrics.submitted.labels(*labels).set(sum(ticket.listings for ticket in known.tickets))
        self._metrics.oldest.labels(*labels).set(
            0 if oldest is None else max(0.0, self._clocks.wall() - oldest.timestamp())
        )

    async def _follow(self, account: AccountKey, seller: Seller, ticket: OpenTicket, age: float) -> bool:
        """Ask for one. Returns whether it has ended, and all its listings are settled."""
        try:
            with self._sellers.in_use(account):
                outcomes = await seller.adapter.follow(ticket.ticket)
        except PermanentError as error:
            return await self._settle(account, ticket, {}, _lost(f"{error.message}"), LOST)
        except AdapterError as error:
            _log.info("how something ended cannot be asked now", account=str(account), error=str(error)[:_LONGEST])
            outcomes = None
        except Exception:  # its listings wait, and count as overdue in the end
            _log.exception("bug in an adapter", account=str(account), operation="follow")
            outcomes = None
        if outcomes is not None:
            unknown = _lost("the channel ended the job and says nothing of this listing")
            return await self._settle(account, ticket, outcomes, unknown, LOST)
        if age < OVERDUE:
            return False
        words = f"the channel has not said for {age / 3600:.0f} hours how it ended"
        _log.error(f"{ticket.listings} listings are sent again: {words}", account=str(account), ticket=ticket.ticket)
        return await self._settle(account, ticket, {}, _lost(words), OVERDUE_WORD)

    async def _settle(
        self, account: AccountKey, ticket: OpenTicket, outcomes: Mapping[str, Outcome], lost: AdapterError, word: str
    ) -> bool:
        """All listings of a ticket. lost: how those ended that are not among the outcomes; word: what that is called.

        False: some were changed meanwhile, and are settled later.
        """
        place = self._place(account)
        while states := await self._places.submissions.of(place, ticket.ticket, _MOST_SETTLED):
            ends = [_end(state, outcomes, lost, word, self._clocks.wall()) for state in states]
            if await self._store(account, ends) == 0:
                return False
        return True

    async def _store(self, account: AccountKey, ends: Sequence[Ended]) -> int:
        """Returns how many are settled. What has to follow is owed before that: a crash in between loses nothing."""
        wall = self._clocks.wall()
        at = moment(wall)
        debts = [_debt(end, wall) for end in ends if transitions.wants_more(end.after, end.before)]
        if debts:
            await self._places.marks.mark(debts, at)
        lost = await self._places.states.store_outcomes([end.after for end in ends])
        stored = [end for end in ends if end.after.id not in lost]
        await self._places.submissions.wake([end.after.id for end in stored], at)
        self._places.told.ended(stored)
        for end in stored:
            self._metrics.ended.labels(self._channel, str(account), end.word).inc()
            if end.outcome.error is not None:
                words = f"{end.after.id}: {end.word}: {end.outcome.error}"
                _log.warning(words[:_LONGEST], account=str(account))
        return len(stored)

    def _place(self, account: AccountKey) -> tuple[str, str, str]:
        return self._channel, account.tenant, account.name


def _end(state: ListingState, outcomes: Mapping[str, Outcome], lost: AdapterError, word: str, now: float) -> Ended:
    sku = state.submitted.version.sku if state.submitted is not None else state.sku
    outcome = outcomes.get(sku)
    if outcome is None:
        outcome = Outcome(sku, lost)
    elif outcome.error is None:
        word = "accepted"
    else:
        word = "refused" if isinstance(outcome.error, PermanentError) else "failed"
    return Ended(state, transitions.ended(state, outcome, now=now), outcome, word)


def _debt(end: Ended, now: float) -> Debt:
    error = end.outcome.error
    wait = 0.0
    if error is not None and not isinstance(error, PermanentError):
        asked = error.delay if isinstance(error, TemporaryError) else None
        wait = max(asked or 0.0, min(_FIRST_WAIT * 2 ** min(end.after.attempts, 10), _LONGEST_WAIT))
    submitted = end.before.submitted
    return Debt(
        key=ListingKey.parse(end.after.id),
        cause=Cause.RETRY,
        due=moment(now + wait),
        sequence=end.after.planned_sequence,
        words="" if error is None else error.message[:_LONGEST],
        told=submitted is not None and submitted.version.operation is Operation.WITHDRAW,
        late_until=moment(now + LATEST_JOB) if end.word == OVERDUE_WORD else None,
    )


def _lost(words: str) -> AdapterError:
    """Nobody will say how it ended."""
    return ChannelUnavailableError(words[:_LONGEST], effect_unknown=True)
