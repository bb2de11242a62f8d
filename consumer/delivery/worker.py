"""One channel's delivery process: an asyncio shell that polls, calls, stores and commits, and decides nothing.

Facts (records, answers, time) go to the core; after each the core is asked what to do, and each command becomes a task.
A command that cannot be performed for a reason the core does not know stops the worker loudly: nothing is ever dropped.
What was not committed is delivered again after the restart, and what was intended without an outcome is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from consumer.delivery.commands import CoreCommand, Release, Rest
from consumer.delivery.ending import end_all
from consumer.delivery.intake import target_account
from consumer.delivery.parts import Parts
from consumer.delivery.performing import Performer
from consumer.kafka.records import Partition, Record
from consumer.markers import decode_marker, is_marker

_log = structlog.get_logger()

# Seconds between commits. After a crash so much is read again; the listing store keeps it from being sent again.
_COMMIT = 1.0
# Seconds without a sign of life after which a restart is the only help. A drain may take some of them.
_STUCK = 120.0
# How often a drain looks whether everything in flight has ended.
_LOOK = 0.02


class DeliveryWorker:
    """Delivers one channel's updates until it is stopped. `run` once.

    missed: is told of partitions whose records were deleted before they were read.
    """

    def __init__(self, parts: Parts, missed: Callable[[Partition], None]) -> None:
        self.parts = parts
        self._core = parts.core
        self._missed = missed
        self._performer = Performer(parts, done=self._soon, failed=self.failed)
        self._stop = asyncio.Event()
        self._failure: Exception | None = None
        self._turn_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._joined = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alive_at = 0.0

    def unready(self) -> list[str]:
        """Why it does not deliver now, in words; empty = it does. From any thread."""
        if self._failure is not None:
            return [f"stopped: {self._failure}"]
        if self._stop.is_set():
            return ["stopping"]
        if not self._joined:
            return ["not in the consumer group yet"]
        if self._core.quotas.away:
            return ["MongoDB cannot be used: calls wait for their quota"]
        return ["MongoDB cannot be used, nothing is delivered"] if self._core.store_away else []

    def stuck(self) -> list[str]:
        """Why only a restart can help, in words; empty = nothing of that kind. From any thread."""
        now = self._now()
        silent = {"event loop": now - self._alive_at, "Kafka consumer": now - self.parts.consumer.alive_at}
        return [f"the {name} has not moved for {age:.0f} s" for name, age in silent.items() if 0 < _STUCK < age < now]

    async def run(self) -> None:
        """Work until `stop`. Returns after the drain. Raises what made it impossible to go on.

        Cancelling it is the hard way: nothing is drained or committed, as in a crash.
        """
        parts = self.parts
        self._loop = asyncio.get_running_loop()
        parts.writer.start()
        watch = asyncio.create_task(self._watch())
        keeper = asyncio.create_task(self._commit_regularly())
        try:
            await self._stop.wait()
            if self._failure is None:
                await self._drain(self._core.offsets.partitions)
                await self._performer.give_back()
            await parts.consumer.close(self._core.offsets.committable())
        finally:
            if self._timer is not None:
                self._timer.cancel()
            await end_all([keeper, watch])
            await self._performer.cancel()
            if parts.follower is not None:  # whoever gave us adapters closes them; these were made here
                await parts.sellers.close()
            await parts.consumer.close({})
            await parts.writer.close()
            await parts.chronicle.close()
            await parts.transcriber.close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End in order: calls in flight may finish, offsets are committed. Idempotent, from any thread."""
        if self._loop is None:
            self._stop.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    # The consumer's listener

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Partitions are ours now."""
        self._joined = True
        self._core.assigned(partitions, self._now())
        self.parts.upkeep.assigned(partitions)
        self._soon()

    async def revoked(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Partitions are about to leave: drain them, say what to commit, forget them."""
        await self._drain(frozenset(partitions))
        positions = {p: n for p, n in self._core.offsets.committable().items() if p in partitions}
        self._core.revoked(partitions, self._now())
        self._soon()
        return positions

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Partitions left without asking."""
        self._core.revoked(partitions, self._now())
        self._soon()

    def received(self, records: Sequence[Record]) -> None:
        """New records."""
        now, shift = self._now(), self._shift()
        for record in records:
            self.parts.metrics.records.labels(self.parts.channel, record.topic).inc()
            if not self._core.hold(record, self.parts.intake.held_until(record, shift), now):
                self._take_in(record, now, shift)
        self._soon()

    def committed(self, positions: Mapping[Partition, int]) -> None:
        """Kafka stored these offsets."""
        self._core.offsets.confirm(positions)

    def reset(self, partition: Partition) -> None:
        """The partition starts over: updates were missed."""
        self._missed(partition)
        self.parts.metrics.reset_offsets.labels(self.parts.channel, partition.topic).inc()
        self._core.assigned([partition], self._now())
        self._soon()

    def failed(self, error: Exception) -> None:
        """It cannot go on."""
        if self._failure is None:
            self._failure = error
            _log.error("delivery stops", channel=self.parts.channel, error=f"{type(error).__name__}: {error}")
        self._stop.set()

    # Turning facts into commands into tasks

    def _take_in(self, record: Record, now: float, shift: float) -> None:
        ticket = self._core.ticket(record)
        if ticket is None:
            return
        if not self.parts.intake.concerns(record):
            self.parts.metrics.ignored.labels(self.parts.channel, "other_channel").inc()
            self._core.arrived(ticket, [], now)
            return
        try:
            if is_marker(record.headers):
                marker = decode_marker(record.value, record.headers)
                self._core.debts.marker(ticket, marker, target_account(record) or "")
                return
            works = self.parts.intake.works(record, ticket, shift)
        except Exception as error:  # also a bug of ours: it must not stop all others, and again after each restart
            self.parts.reporter.undecodable(error, record)
            self._core.undecodable(ticket, record, error, now)
            return
        if not works:
            self.parts.metrics.ignored.labels(self.parts.channel, "no_account").inc()
        self._core.arrived(ticket, works, now)

    def _soon(self) -> None:
        """Ask the core what to do, once for all that happens in this round of the event loop."""
        if not self._turn_due:
            self._turn_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        try:
            now = self._now()
            for command in self._core.tick(now):
                self._perform(command, now)
            self.parts.reporter.report(self._core.notes.drain())
            self._set_timer(now)
        except Exception as error:
            self.failed(error)

    def _set_timer(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._core.next_due(now)
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, due - now), self._soon)

    def _perform(self, command: CoreCommand, now: float) -> None:
        match command:
            case Release():
                for record in command.records:
                    self._take_in(record, now, self._shift())
                self._soon()
            case Rest():
                self.parts.consumer.rest(command.partitions)
            case _:
                self._performer.perform(command)

    async def _drain(self, partitions: frozenset[Partition]) -> None:
        """Let what is in flight end, within the deadline; nothing new starts for these partitions."""
        self._core.revoking(partitions, self._now())
        self._soon()
        deadline = self._now() + self.parts.drain
        while self._core.busy(partitions) and self._failure is None:
            if self._now() >= deadline:
                _log.warning("calls still in flight after the drain; they will be sent again", seconds=self.parts.drain)
                return
            await asyncio.sleep(_LOOK)

    async def _watch(self) -> None:
        """Nothing is read before it is known what is paused, and which accounts there are."""
        parts = self.parts
        beside: list[asyncio.Task[None]] = []
        try:
            await parts.upkeep.begin()
            if parts.follower is not None:
                await parts.follower.begin()
            parts.consumer.start(self)
            beside.append(asyncio.create_task(parts.upkeep.run(self._soon)))
            beside.append(asyncio.create_task(parts.replanner.run(self._soon)))
            beside.append(asyncio.create_task(parts.chronicle.run()))
            beside.append(asyncio.create_task(parts.transcriber.run()))
            beside.append(asyncio.create_task(parts.confirmer.run()))
            beside.append(asyncio.create_task(parts.tickets.run()))
            if parts.follower is not None:
                beside.append(asyncio.create_task(parts.follower.run(self._soon)))
            await asyncio.gather(*beside)
        except Exception as error:
            self.failed(error)
        finally:
            await end_all(beside)

    async def _commit_regularly(self) -> None:
        while True:
            slept = self._now()
            await asyncio.sleep(_COMMIT)
            self._alive_at = self._now()
            if positions := self._core.offsets.committable():
                self.parts.consumer.commit(positions)
            self.parts.reporter.gauges(self._core)
            self.parts.backlog.tell(self._core.slots, self._core.held, late=self._alive_at - slept - _COMMIT)
            self.parts.metrics.poll_pause.labels(self.parts.channel).set(self.parts.consumer.longest_pause)

    def _now(self) -> float:
        return self.parts.clocks.core()

    def _shift(self) -> float:
        return self.parts.clocks.wall() - self.parts.clocks.core()
