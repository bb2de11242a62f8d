"""Who changes stocks: a process of its own, so that it takes no time from the event loop that is measured."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event

from consumer.embedded import Endpoints
from consumer.events import change_sequence, encode_headers, encode_key, encode_value
from consumer.kafka import ReliableProducer, TopicNames
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS
from consumer.settings import TopicSettings
from tests.unit.delivery.making import make_document, make_event

# Seconds between two stock changes.
_EVERY = 0.05
# More than any product has at first: a stock names its change.
FIRST_STOCK = 1000
_WAIT = 30.0


@contextmanager
def stock_changes(
    endpoints: Endpoints, names: TopicNames, tenant: str, listings: int
) -> Iterator[Callable[[], Mapping[int, float]]]:
    """Stock changes, one after the other. Calling what is given ends them: stock -> when the PIM was told of it.

    Times are seconds since 1970. No product changes twice before all others did.
    """
    context = get_context("spawn")
    told: Queue[dict[int, float]] = context.Queue()
    end = context.Event()
    process = context.Process(target=_publish, args=(endpoints, names, tenant, listings, end, told), daemon=True)
    process.start()

    def finish() -> Mapping[int, float]:
        end.set()
        return told.get(timeout=_WAIT)

    try:
        yield finish
    finally:
        end.set()
        process.join(_WAIT)


def _publish(
    endpoints: Endpoints, names: TopicNames, tenant: str, listings: int, end: Event, told: Queue[dict[int, float]]
) -> None:
    numbers = list(range(listings))
    random.Random(1).shuffle(numbers)
    producer = ReliableProducer(endpoints.kafka_bootstrap_servers, max_message_bytes=TopicSettings().max_message_bytes)
    producer.start()
    since: dict[int, float] = {}
    with connect(endpoints.mongodb_uri) as pims:
        products = pims[f"vinc-{tenant}"][PRODUCTS]
        due = time.monotonic()
        while not end.wait(max(0.0, due - time.monotonic())):
            code, stock = f"P-{numbers[len(since) % listings]}", FIRST_STOCK + len(since)
            since[stock] = time.time()
            products.update_one({"entity_code": code}, {"$set": {"quantity": stock}})
            # Newer than whatever was read before.
            sequence = change_sequence(int(time.time()) + 1, len(since), 0)
            event = replace(
                make_event(code),
                product=make_document(code, quantity=stock),
                sequence=sequence,
                changed=("quantity",),
            )
            topic = names.of(event.operation)
            producer.produce(topic, encode_key(tenant, code), encode_value(event), encode_headers(event)).result(_WAIT)
            due += _EVERY
    producer.close(5)
    told.put(since)
