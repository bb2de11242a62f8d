"""Keeps one stream running in a thread of its own: its failures are told and tried again, and touch no other stream."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import structlog
from pydantic import SecretStr

from consumer.capture.streams import StreamPlan

_log = structlog.get_logger()

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0
# Seconds of work after which a failure is a new one.
_SETTLED = 60.0


class Stream(Protocol):
    """Something that captures; `run` in one thread, the rest from any."""

    @property
    def leading(self) -> bool:
        """Whether it follows its tenants."""

    def run(self) -> None:
        """Capture until `stop`. Blocks."""

    def follow(self, databases: Mapping[str, str]) -> None:
        """From now on these tenants: name → database. Returns at once."""

    def stop(self) -> None:
        """Make `run` return. Returns at once."""

    def unready(self) -> list[str]:
        """Why it does not do its work now, in words; empty = it does."""

    def standing_by(self) -> str:
        """Who leads, in words, while this one stands by; else empty."""


Open = Callable[[StreamPlan, SecretStr | None], AbstractContextManager[Stream]]
"""Makes a stream. Called in the stream's own thread, so it may take its time."""


class StreamKeeper:
    """One stream and its thread. `want` says what it should be; it never waits for the stream.

    open_stream: with the address that is tried this time. failed: told the name and the failure in words, or "" when
    the stream works.
    """

    def __init__(self, name: str, open_stream: Open, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._open = open_stream
        self._clock = clock
        self._changed = threading.Condition()
        self._wanted: StreamPlan | None = None
        self._stream: Stream | None = None
        self._ending = False
        self._failure = ""
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"stream-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def plan(self) -> StreamPlan | None:
        """What is wanted of it, None = to rest."""
        return self._wanted

    @property
    def following(self) -> bool:
        """Whether it captures now."""
        stream = self._stream
        return stream is not None and stream.leading

    def unready(self) -> list[str]:
        """Why it does not do its work now, in words; empty = it does, or none is wanted."""
        stream, plan = self._stream, self._wanted
        if plan is None:
            return []
        reasons = stream.unready() if stream is not None else [self._failure or "it is being opened"]
        return [f"stream {self._name} ({', '.join(plan.tenants)}): {reason}" for reason in reasons]

    def standing_by(self) -> str:
        """Who leads, in words, while this one stands by; else empty."""
        stream = self._stream
        return stream.standing_by() if stream is not None and self._wanted is not None else ""

    def want(self, plan: StreamPlan | None) -> None:
        """Follow this from now on, None = rest. Returns at once."""
        with self._changed:
            before, self._wanted = self._wanted, plan
            if before == plan:
                return
            self._failures = 0
            if self._stream is not None:
                if plan is not None and before is not None and plan.addresses == before.addresses:
                    self._stream.follow(dict(plan.databases))
                else:
                    self._stream.stop()
            self._changed.notify_all()

    def end(self) -> None:
        """Stop for good. Returns at once."""
        with self._changed:
            self._ending = True
            if self._stream is not None:
                self._stream.stop()
            self._changed.notify_all()

    def join(self, timeout: float) -> bool:
        """Wait until it has stopped; False when it has not within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (plan := self._next()) is not None:
            try:
                self._keep(plan)
            except Exception as error:  # whatever it is, it is this stream's alone
                self._report(plan, error)
                self._pause(plan)

    def _next(self) -> StreamPlan | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ending or self._wanted is not None)
            return None if self._ending else self._wanted

    def _keep(self, plan: StreamPlan) -> None:
        """Run the stream until it stops or fails."""
        address = plan.addresses[self._failures % len(plan.addresses)]
        with self._open(plan, address) as stream:
            with self._changed:
                wanted = self._wanted
                if self._ending or wanted is None or wanted.addresses != plan.addresses:
                    return
                stream.follow(dict(wanted.databases))
                self._stream = stream
            began = self._clock()
            try:
                stream.run()
            finally:
                with self._changed:
                    self._stream = None
                if self._clock() - began > _SETTLED:
                    self._failures, self._failure = 0, ""

    def _report(self, plan: StreamPlan, error: Exception) -> None:
        words = str(error) or type(error).__name__
        if words != self._failure:
            _log.error(
                "a stream failed and is tried again; others go on",
                stream=self._name,
                tenants=plan.tenants,
                servers=plan.servers,
                error=words,
                kind=type(error).__name__,
            )
        self._failure = words

    def _pause(self, plan: StreamPlan) -> None:
        with self._changed:
            delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(self._failures, 10))
            self._failures += 1
            self._changed.wait_for(lambda: self._ending or self._wanted != plan, delay)
