"""Follows the registry of tenants and keeps the streams that it asks for.

It is read again every few seconds and not followed by a change stream: what matters is what it says now, and a tenant
that was suspended and is back between two looks has missed nothing, because nothing was changed for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import structlog

from consumer.capture.keeper import Open, StreamKeeper
from consumer.capture.streams import StreamPlan, compare
from consumer.errors import MarketsyncError
from consumer.metrics import TenantMetrics
from consumer.mongo import PyMongoError
from consumer.mongo.address import ClusterAddress
from consumer.mongo.tenants import Registry, Tenant, understand
from consumer.mongo.words import in_words

_log = structlog.get_logger()

# Seconds that all streams together may take to end.
_END = 30.0


class Source(Protocol):
    """The registry, and what is remembered of it beyond a process's end: `consumer.mongo.known_tenants.KnownTenants`.

    Its methods raise PyMongoError or MarketsyncError.
    """

    def read(self) -> Iterable[Mapping[str, Any]]: ...
    def recall(self) -> Registry: ...
    def remember(self, registry: Registry) -> None: ...


class TenantWatch:
    """`run` in one thread, the rest from any.

    plan: active tenants → streams by name.
    home: the installation's own MongoDB. interval: seconds between two looks at the registry.
    """

    def __init__(
        self,
        source: Source,
        plan: Callable[[Iterable[Tenant]], Mapping[str, StreamPlan]],
        open_stream: Open,
        *,
        home: ClusterAddress,
        interval: float,
        metrics: TenantMetrics,
    ) -> None:
        self._source = source
        self._plan = plan
        self._open = open_stream
        self._home = home
        self._interval = interval
        self._metrics = metrics
        self._stop = threading.Event()
        self._registry = Registry()
        self._problems: Mapping[str, str] = {}
        self._known = False
        self._recalled = False
        self._keepers: dict[str, StreamKeeper] = {}

    def unready(self) -> list[str]:
        """Why no stream works, in words; empty = at least one does, or there is none to follow."""
        if not self._known:
            return [f"registry: {self._problems.get('registry', 'it has not been read yet')}"]
        wanted = [keeper for keeper in tuple(self._keepers.values()) if keeper.plan is not None]
        reasons = [keeper.unready() for keeper in wanted]
        return [reason for of_one in reasons for reason in of_one] if all(reasons) else []

    def standing_by(self) -> str:
        """Which streams others lead, in words; empty = none."""
        notes = [keeper.standing_by() for keeper in tuple(self._keepers.values())]
        return "; ".join(note for note in notes if note)

    def stop(self) -> None:
        """Make `run` return after the transactions at hand. Returns at once."""
        self._stop.set()

    def run(self) -> None:
        """Follow the registry until `stop`. Blocks. A stream's failure ends nothing but that stream."""
        try:
            while not self._stop.is_set():
                self._look()
                self._show()
                self._stop.wait(self._interval)
        finally:
            for keeper in self._keepers.values():
                keeper.end()
            slow = [name for name, keeper in self._keepers.items() if not keeper.join(_END)]
            if slow:
                _log.warning("streams did not end in time; what they had open is aborted", streams=slow)

    def _look(self) -> None:
        try:
            if not self._recalled:
                self._registry, self._recalled = self._source.recall(), True
            registry = understand(self._source.read(), self._registry, home=self._home)
        except (PyMongoError, MarketsyncError) as error:
            words = in_words(error) if isinstance(error, PyMongoError) else str(error)
            self._tell({**self._registry.problems, "registry": f"it cannot be read: {words}. Tenants known last stay."})
            if self._known or not self._registry.entries:
                return
            _log.warning("capture follows the tenants that were known last", tenants=len(self._registry.entries))
        else:
            self._registry = registry
            self._tell(registry.problems)
            self._remember(registry)
        self._known = True
        self._apply(self._plan(self._registry.tenants))

    def _remember(self, registry: Registry) -> None:
        try:
            self._source.remember(registry)
        except PyMongoError as error:  # it is only needed when a process starts, and tried again at the next look
            _log.warning("the tenants cannot be remembered", error=in_words(error))

    def _apply(self, wanted: Mapping[str, StreamPlan]) -> None:
        running = {name: keeper.plan for name, keeper in self._keepers.items() if keeper.plan is not None}
        changes = compare(running, wanted)
        for plan in (*changes.start, *changes.reopen):
            self._keeper(plan.name).want(plan)
            _log.info("stream", stream=plan.name, servers=plan.servers, tenants=plan.tenants)
        for name in changes.stop:
            self._keepers[name].want(None)
            _log.info("stream rests: none of its tenants is active", stream=name)
        if changes.joined:
            _log.info("tenants join", tenants=changes.joined, products="are all read and published")
        if changes.left:
            _log.warning(
                "tenants leave", tenants=changes.left, listings="stay as they are", back="then all products are read"
            )

    def _keeper(self, name: str) -> StreamKeeper:
        if name not in self._keepers:
            self._keepers[name] = StreamKeeper(name, self._open)
            self._keepers[name].start()
        return self._keepers[name]

    def _tell(self, problems: Mapping[str, str]) -> None:
        """Log what is new among the problems, and what is over."""
        before, self._problems = self._problems, problems
        for whose, words in problems.items():
            if before.get(whose) != words:
                _log.error("registry of tenants", whose=whose, problem=words)
        for whose in before.keys() - problems.keys():
            _log.info("registry of tenants: all is well again", whose=whose)

    def _show(self) -> None:
        metrics, registry = self._metrics, self._registry
        counts = {"active": 0, "suspended": 0, "pending": 0}
        for tenant in registry.tenants:
            counts[tenant.status] += 1
        for status, count in counts.items():
            metrics.tenants.labels(status).set(count)
        metrics.problems.set(len(self._problems))
        for name, keeper in self._keepers.items():
            metrics.following.labels(name).set(keeper.following)
            metrics.failing.labels(name).set(bool(keeper.unready()))
