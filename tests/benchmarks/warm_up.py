"""Work that a broker has behind it where it has run for a while."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, closing

from consumer.events import Operation
from consumer.kafka import TakeTurns, TopicNames, TransactionalProducer, ensure_topics
from consumer.settings import TopicSettings
from tests.benchmarks.reader import reading

# Seconds in which Java compiles what this work needs; then a transaction costs the broker half of what it did at first.
_SECONDS = 40.0
_EACH = 0.01
_RECORDS = 10
_LIMIT = 1_000_000


def warm_up(bootstrap: str) -> None:
    """Small transactions into topics of its own, and a reader of them."""
    names = TopicNames("warm-up.")
    settings = TopicSettings(prefix=names.prefix)
    ensure_topics(bootstrap, names, topic_settings=settings, channels=[], retry_delays=[])
    topic = names.of(Operation.UPDATED)
    with ExitStack() as stack:
        producers = [
            TransactionalProducer(bootstrap, f"warm-up-{turn}", max_message_bytes=_LIMIT, timeout=60)
            for turn in range(2)
        ]
        for producer in producers:
            producer.start()
            stack.enter_context(closing(producer))
        stack.enter_context(reading(bootstrap, [topic], lambda message, now: None))
        _write(TakeTurns(producers), topic, names.positions)


def _write(transactions: TakeTurns, topic: str, positions: str) -> None:
    value, end = os.urandom(1000) + b"." * 1000, time.monotonic() + _SECONDS
    while (begun := time.monotonic()) < end:
        transactions.begin()
        for _ in range(_RECORDS):
            transactions.produce(topic, os.urandom(8), value)
        transactions.produce(positions, b"position", b"{}")
        transactions.commit()
        time.sleep(max(0.0, begun + _EACH - time.monotonic()))
