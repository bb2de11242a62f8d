"""Reads back what channels have accepted: accepted is not live. In the background, and only where nothing else waits.

One process of a channel does it, the owner of the first partition; while partitions move, two may, which costs a few
calls. An account is looked at while nothing live waits for it, at the pace that its settings allow. Where more is
accepted than it can keep up with, the oldest are passed over, and stay `accepted`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from adapters.errors import AdapterError
from adapters.rate_limits import Limit
from consumer.delivery.clocks import Clocks
from consumer.delivery.core import Core
from consumer.delivery.planning import Seller
from consumer.delivery.sellers import Sellers
from consumer.delivery.work import AccountKey
from consumer.listings.confirmation import Confirmation, looked_at
from consumer.listings.confirming import ConfirmationStore
from consumer.listings.owed import moment
from consumer.listings.state import ChannelSays, ListingState, Seen, Status
from consumer.metrics.confirmations import ConfirmationMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

_HOUR = 3600.0
# Most listings of one look.
_MOST = 25
# Seconds between two looks, after one that found nothing, and after one that the channel did not answer.
_PAUSE = 1.0
_NOTHING = 5.0
_REST = 60.0
# How far behind it may be stored up to where nothing has changed.
_MOVE = timedelta(minutes=1)


@dataclass(slots=True)
class _Pace:
    """What an account may still look at. rest: not before, on the core's clock."""

    budget: float = 0.0
    at: float = 0.0
    rest: float = 0.0

    def accrue(self, rule: Confirmation, now: float) -> int:
        """How many listings may be looked at now."""
        if self.at:
            self.budget += (now - self.at) * rule.per_hour / _HOUR
        else:
            self.budget = float(_MOST)
        self.budget = min(self.budget, float(_MOST))
        self.at = now
        return 0 if now < self.rest else int(self.budget)


class Confirmer:
    """One process's. pause: seconds between two looks."""

    def __init__(
        self,
        core: Core,
        sellers: Sellers,
        store: ConfirmationStore,
        *,
        clocks: Clocks,
        metrics: ConfirmationMetrics,
        pause: float = _PAUSE,
    ) -> None:
        self._core = core
        self._sellers = sellers
        self._store = store
        self._clocks = clocks
        self._metrics = metrics
        self._pause = pause
        self._paces: dict[AccountKey, _Pace] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            if 0 not in self._core.offsets.numbers():
                continue
            for account in list(self._sellers):
                try:
                    await self.look(account)
                except PyMongoError as error:
                    _log.warning("MongoDB cannot be used, nothing is read back", error=str(error)[:300])

    async def look(self, account: AccountKey) -> int:
        """Look at some listings of this account, if it is its turn. Returns how many. Raises PyMongoError."""
        seller = self._sellers.get(account)
        if seller is None or not seller.account.confirmation.enabled or seller.account.mode != "live":
            return 0
        pace = self._paces.setdefault(account, _Pace())
        now = self._clocks.core()
        most = pace.accrue(seller.account.confirmation, now)
        least = least_of_a_look(seller.adapter.limits)
        if most < least or not self._is_idle(account, now):
            return 0
        place = (seller.account.channel, account.tenant, account.name)
        at = moment(self._clocks.wall())
        states, until = await self._next(place, seller.account.confirmation, at, most)
        if states and not await self._read_back(account, seller, states, at):
            pace.rest = now + _REST
            return 0
        if states:
            overdue = await self._store.overdue(place)
            self._metrics.overdue.labels(seller.account.channel, str(account)).set(overdue)
        if until is not None:
            await self._store.move(place, until)
        if not states:
            pace.rest = now + min(_NOTHING, 5 * self._pause)
        pace.budget -= max(len(states), least if states else 0)
        return len(states)

    def _is_idle(self, account: AccountKey, now: float) -> bool:
        gate = self._core.gates.get(account)
        if gate is None or gate.stands or gate.closed_for(now):
            return False
        return not self._core.slots.live_by_account[account] and not gate.preparing and not gate.queued

    async def _next(
        self, place: tuple[str, str, str], rule: Confirmation, at: datetime, most: int
    ) -> tuple[Sequence[ListingState], datetime | None]:
        """What is to be looked at, and up to when everything that changed was looked at then."""
        again = await self._store.again(place, at, most)
        if len(again) >= most:
            return again, None
        until = at - timedelta(seconds=rule.after)
        oldest = until - timedelta(seconds=rule.deadline)
        cursor = await self._store.cursor(place)
        if cursor is None:
            return again, until  # what was accepted before anybody looked is taken as it is
        room = most - len(again)
        changed = await self._store.changed(place, max(cursor, oldest), until, room)
        fresh = [state for state in changed if state.seen is None or state.seen.at < state.updated_at]
        reached = changed[-1].updated_at if len(changed) >= room else until
        moves = bool(changed) or reached - cursor > _MOVE
        return _distinct((*again, *fresh)), reached if moves else None

    async def _read_back(
        self, account: AccountKey, seller: Seller, states: Sequence[ListingState], at: datetime
    ) -> bool:
        """Ask the channel and store what it says. False: it did not answer."""
        try:
            with self._sellers.in_use(account):
                found = await seller.adapter.read_back([state.sku for state in states])
        except AdapterError as error:
            _log.info("what was accepted cannot be read back now", account=str(account), error=str(error)[:300])
            return False
        results = [looked_at(state, found.get(state.sku), seller.account.confirmation, at) for state in states]
        judged = [after for before, after in zip(states, results, strict=True) if after.revision != before.revision]
        await self._store.judge(judged)
        await self._store.write([after for after in results if after not in judged])
        self._tell(account, seller.account.channel, results)
        return True

    def _tell(self, account: AccountKey, channel: str, results: Iterable[ListingState]) -> None:
        for state in results:
            if state.seen is None:
                continue
            outcome = _outcome(state, state.seen)
            self._metrics.looks.labels(channel, str(account), outcome).inc()
            if outcome in ("late", "refused"):
                _log.warning(f"{state.id}: {state.seen.words}", account=str(account))


def _outcome(state: ListingState, seen: Seen) -> str:
    if seen.again is None:
        return "confirmed"
    if state.status is Status.REFUSED:
        return "refused"
    if seen.late:
        return "late"
    return "under_review" if seen.says is ChannelSays.UNDER_REVIEW else "not_yet"


def least_of_a_look(limits: Iterable[Limit]) -> int:
    """How much must have come together before the channel is asked: where it counts questions, whatever they are about,
    few are asked, and each of them takes of the hour's listings as if it were full."""
    dear = any(limit.reading is not None and limit.reading.listing == 0 for limit in limits)
    return _MOST if dear else 1


def _distinct(states: Iterable[ListingState]) -> list[ListingState]:
    return list({state.id: state for state in states}.values())
