"""How a consumer belongs to its group: classic protocol, range assignor, a static id per replica; or KIP-848.

The range assignor splits topics with equal partition counts alike, so that one process owns a product in all of them.
With a static id a replica that was killed is back at once, without waiting for the session timeout. With KIP-848 a
static id that was killed is refused until the broker's 45 s are over (measured with Kafka 4.3.1), so members have none:
one that stops gives its partitions to the others at once, those of one that was killed wait. So classic is the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from consumer.kafka.client import client_config

# Fetched ahead: enough to bridge a fetch, little enough for a small worker's memory. Largest records pass all the same.
_PREFETCH_KILOBYTES = 16 * 1024

Protocol = Literal["classic", "consumer"]


@dataclass(frozen=True, slots=True)
class Membership:
    """Which group, as whom. replica: unique in the group, stable on restart. Durations in seconds.

    session_timeout: after this long of silence Kafka gives the partitions away (classic; else the broker says). drain:
    how long a revocation may take.
    """

    bootstrap: str
    group: str
    topics: tuple[str, ...]
    replica: str
    session_timeout: float
    drain: float
    protocol: Protocol = "classic"


def consumer_config(membership: Membership) -> dict[str, Any]:
    """The client's settings for this member."""
    return client_config(membership.bootstrap) | {
        "group.id": membership.group,
        **_protocol(membership),
        # A revocation may take the whole drain, and nobody polls meanwhile.
        "max.poll.interval.ms": int(1000 * max(300.0, membership.session_timeout, 2 * membership.drain)),
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "queued.max.messages.kbytes": _PREFETCH_KILOBYTES,
        # So long the client stops fetching when its prefetch queue is full; its default of 1 s starves fast readers.
        "fetch.queue.backoff.ms": 50,
        "fetch.error.backoff.ms": 100,
        # A topic created after we subscribed is found within half a minute instead of five.
        "topic.metadata.refresh.interval.ms": 30_000,
    }


def _protocol(membership: Membership) -> dict[str, Any]:
    if membership.protocol == "consumer":
        # The broker keeps the time, and would refuse a static id until the session of a killed process is over.
        return {"group.protocol": "consumer", "group.remote.assignor": "range"}
    session = int(membership.session_timeout * 1000)
    return {
        "group.protocol": "classic",
        "group.instance.id": membership.replica,
        "partition.assignment.strategy": "range",
        "session.timeout.ms": session,
        "heartbeat.interval.ms": max(100, min(3000, session // 10)),
    }
