"""Performs the core's commands, each as a task of its own, and tells the core what became of them. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from consumer.delivery.commands import Call, Dismiss, Prepare, Probe, Produce, Store, TryAccount
from consumer.delivery.ending import end_all
from consumer.delivery.flood import StopFlood
from consumer.delivery.owing import Owe
from consumer.delivery.parts import Parts
from consumer.delivery.quotas.leases import Lease
from consumer.delivery.quotas.ledger import Slice
from consumer.delivery.sweeps import Sweep
from consumer.delivery.unseen import MarkUnseen
from consumer.errors import UnavailableError
from consumer.mongo import PyMongoError

Performed = (
    Prepare | Call | Probe | Store | Produce | Lease | Owe | Sweep | TryAccount | MarkUnseen | StopFlood | Dismiss
)
Command = TypeVar("Command", bound=Performed)

_log = structlog.get_logger()


class Performer:
    """done: called after each command, when the core may have something new to do. failed: it cannot go on."""

    def __init__(self, parts: Parts, *, done: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        self._parts = parts
        self._core = parts.core
        self._done = done
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def perform(self, command: Performed) -> None:
        """Begin."""
        match command:
            case Prepare():
                self._start(self._prepare, command)
            case Call():
                self._start(self._call, command)
            case Probe():
                self._start(self._probe, command)
            case Store():
                self._start(self._store, command)
            case Produce():
                self._start(self._produce, command)
            case Lease():
                self._start(self._lease, command)
            case Dismiss():
                self._parts.sellers.drop(command.account)
                self._parts.reporter.forget(command.account)
            case TryAccount():
                self._start(self._try, command)
            case Owe() | Sweep() | MarkUnseen() | StopFlood():
                self._start(self._parts.upkeep.perform, command)

    async def cancel(self) -> None:
        """End whatever runs, wherever it is."""
        await end_all(tuple(self._tasks))

    async def give_back(self) -> None:
        """Leased calls that will not be made are others' again."""
        lease = self._core.quotas.give_back(self._now())
        if lease is not None:
            await self._ask(lease)

    def _start(self, perform: Callable[[Command], Awaitable[None]], command: Command) -> None:
        task = asyncio.create_task(self._watched(perform, command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watched(self, perform: Callable[[Command], Awaitable[None]], command: Command) -> None:
        try:
            await perform(command)
        except Exception as error:
            _log.exception("delivery cannot go on", channel=self._parts.channel)
            self._failed(error)
        self._done()

    async def _prepare(self, prepare: Prepare) -> None:
        report = await self._parts.floors.prepare(prepare, self._parts.execution.prepare)
        if report is None:
            self._core.not_prepared(prepare, self._now())
        else:
            self._parts.chronicle.decided(report.settled)
            self._core.prepared(prepare, report, self._now())

    async def _call(self, call: Call) -> None:
        begun = self._now()
        if begun >= call.until:
            self._core.dispatch.too_late(call, begun)
            return
        with self._parts.sellers.in_use(call.account), self._parts.transcriber.heard() as listener:
            answers = await self._parts.execution.call(call)
        now = self._now()
        self._parts.transcriber.keep(call, answers, listener)
        self._parts.reporter.answered(call, answers, seconds=now - begun)
        self._core.called(call, answers, now)

    async def _probe(self, probe: Probe) -> None:
        with self._parts.sellers.in_use(probe.account) as known:
            if known:
                self._core.probed(probe, await self._parts.execution.probe(probe), self._now())

    async def _try(self, command: TryAccount) -> None:
        with self._parts.sellers.in_use(command.account) as known:
            if known:
                error = await self._parts.execution.try_account(command.account)
                self._core.debts.tried(command, error, self._now())

    async def _store(self, store: Store) -> None:
        stored = await self._parts.execution.store(store)
        if stored is None:
            self._core.not_stored(store, self._now())
        else:
            self._parts.chronicle.delivered(store)
            self._core.stored(store, stored, self._now())

    async def _produce(self, produce: Produce) -> None:
        if not await self._parts.execution.give_up(produce.letters):
            self._core.not_produced(produce, self._now())
            return
        now = self._now()
        shift = self._parts.clocks.wall() - now
        letters = [self._parts.letters.outgoing(letter, now, shift) for letter in produce.letters]
        refused = await self._parts.writer.write(letters)
        self._core.produced(produce, refused, self._now())

    async def _lease(self, lease: Lease) -> None:
        found = await self._ask(lease)
        if found is None:
            self._core.quotas.not_leased(lease, self._now())
        else:
            self._core.quotas.leased(lease, found, self._now())

    async def _ask(self, lease: Lease) -> dict[str, Slice] | None:
        try:
            return await self._parts.quotas.lease(lease)
        except (PyMongoError, UnavailableError) as error:
            words = "quotas cannot be leased from MongoDB; calls go on with what is leased, then they wait"
            _log.warning(words, channel=self._parts.channel, error=str(error)[:300])
            return None

    def _now(self) -> float:
        return self._parts.clocks.core()
