"""The shell's part of what is owed: performs its commands, and keeps watch on what happens outside of Kafka.

Every second the pauses are read; every few seconds it is looked for prices that a date changes, and told which accounts
stand still and how much is owed; every few minutes, and in partitions that are new to us, intents without an end are
looked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from consumer.delivery.clocks import Clocks
from consumer.delivery.core import Core
from consumer.delivery.execution import Execution
from consumer.delivery.flood import StopFlood
from consumer.delivery.floors import Floors
from consumer.delivery.judging import CLAIM
from consumer.delivery.owing import Owe
from consumer.delivery.pauses import Pause, Pauses, paused_accounts
from consumer.delivery.standstills import TELL_EVERY, Standstills, state_of
from consumer.delivery.sweeper import Sweeper
from consumer.delivery.sweeps import Sweep
from consumer.delivery.unseen import MarkUnseen
from consumer.delivery.work import AccountKey
from consumer.kafka.records import Partition
from consumer.listings.brakes.store import BrakeStore
from consumer.listings.debts import DebtStore
from consumer.listings.owed import moment
from consumer.logs import without_secrets
from consumer.metrics.owed import OwedMetrics
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

_READ_PAUSES = 1.0
_LOOK_FOR_UNFINISHED = 300.0
# How many of an account are marked in one step when a date comes: a sale of everything must not hold up the store.
_MOST_DUE = 1000
_LOOK_FOR_DUE = 5.0
# An intent this old belongs to nobody: longer than any call, any wait in memory and any rest of a batch.
_UNFINISHED_AFTER = timedelta(minutes=15)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Watched:
    """Where upkeep looks and tells. replica: this process among those of its channel."""

    debts: DebtStore
    brakes: BrakeStore
    pauses: Pauses
    standstills: Standstills
    sweeper: Sweeper
    floors: Floors
    replica: str


class Upkeep:
    """One channel's. changed: called when the core may have something new to do."""

    def __init__(
        self,
        channel: str,
        core: Core,
        execution: Execution,
        watched: Watched,
        *,
        clocks: Clocks,
        metrics: OwedMetrics,
    ) -> None:
        self._channel = channel
        self._core = core
        self._execution = execution
        self._watched = watched
        self._clocks = clocks
        self._metrics = metrics
        self._pauses: Sequence[Pause] = ()
        self._looked_in: tuple[int, ...] = ()
        self._fresh: dict[int, float] = {}

    def assigned(self, partitions: Iterable[Partition]) -> None:
        """These are ours from now on. What sweeps had at work in them before is nobody's any more."""
        self._fresh |= dict.fromkeys((partition.number for partition in partitions), self._clocks.wall())

    async def perform(self, command: Owe | Sweep | MarkUnseen | StopFlood) -> None:
        """Do it and tell the core."""
        match command:
            case Owe():
                await self._owe(command)
            case Sweep():
                await self._sweep(command)
            case MarkUnseen():
                await self._mark_unseen(command)
            case StopFlood():
                await self._stop_flood(command)

    async def begin(self) -> None:
        """Read the pauses for the first time: before that nothing may start. Waits while MongoDB is away."""
        known = await self._attempt(self._read_pauses)
        while not known:
            await asyncio.sleep(_READ_PAUSES)
            known = await self._attempt(self._read_pauses)

    async def run(self, changed: Callable[[], None]) -> None:
        """Keep watch until cancelled. changed: called when the core may have something new to do."""
        tell_at = look_at = due_at = self._now()
        while True:
            await asyncio.sleep(_READ_PAUSES)
            if await self._attempt(self._read_pauses):
                changed()
            if self._fresh:
                await self._attempt(self._take_over)
            now = self._now()
            if now >= due_at:
                due_at = now + _LOOK_FOR_DUE
                await self._attempt(self._look_for_due)
            if now >= tell_at:
                tell_at = now + TELL_EVERY
                await self._attempt(self._tell)
            if now >= look_at or self._looked_in != self._numbers():
                look_at = now + _LOOK_FOR_UNFINISHED
                await self._attempt(self._look_for_unfinished)

    def pause(self) -> None:
        """Pause whom the pauses cover that were read last: an account that is new too."""
        paused = paused_accounts(self._pauses, self._core.gates)
        self._core.debts.pause(paused)
        for account in self._core.roster.accounts:
            self._metrics.paused.labels(self._channel, str(account)).set(account in paused)

    async def _stop_flood(self, command: StopFlood) -> None:
        tenant, account = command.whom or (None, None)

        async def pause() -> None:
            await self._watched.pauses.pause(self._channel, account, command.words, tenant=tenant, who="flood guard")

        done = await self._attempt(pause)
        if done:
            whom = "channel" if command.whom is None else str(command.whom)
            self._metrics.floods.labels(self._channel, whom).inc()
            words = f"{command.words}: paused, nothing more is given up; mend the cause, then `marketsync resume`"
            _log.error(words, channel=self._channel, whom=whom)
        self._core.flow.flood.stopped(command, done=done)

    async def _owe(self, owe: Owe) -> None:
        if not await self._execution.owe(owe.owings, self._now()):
            self._core.debts.not_owed(owe, self._now())
            return
        for owing in owe.owings:
            account = str(AccountKey(owing.work.key.tenant, owing.work.key.account))
            self._metrics.marks.labels(self._channel, account, owing.cause).inc()
        self._core.debts.owed(owe, self._now())

    async def _sweep(self, sweep: Sweep) -> None:
        try:
            works, found = await self._watched.sweeper.sweep(sweep, self._clocks.wall() - self._clocks.core())
        except PyMongoError as error:
            _log.warning("MongoDB cannot be used, owed listings wait", error=str(error)[:_LONGEST])
            self._core.debts.not_swept(self._now())
            return
        for work in works:
            account = str(AccountKey(work.key.tenant, work.key.account))
            self._metrics.swept.labels(self._channel, account).inc()
        self._core.debts.swept(sweep, works, found, self._now())

    async def _mark_unseen(self, command: MarkUnseen) -> None:
        marker, partition = command.marker, command.ticket.partition.number
        at = moment(self._clocks.wall())
        try:
            await self._watched.floors.reached(command)
            count = await self._watched.debts.mark_unseen(
                self._channel, marker.tenant, partition, account=command.account, sequence=marker.sequence, at=at
            )
        except PyMongoError as error:
            _log.warning("MongoDB cannot be used, a finished reading waits", error=str(error)[:_LONGEST])
            self._core.debts.not_marked(command, self._now())
            return
        if count:
            words = "listings whose products were not met when the tenant was read; they are looked for"
            _log.info(words, tenant=marker.tenant, partition=partition, listings=count)
        self._core.debts.unseen_marked(command)

    async def _read_pauses(self) -> None:
        self._pauses = await self._watched.pauses.current(self._channel)
        self.pause()

    async def _tell(self) -> None:
        now, at = self._now(), moment(self._clocks.wall())
        standing = {
            account: (state, (gate.broken or without_secrets(str(gate.error)))[:_LONGEST], gate.closed_for(now))
            for account, gate in self._core.roster.accounts.items()
            if (state := state_of(gate, now))
        }
        await self._watched.standstills.tell(self._channel, self._watched.replica, standing, at)
        owed = await self._watched.debts.counts(self._channel, self._numbers())
        self._metrics.tell(self._channel, map(str, self._core.roster.accounts), owed, at)
        closed = await self._watched.brakes.open_idle(self._channel)
        accounts = ((str(AccountKey(each.place.tenant, each.place.account)), each.brake.value) for each in closed)
        self._metrics.tell_brakes(self._channel, accounts)

    async def _look_for_due(self) -> None:
        """What a date alone changes: rules and promotions that begin or end."""
        at, numbers = moment(self._clocks.wall()), self._numbers()
        for account in self._core.roster.accounts:
            place = (self._channel, account.tenant, account.name)
            count = portion = await self._watched.debts.mark_price_due(place, numbers, at=at, most=_MOST_DUE)
            while portion == _MOST_DUE:
                portion = await self._watched.debts.mark_price_due(place, numbers, at=at, most=_MOST_DUE)
                count += portion
            if count:
                words = "a date has come at which prices may change; the listings are planned anew"
                _log.info(words, account=str(account), listings=count)

    async def _take_over(self) -> None:
        """Claims made before a partition was ours are due at once; those that we made since have a later end."""
        fresh, at = dict(self._fresh), moment(self._clocks.wall())
        until = moment(max(fresh.values())) + CLAIM
        for account in self._core.roster.accounts:
            place = (self._channel, account.tenant, account.name)
            count = await self._watched.debts.take_over(place, fresh, until=until, at=at)
            if count:
                words = "listings that another process, or this one before, had at work; they are looked at again"
                _log.info(words, account=str(account), listings=count)
        self._fresh = {number: since for number, since in self._fresh.items() if fresh.get(number) != since}

    async def _look_for_unfinished(self) -> None:
        at = moment(self._clocks.wall())
        numbers = self._numbers()
        for account in self._core.roster.accounts:
            place = (self._channel, account.tenant, account.name)
            count = await self._watched.debts.mark_unfinished(place, numbers, before=at - _UNFINISHED_AFTER, at=at)
            if count:
                _log.warning("intents without an end; the newest states are sent", account=str(account), listings=count)
        self._looked_in = numbers

    async def _attempt(self, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except PyMongoError as error:
            _log.warning("MongoDB cannot be used", channel=self._channel, error=str(error)[:_LONGEST])
            return False
        return True

    def _numbers(self) -> tuple[int, ...]:
        return self._core.offsets.numbers()

    def _now(self) -> float:
        return self._clocks.core()
