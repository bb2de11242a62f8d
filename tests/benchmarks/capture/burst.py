"""A burst of updateMany: how long capture lags, and whether the newest state of each product is the last."""

from __future__ import annotations

import time

from confluent_kafka import Message

from consumer.events import Operation
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.catalogue import insert
from tests.benchmarks.installation import Installation, Servers
from tests.benchmarks.reader import event_of, reading
from tests.benchmarks.table import Figure
from tests.waiting import wait_until

_PART = "burst"
_PRODUCTS = 5_000
_GROUP = 500
_CHANGES = 50_000


class Newest:
    """The newest state of each product, by sequence; how many changes came, and when the last of them."""

    def __init__(self) -> None:
        self.changes = 0
        self.last = 0.0
        self.states: dict[str, tuple[str, int]] = {}

    def take(self, message: Message, now: float) -> None:
        """One record."""
        event = event_of(message)
        state = event["sequence"], event["product"]["quantity"]
        self.last = now
        self.states[event["entity_code"]] = max(state, self.states.get(event["entity_code"], ("", 0)))
        self.changes += 1


def burst(servers: Servers) -> list[Figure]:
    """50,000 updates in groups of 500, as quickly as MongoDB takes them, while capture runs."""
    installation = Installation(servers.endpoints, _PART, (f"bench-{_PART}",))
    installation.create()
    newest = Newest()
    topic = installation.topics.of(Operation.UPDATED)
    with connect(servers.endpoints.mongodb_uri) as client:
        products = client[tenant_database(installation.tenants[0])][PRODUCTS]
        insert([products], _PRODUCTS)
        installation.begin()
        codes = [found["entity_code"] for found in products.find({}, {"entity_code": 1}).sort("_id")]
        with (
            installation.capturing() as process,
            reading(servers.endpoints.kafka_bootstrap_servers, [topic], newest.take),
        ):
            products.update_one({"entity_code": codes[0]}, {"$set": {"quantity": -1}})
            wait_until(lambda: newest.changes, 60, "capture does not begin")
            begun = time.time()
            for turn in range(_CHANGES // _GROUP):
                first = turn * _GROUP % _PRODUCTS
                group = {"$gte": codes[first], "$lte": codes[first + _GROUP - 1]}
                products.update_many({"entity_code": group}, {"$set": {"quantity": 1000 + turn}})
            written = time.time()
            wait_until(lambda: newest.changes > _CHANGES or process.poll() is not None, 180, "some do not come")
        truth = {
            found["entity_code"]: found["quantity"] for found in products.find({}, {"entity_code": 1, "quantity": 1})
        }
    wrong = sum(newest.states.get(code, ("", None))[1] != quantity for code, quantity in truth.items())
    return [
        Figure(_PART, "writing took, s", written - begun, digits=1),
        Figure(_PART, "last change read after the last write, s", newest.last - written, digits=1, at_most=60),
        Figure(_PART, "changes missing or twice", abs(_CHANGES + 1 - newest.changes), at_most=0),
        Figure(_PART, "products whose newest event is not their state", wrong, at_most=0),
    ]
