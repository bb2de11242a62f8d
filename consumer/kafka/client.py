"""What every Kafka client of the service has in common: configuration and errors in words."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException

from consumer.errors import UnavailableError
from consumer.kafka.brokers import security_of

T = TypeVar("T")

# Seconds a call about the cluster itself (metadata, topics, offsets) may take.
ADMIN_TIMEOUT = 15.0

# The client's own log lines ("broker down", "connection refused") join ours instead of going to stderr raw.
LOG = logging.getLogger("marketsync.kafka")

# Java's default partitioner for keyed records: every client of these topics, in any language, finds the same partition.
_PARTITIONER = "murmur2_random"


def client_config(bootstrap: str) -> dict[str, Any]:
    """Settings of every client. bootstrap: host:port, comma separated; as `Brokers` it says how to log in, too."""
    return {
        "bootstrap.servers": bootstrap,
        "client.id": "marketsync",
        "socket.keepalive.enable": True,
        # A broker that restarts is found again within a second instead of ten.
        "reconnect.backoff.max.ms": 1000,
        "logger": LOG,
        **security_of(bootstrap),
    }


def producer_config(bootstrap: str, *, max_message_bytes: int) -> dict[str, Any]:
    """Settings of every producer: idempotent, acknowledged by all replicas in sync, compressed.

    max_message_bytes: largest record, before compression.
    """
    return client_config(bootstrap) | {
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": _PARTITIONER,
        "compression.type": "lz4",
        "message.max.bytes": max_message_bytes,
        # Room for one largest record, and a bound on memory: produce waits when it is full.
        "queue.buffering.max.kbytes": max(32 * 1024, max_message_bytes // 1024 + 8 * 1024),
        "queue.buffering.max.messages": 100_000,
    }


def kafka_error(failure: KafkaException | KafkaError) -> KafkaError:
    """The error inside the client's exception."""
    if isinstance(failure, KafkaError):
        return failure
    inner = failure.args[0]
    return inner if isinstance(inner, KafkaError) else KafkaError(KafkaError.UNKNOWN, str(inner))


def answer(future: Future[T]) -> T:
    """What the admin client was asked for. Raises KafkaException also when no answer comes: a broker may be frozen."""
    try:
        return future.result(ADMIN_TIMEOUT)
    except TimeoutError as error:
        silent = KafkaError(KafkaError._TIMED_OUT, "no answer")  # noqa: SLF001  the client's public name for its code
        raise KafkaException(silent) from error


def unavailable(bootstrap: str, failure: KafkaException | KafkaError) -> UnavailableError:
    """The error for an operator whose Kafka cannot be used."""
    return UnavailableError(
        f"Kafka at {bootstrap} cannot be used: {kafka_error(failure).str()}."
        " Is it running, and are KAFKA_BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL right?"
    )
