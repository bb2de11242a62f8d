"""What waits in memory, looked at once a second: how old it is, in which lane, for how long it has failed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from consumer.delivery.clocks import Clocks
from consumer.delivery.held import Held
from consumer.delivery.lanes import EVERY_LANE
from consumer.delivery.slots import Slots
from consumer.delivery.work import Work, account_of
from consumer.metrics import DeliveryMetrics
from consumer.metrics.backlog import Backlog

MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class BacklogTeller:
    """Tells what waits in one channel's process. group: its consumer group. limit: so many listings may wait."""

    channel: str
    group: str
    limit: int
    delay_of: Callable[[str], int | None]
    clocks: Clocks
    metrics: DeliveryMetrics

    def tell(self, slots: Slots, held: Held, *, late: float) -> None:
        """How it is now. late: seconds by which the event loop is behind."""
        now, wall = self.clocks.core(), self.clocks.wall()
        self.metrics.backlog.tell(self.channel, self.group, backlog(slots, held, self.delay_of, now=now, wall=wall))
        self.metrics.waiting_limit.labels(self.channel).set(self.limit)
        self.metrics.loop_lag.labels(self.channel).set(max(0.0, late))


def backlog(slots: Slots, held: Held, delay_of: Callable[[str], int | None], *, now: float, wall: float) -> Backlog:
    """now: on the core's clock; wall: the same moment in seconds since 1970. delay_of: a retry topic's, in seconds.

    A state that was read because its listing is owed counts in its lane only: how old that is, is told of what is owed.
    """
    waiting: dict[str, float] = defaultdict(float)
    blocked: dict[str, float] = defaultdict(float)
    lag = _ages(slots.all_in_flight(), wall)
    lanes: Counter[str] = Counter({lane.name.lower(): 0 for lane in EVERY_LANE})
    retries, due = _held(held, delay_of, now)
    for work in slots.all_waiting():
        lanes[work.lane.name.lower()] += 1
        account, age = str(account_of(work.key)), _age(work, wall)
        waiting[account] = max(waiting[account], age)
        lag[work.key.tenant] = max(lag.get(work.key.tenant, 0.0), age)
        if work.attempts:
            retries[MEMORY] += 1
            due[MEMORY] += work.due <= now
            blocked[account] = max(blocked[account], now - (now if work.first_failure is None else work.first_failure))
    return Backlog(lag, waiting, blocked, lanes, slots.waiting_bytes + held.size, retries, due)


def _ages(works: Iterable[Work], wall: float) -> dict[str, float]:
    """The oldest of each tenant."""
    ages: dict[str, float] = {}
    for work in works:
        ages[work.key.tenant] = max(ages.get(work.key.tenant, 0.0), _age(work, wall))
    return ages


def _age(work: Work, wall: float) -> float:
    written = work.record.timestamp
    return max(0.0, wall - written) if written and not work.swept else 0.0


def _held(held: Held, delay_of: Callable[[str], int | None], now: float) -> tuple[Counter[str], Counter[str]]:
    """How many wait, and how many are due, of each retry topic."""
    waiting: Counter[str] = Counter()
    due: Counter[str] = Counter()
    for partition, times in held.times():
        delay = delay_of(partition.topic)
        if delay is not None:
            waiting[f"{delay}s"] += len(times)
            due[f"{delay}s"] += sum(time <= now for time in times)
    return waiting, due
