"""Child processes of one command: started, watched, restarted when they die, drained when the command ends.

Parent and children share one process group. A child holds the reading end of a pipe whose other end only the parent
has: when the parent dies, even by SIGKILL, the pipe ends and the child drains and ends too (`stop_on_signals`). So
nothing outlives the command.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import IO, Any

import structlog

from consumer.errors import MarketsyncError, UnavailableError

_log = structlog.get_logger()

# A child that exits with this found its settings unusable; starting it again cannot help.
SETTINGS_EXIT = 2

# SIGTERM is what we send: one that dies of it had not come far enough to have anything to drain.
_GOOD_ENDS = (0, -signal.SIGTERM)

# A child that lived this long, in seconds, died of something new: its restarts count from one again.
_SETTLED = 60


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep alive. arguments: what follows the interpreter. environment: added to ours."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


class ChildError(MarketsyncError):
    """A child ended in a way that a restart cannot heal, or had to be killed. exit_code: what to exit with."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(slots=True)
class _Kept:
    """A child that is kept alive until it is asked to end. done: the task that keeps it."""

    child: Child
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    process: asyncio.subprocess.Process | None = None
    done: asyncio.Task[None] | None = None

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


class Supervisor:
    """Keeps children alive until told to stop. They may come and go meanwhile.

    patience: seconds the children may take to end once asked. backoff: seconds before the n-th start in a row
    (from 1) of a child that died. output: where their standard output and error go; None = ours.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        patience: float,
        backoff: Callable[[int], float],
        output: IO[bytes] | None = None,
    ) -> None:
        self._children = children
        self._patience = patience
        self._backoff = backoff
        self._output = output
        self._stopping = asyncio.Event()
        self._kept: dict[str, _Kept] = {}
        self._failures: list[Exception] = []
        self._leaving = False

    async def run(self) -> None:
        """Start all children and keep them; returns when `stop` was called and all have drained.

        Raises ChildError when a child cannot run with these settings or did not end well.
        """
        for child in self._children:
            self.start(child)
        await self._stopping.wait()
        await asyncio.gather(*map(self.end, list(self._kept)))
        if self._failures:
            raise self._failures[0]

    def start(self, child: Child) -> None:
        """Keep one child more from now on; its name is no other's. Nothing once `stop` was called."""
        if not self._stopping.is_set():
            kept = self._kept[child.name] = _Kept(child)
            kept.done = asyncio.create_task(self._keep(kept))

    async def end(self, name: str) -> None:
        """Let this child drain, and keep it no more. Returns when it has ended."""
        kept = self._kept[name]
        kept.ending.set()
        kept.send(signal.SIGTERM)
        assert kept.done is not None  # noqa: S101  for the type checker: `start` has made it
        done, _ = await asyncio.wait([kept.done], timeout=self._patience)
        if not done:
            _log.error("a child did not end in time, killing it", child=name, seconds=self._patience)
            kept.send(signal.SIGKILL)
            await kept.done
        self._kept.pop(name, None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the children while the block runs and drain them at its end, however it ends.

        Raises ChildError as `run` does; a child that fails for good ends the block at once.
        """
        children, block = asyncio.create_task(self.run()), asyncio.current_task()
        children.add_done_callback(lambda _: None if self._leaving or block is None else bool(block.cancel()))
        try:
            yield
        finally:
            self._leaving = True
            self.stop()
            await children

    def stop(self) -> None:
        """Ask all children to drain and end. Idempotent."""
        self._stopping.set()
        for kept in self._kept.values():
            kept.ending.set()

    def kill(self) -> None:
        """End all children at once, without drain."""
        self.stop()
        for kept in self._kept.values():
            kept.send(signal.SIGKILL)

    async def _keep(self, kept: _Kept) -> None:
        try:
            await self._start_again_and_again(kept)
        except Exception as failure:
            if kept.ending.is_set() and not self._stopping.is_set():
                _log.error(str(failure))  # it alone was to go, and the others go on
                return
            self._failures.append(failure)  # for the end: the other children drain first
            self.stop()

    async def _start_again_and_again(self, kept: _Kept) -> None:
        deaths, name, loop = 0, kept.child.name, asyncio.get_running_loop()
        while not kept.ending.is_set():
            started = loop.time()
            code = await self._run_once(kept)
            if kept.ending.is_set():
                if code not in _GOOD_ENDS:
                    raise ChildError(f"{name} did not end cleanly: {_ending(code)}", 1)
                return
            if code == SETTINGS_EXIT:
                raise ChildError(f"{name} cannot run with these settings, its message is above", code)
            deaths = 1 if loop.time() - started > _SETTLED else deaths + 1
            delay = self._backoff(deaths)
            _log.error("child died, will be started again", child=name, ended=_ending(code), seconds=delay)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(kept.ending.wait(), delay)

    async def _run_once(self, kept: _Kept) -> int:
        child = kept.child
        kept.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *child.arguments,
            env={**os.environ, **child.environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
        )
        _log.info("child started", child=child.name, pid=kept.process.pid)
        if kept.ending.is_set():  # asked while it was being started: the signal has missed it
            kept.send(signal.SIGTERM)
        return await kept.process.wait()


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def doubling(first: float, ceiling: float) -> Callable[[int], float]:
    """A backoff that doubles from `first` up to `ceiling`, in seconds."""
    return lambda deaths: min(ceiling, first * 2.0 ** min(deaths - 1, 32))


def stop_on_signals(stop: Callable[[], object], *, supervised: bool) -> None:
    """Call `stop` on SIGTERM and SIGINT. Main thread only; `stop` must be idempotent and safe in a signal handler.

    supervised: a parent started us and forwards its signals. A terminal's Ctrl-C reaches the whole process group, so
    it is left to the parent; and when the parent is gone, standard input ends and we stop.
    """

    def on_signal(*_: object) -> None:
        stop()

    signal.signal(signal.SIGTERM, on_signal)
    if not supervised:
        signal.signal(signal.SIGINT, on_signal)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    watch_parent()


def watch_parent() -> None:
    """Send this process SIGTERM when standard input ends, because the supervisor that held it is gone."""
    Thread(target=_stop_with_parent, args=(sys.stdin.fileno(),), name="parent-watch", daemon=True).start()


def interrupt_on_term() -> None:
    """Let a polite kill end this process as Ctrl-C does, with its clean-up, until something better is installed."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def ignore_signals() -> None:
    """What is left to do ends by itself and may not be cut short: the clean-up."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


async def run_until_signalled(supervisor: Supervisor, beside: Coroutine[Any, Any, None]) -> None:
    """Run the children until SIGTERM, SIGINT or a closed terminal, then drain them. A second Ctrl-C kills them.

    beside: runs meanwhile, for ever. Raises ChildError as `Supervisor.run` does.
    """
    loop = asyncio.get_running_loop()
    interrupts: list[float] = []

    def on_interrupt() -> None:
        interrupts.append(loop.time())
        if len(interrupts) > 1:
            supervisor.kill()
        else:
            supervisor.stop()

    loop.add_signal_handler(signal.SIGINT, on_interrupt)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    companion = asyncio.create_task(beside)
    try:
        await supervisor.run()
    finally:
        companion.cancel()


def _stop_with_parent(pipe: int) -> None:
    while os.read(pipe, 4096):
        pass
    # Through the signal handler, so that `stop` runs where it does on SIGTERM: in the main thread.
    os.kill(os.getpid(), signal.SIGTERM)


def collect_seldom() -> None:
    """Look for garbage in cycles seldom: what is there by now stays, and the flow of listings leaves next to none.

    With the interpreter's own thresholds, looking through all that waits, again and again, took a twentieth of the CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def free_ports(host: str, first: int, count: int) -> list[int]:
    """`count` ports nobody listens on, counting up from `first`. Raises UnavailableError when there are none."""
    found: list[int] = []
    for port in range(first, min(first + 1000, 65536)):
        if len(found) == count:
            break
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((host, port))
                found.append(port)
    if len(found) < count:
        raise UnavailableError(f"no {count} free ports from {first} on {host}: set MARKETSYNC_METRICS_PORT")
    return found
