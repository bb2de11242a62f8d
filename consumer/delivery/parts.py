"""What a delivery process is made of, put together by `assembly`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from consumer.delivery.backlog import BacklogTeller
from consumer.delivery.chronicle import Chronicle
from consumer.delivery.clocks import Clocks
from consumer.delivery.confirming import Confirmer
from consumer.delivery.core import Core
from consumer.delivery.execution import Execution
from consumer.delivery.floors import Floors
from consumer.delivery.following import Follower
from consumer.delivery.intake import Intake
from consumer.delivery.letters import Letters, Outgoing
from consumer.delivery.quotas.store import QuotaStore
from consumer.delivery.replanning import Replanner
from consumer.delivery.reporting import Reporter
from consumer.delivery.sellers import Sellers
from consumer.delivery.tickets import TicketFollower
from consumer.delivery.transcribing import Transcriber
from consumer.delivery.upkeep import Upkeep
from consumer.kafka.consumer import ConsumerThread
from consumer.metrics import DeliveryMetrics


class Writer(Protocol):
    """Writes records to Kafka: done when they are safe there. Raises MarketsyncError."""

    def start(self) -> None:
        """Begin."""

    async def write(self, records: Sequence[Outgoing]) -> list[Exception | None]:
        """Write all of them. Returns, one for each, why Kafka will never take it; None = written."""

    async def close(self) -> None:
        """End. Idempotent."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of. drain: seconds that calls in flight may take to end.

    follower: None where the accounts stay as they are.
    """

    channel: str
    core: Core
    intake: Intake
    sellers: Sellers
    follower: Follower | None
    replanner: Replanner
    execution: Execution
    floors: Floors
    quotas: QuotaStore
    upkeep: Upkeep
    letters: Letters
    chronicle: Chronicle
    transcriber: Transcriber
    confirmer: Confirmer
    tickets: TicketFollower
    writer: Writer
    consumer: ConsumerThread
    reporter: Reporter
    backlog: BacklogTeller
    metrics: DeliveryMetrics
    clocks: Clocks
    drain: float
