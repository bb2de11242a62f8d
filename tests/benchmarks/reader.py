"""A reader of committed records, beside what is measured."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

Take = Callable[[Message, float], None]
"""Gets a record and when it could be read: seconds since 1970."""


@contextmanager
def reading(bootstrap: str, topics: Sequence[str], take: Take) -> Iterator[None]:
    """Every committed record of these topics from their beginning on, given to `take` in a thread of its own."""
    stop = Event()
    thread = Thread(target=_read, args=(bootstrap, topics, take, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _read(bootstrap: str, topics: Sequence[str], take: Take, stop: Event) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bench",  # never joined
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 60_000_000,
        }
    )
    known = consumer.list_topics(timeout=10).topics
    consumer.assign([TopicPartition(topic, partition, 0) for topic in topics for partition in known[topic].partitions])
    while not stop.is_set():
        first = consumer.poll(0.1)
        if first is None:
            continue
        now = time.time()
        # What else is there, without waiting: asking for many at once would wait until there are as many.
        for message in [first, *consumer.consume(1000, 0)]:
            if message.error() is None:
                take(message, now)
    consumer.close()


def event_of(message: Message) -> dict[str, Any]:
    """An event of ours."""
    found: dict[str, Any] = json.loads(message.value() or b"{}")
    return found


def product_of(message: Message) -> dict[str, Any]:
    """The product in an event of ours."""
    found: dict[str, Any] = event_of(message)["product"]
    return found
