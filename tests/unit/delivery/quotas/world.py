"""Processes that share one quota, a server that leases it, and a channel that counts what arrives. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.errors import RateLimitedError
from adapters.model import Operation
from adapters.rate_limits import Limit
from consumer.delivery.quotas.leases import Lease, Quota, answered
from consumer.delivery.quotas.ledger import Ledger, Slice, flight_of
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.work import AccountKey

ACCOUNT = AccountKey("shop", "default")
CREATE = Operation.CREATE.value
START = 1_700_000_000.0


@dataclass(slots=True)
class Process:
    """One process with a clock of its own. asked: its question to the server. answer: the server's, on its way back."""

    quotas: Quotas
    offset: float
    asked: Lease | None = None
    answer: dict[str, Slice] | None = None


@dataclass(slots=True)
class World:
    """time: the true one. set_back: what the server's clock is behind. arrivals: (when, units) at the channel."""

    limit: Limit
    offsets: tuple[float, ...]
    time: float = START
    set_back: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    questions: int = 0

    def __post_init__(self) -> None:
        self.processes = [Process(self._quotas(), offset) for offset in self.offsets]

    def _quotas(self) -> Quotas:
        return Quotas({ACCOUNT: [Quota("the/quota", self.limit)]})

    def call(self, process: Process, listings: int, *, urgent: bool = False, delay: float = 0.0) -> int:
        """As large a call as there is room for; returns its listings. delay: share of the longest flight it takes."""
        now = self.time + process.offset
        room = process.quotas.room(ACCOUNT, now, CREATE, listings, urgent=urgent)
        if room:
            process.quotas.spend(ACCOUNT, now, CREATE, room, urgent=urgent)
            cost = self.limit.costs[Operation.CREATE].of(room)
            self.arrivals.append((self.time + delay * flight_of(self.limit), cost))
        return room

    def ask(self, process: Process) -> None:
        if process.asked is None:
            process.asked = process.quotas.to_lease(self.time + process.offset)

    def serve(self, process: Process) -> None:
        if process.asked is None or process.answer is not None:
            return
        self.questions += 1
        process.answer = {}
        for ask in process.asked.asks:
            self.ledger, process.answer[ask.quota.key] = answered(ask, self.ledger, self.time - self.set_back)

    def tell(self, process: Process) -> None:
        if process.asked is not None and process.answer is not None:
            process.quotas.leased(process.asked, process.answer, self.time + process.offset)
            process.asked = process.answer = None

    def lose(self, process: Process) -> None:
        if process.asked is not None:
            process.quotas.not_leased(process.asked, self.time + process.offset)
            process.asked = process.answer = None

    def lease(self, process: Process) -> None:
        """A whole question and answer, without delay."""
        self.ask(process)
        self.serve(process)
        self.tell(process)

    def crash(self, process: Process) -> None:
        process.quotas = self._quotas()
        process.asked = process.answer = None

    def stop(self, process: Process) -> None:
        """In order: what it holds is given back."""
        self.lose(process)
        lease = process.quotas.give_back(self.time + process.offset)
        if lease is not None:
            process.asked = lease
            self.serve(process)
        self.crash(process)

    def refuse(self, process: Process, delay: float) -> None:
        process.quotas.answered(ACCOUNT, CREATE, [RateLimitedError("too many", delay=delay)])

    def most_in_any_window(self) -> int:
        """The largest number of units that arrived within the limit's period, wherever it begins."""
        times = sorted(self.arrivals)
        most = start = units = 0
        for when, used in times:
            units += used
            while times[start][0] <= when - self.limit.period:
                units -= times[start][1]
                start += 1
            most = max(most, units)
        return most
