"""Forgetting how far a stream came, so that its next start begins now and publishes every product again.

What is forgotten stays forgotten when the next start is killed half-way. Products that wait for the answer whether they
are gone go on waiting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import structlog

from consumer.capture.positions import stream_key
from consumer.capture.producers import Producers
from consumer.capture.snapshots.progress import snapshot_key
from consumer.kafka import TopicNames, TransactionalProducer, read_compacted
from consumer.settings import CaptureSettings, TopicSettings

_log = structlog.get_logger()


def forget_progress(bootstrap: str, *, settings: CaptureSettings, topics: TopicSettings) -> None:
    """Forget the stream's position and its snapshots. A capture that works on the stream now is fenced.

    Raises UnavailableError when Kafka cannot be used.
    """
    names = TopicNames(topics.prefix)
    producers = Producers(bootstrap, topics.prefix, settings.stream, timeout=settings.transaction_timeout)
    limit = topics.max_message_bytes
    with producers.of_stream(limit) as (stream, *_), producers.of_snapshots(limit):
        stream.begin()
        for key in _of_stream(read_compacted(bootstrap, names.positions), settings.stream):
            stream.produce(names.positions, key, None)
        stream.commit()


def forget_snapshots(
    producer: TransactionalProducer, names: TopicNames, *, stream: str, databases: Collection[str]
) -> None:
    """Forget that these databases were read. producer: that of the stream's snapshots. Raises what it raises."""
    producer.begin()
    for database in databases:
        producer.produce(names.positions, snapshot_key(stream, database), None)
    producer.commit()
    _log.warning("databases are not followed any more", databases=databases, listings="stay as they are")


def _of_stream(keys: Iterable[bytes], stream: str) -> list[bytes]:
    return [key for key in keys if key == stream_key(stream) or key.startswith(snapshot_key(stream, ""))]
