"""What a real capture writes keeps the contract, and is enough to rebuild the PIM's products from."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from bson import Binary, DatetimeMS, Decimal128, Int64, ObjectId, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion
from confluent_kafka import KafkaException, Message
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the stub forgets to export it
    AdminClient,
    ConfigResource,
    ResourceType,
)

from consumer.events import Operation
from consumer.kafka import TopicNames, ensure_topics, read_compacted
from consumer.kafka.removal import remove_installation
from consumer.kafka.topics import ensure_order_topics
from consumer.markers import decode_marker, is_marker
from consumer.mongo import Collection, Document
from consumer.settings import TopicSettings
from tests.event_contract import (
    CAPTURE_DEAD_LETTER,
    CAPTURE_DEAD_LETTER_HEADERS,
    EVENT,
    EVENT_HEADERS,
    POSITION,
    PROGRESS,
    SNAPSHOT_COMPLETED,
    SNAPSHOT_COMPLETED_HEADERS,
    WAITING,
    contract_files,
    header_texts,
    violations,
)
from tests.integration.capture.conftest import PARTITIONS, Line
from tests.newest_state import NewestState, partition_of
from tests.reading import event_of, headers_of, read_messages
from tests.unit.contract.test_product_event import headers_agree
from tests.waiting import wait_until

_POSITIONS = {"stream": POSITION, "snapshot": PROGRESS, "waiting": WAITING}
_CHANNELS = contract_files()["asyncapi.json"]["channels"]


def value_of(message: Message) -> bytes:
    value = message.value()
    assert isinstance(value, bytes)
    return value


def key_of(message: Message) -> bytes:
    key = message.key()
    assert isinstance(key, bytes)
    return key


def make_rich_product(code: str, **more: Any) -> Document:
    """A product with a value of every type that a PIM has been seen to hold, and some that it has not."""
    return {
        "entity_code": code,
        "isCurrent": True,
        "price": Decimal128("19.90"),
        "ratio": 22.0,
        "broken": [float("nan"), float("inf"), Decimal128("NaN")],
        "stock": Int64(2**62),
        "created_at": datetime(2026, 11, 20, 8, 30, 0, 250_000, UTC),
        "designed_at": datetime(1968, 5, 2, tzinfo=UTC),
        "ages_away": DatetimeMS(2**60),
        "supplier": ObjectId(),
        "thumbnail": b"\x00\xff",
        "uuid": Binary(bytes(16), 4),
        "oplog": Timestamp(7, 9),
        "name": {"it": "Caffè\nin grani", "": None, "a.b": True},
        **more,
    }


def test_events_of_every_kind_keep_the_contract(line: Line) -> None:
    line.products.insert_one(make_rich_product("P/0"))
    line.capture()
    line.wait_for(1, Operation.READ)
    line.products.insert_one(make_rich_product("P-1"))
    line.products.update_one({"entity_code": "P-1"}, {"$set": {"price": Decimal128("1E+3"), "name.it": "Tè"}})
    line.products.replace_one({"entity_code": "P-1"}, make_rich_product("P-1", stock=0))
    line.products.delete_one({"entity_code": "P-1"})
    line.wait_for(4)
    messages = read_products(line)
    assert len(messages) == 5
    for message in messages:
        body, headers = orjson.loads(value_of(message)), header_texts(headers_of(message))
        assert violations(EVENT, body) == []
        assert violations(EVENT_HEADERS, headers) == []
        assert headers_agree(headers, body)
        assert message.topic() == line.names.of(Operation(body["operation"]))
        assert key_of(message).decode().split("/", 1) == [line.tenant, body["entity_code"]]
        assert message.partition() == partition_of(key_of(message), PARTITIONS)
    identities = [header_texts(headers_of(message))["ce_id"] for message in messages]
    assert len(set(identities)) == 5
    (deleted,) = [body for m in messages if (body := orjson.loads(value_of(m)))["operation"] == "deleted"]
    assert deleted["before"]["stock"] == 0


def read_products(line: Line) -> list[Message]:
    """All records of product events."""
    messages = read_messages(line.servers.kafka_bootstrap_servers, line.names.products)
    return [message for message in messages if not is_marker(headers_of(message))]


def test_the_end_of_a_snapshot_keeps_the_contract(line: Line) -> None:
    line.products.insert_many([make_rich_product(f"P-{number}") for number in range(7)])
    line.capture().wait_until_read()
    resync = line.names.of(Operation.READ)
    messages = read_messages(line.servers.kafka_bootstrap_servers, [resync])
    markers = [message for message in messages if is_marker(headers_of(message))]
    assert sorted(message.partition() or 0 for message in markers) == list(range(PARTITIONS))
    for message in markers:
        assert violations(SNAPSHOT_COMPLETED, orjson.loads(value_of(message))) == []
        assert violations(SNAPSHOT_COMPLETED_HEADERS, header_texts(headers_of(message))) == []
        assert key_of(message).decode() == line.tenant
        marker = decode_marker(value_of(message), headers_of(message))
        assert (marker.tenant, marker.products) == (line.tenant, 7)
        there = [other for other in messages if other.partition() == message.partition()]
        assert (there[-1].offset() or 0) == message.offset(), "behind all products of its partition"
        reads = [event_of(other).sequence for other in there[:-1]]
        assert all(sequence >= marker.sequence for sequence in reads)


def test_dead_letters_and_positions_keep_the_contract(line: Line) -> None:
    line.products.insert_one({"_id": "early", "isCurrent": True})
    line.capture()
    wait_until(lambda: _snapshot_is_done(line), 15)
    line.products.insert_one({"_id": ObjectId(), "isCurrent": True, "entity_code": 7})
    line.products.insert_one(make_rich_product("gone"))
    line.products.delete_one({"entity_code": "gone"})
    line.wait_for(1, Operation.DELETED)
    wait_until(lambda: len(line.dead_letters()) == 2, 15)
    for letter in line.dead_letters():
        body, headers = orjson.loads(value_of(letter)), header_texts(headers_of(letter))
        assert violations(CAPTURE_DEAD_LETTER, body) == []
        assert violations(CAPTURE_DEAD_LETTER_HEADERS, headers) == []
        assert (headers["tenant"], headers["reason"]) == (body["tenant"], body["reason"])
    positions = read_messages(line.servers.kafka_bootstrap_servers, [line.names.positions])
    kinds = [key_of(message).decode().split("/")[0] for message in positions]
    assert {"stream", "snapshot"} <= set(kinds)
    for kind, message in zip(kinds, positions, strict=True):
        if message.value() is not None:  # else the record ends its key
            assert violations(_POSITIONS[kind], orjson.loads(value_of(message))) == []


@contextmanager
def writing(products: Collection[Document], seed: int) -> Iterator[None]:
    """Somebody works in the PIM during the block: versions come and go, products too."""
    enough = threading.Event()

    def write() -> None:
        rng, number = random.Random(seed), 0
        while not enough.is_set() and number < 20_000:
            number += 1
            code = f"P-{rng.randrange(25)}"
            match rng.randrange(6):
                case 0:
                    products.delete_many({"entity_code": code})
                case 1:  # a new version takes over
                    products.update_many({"entity_code": code}, {"$set": {"isCurrent": False}})
                    products.insert_one(make_rich_product(code, number=number))
                case 2:  # versions are pruned
                    products.delete_many({"entity_code": code, "isCurrent": False})
                case _:
                    current = {"entity_code": code, "isCurrent": True}
                    products.update_one(current, {"$set": {"number": number, "price": Decimal128(f"{number}.10")}})

    writer = threading.Thread(target=write, name="writer-of-the-test")
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()


def test_the_products_are_rebuilt_from_the_topics_by_the_documented_rule_alone(line: Line) -> None:
    line.products.insert_many([make_rich_product(f"P-{number}", number=-1) for number in range(25)])
    with writing(line.products, seed=11):
        running = line.capture(snapshot_chunk=5)
        wait_until(lambda: len(line.events(Operation.UPDATED)) > 30, 20)
        running.stop()
        before = len(line.events(Operation.UPDATED))
        line.capture(snapshot_chunk=5)
        wait_until(lambda: len(line.events(Operation.UPDATED)) > before + 30, 20)
    line.products.insert_one(make_rich_product("the last one"))
    wait_until(lambda: any(event.entity_code == "the last one" for event in line.events(Operation.CREATED)), 20)
    wait_until(lambda: _snapshot_is_done(line), 20)
    wait_until(lambda: _nothing_waits(line), 20)

    messages = read_messages(line.servers.kafka_bootstrap_servers, line.names.products)
    reader, backwards = NewestState(), NewestState()
    for message in messages:
        reader.take(headers_of(message), value_of(message))
    for message in reversed(messages):
        backwards.take(headers_of(message), value_of(message))
    expected = {document["entity_code"]: _plain(document) for document in _current_products(line)}
    assert len(expected) > 5
    assert {code: _comparable(product) for (_, code), product in reader.products.items()} == expected
    assert {code: _comparable(product) for (_, code), product in backwards.products.items()} == expected
    changes = [header_texts(headers_of(m))["ce_id"] for m in messages if m.topic() != line.names.of(Operation.READ)]
    assert len(changes) == len(set(changes)), "a change is seen once"
    products = read_products(line)
    assert all(violations(EVENT, orjson.loads(value_of(message))) == [] for message in products)


def _nothing_waits(line: Line) -> bool:
    """Whether it is known of every product without a current version what became of it."""
    keys = read_compacted(line.servers.kafka_bootstrap_servers, line.names.positions)
    return not any(key.startswith(b"waiting/") for key in keys)


def _snapshot_is_done(line: Line) -> bool:
    """As the page tells to see it."""
    progress: dict[str, Any] = {}
    for message in read_messages(line.servers.kafka_bootstrap_servers, [line.names.positions]):
        if key_of(message).startswith(b"snapshot/"):
            progress = orjson.loads(value_of(message))
    return bool(progress.get("done"))


def _current_products(line: Line) -> list[Document]:
    options: CodecOptions[Document] = CodecOptions(tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    return list(line.products.with_options(options).find({"isCurrent": True}))


def _plain(value: Any) -> Any:
    """What the driver reads, in the words of tests/newest_state.py."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime) and value.year < 1970:
        value = DatetimeMS(value)
    word = _WORDS.get(type(value))
    return value if word is None else word(value)


_WORDS: dict[type, Callable[[Any], Any]] = {
    float: lambda value: ("number", str(value)),
    Decimal128: lambda value: ("number", str(value)),
    DatetimeMS: lambda value: ("milliseconds", int(value)),
    ObjectId: lambda value: ("id", str(value)),
    Timestamp: lambda value: ("timestamp", value.time, value.inc),
    Binary: lambda value: ("bytes", bytes(value), value.subtype),
    bytes: lambda value: ("bytes", value, 0),
}


def _comparable(value: Any) -> Any:
    """NaN equals nothing, so doubles and decimals are compared as text."""
    if isinstance(value, dict):
        return {name: _comparable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return ("number", str(value)) if type(value).__name__ in ("float", "Decimal") else value


def test_topics_are_created_as_described(line: Line, fresh_name: str) -> None:
    bootstrap, prefix = line.servers.kafka_bootstrap_servers, f"{fresh_name}-described."
    settings = TopicSettings(prefix=prefix, partitions=PARTITIONS)
    try:
        created = ensure_topics(
            bootstrap, TopicNames(prefix), topic_settings=settings, channels=["ebay"], retry_delays=[60]
        )
        created += ensure_order_topics(bootstrap, TopicNames(prefix), settings)
        filled = {"prefix": prefix, "channel": "ebay", "delay": "60"}
        described = {
            re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], channel["address"]): channel["bindings"]["kafka"]
            for channel in _CHANNELS.values()
        }
        assert set(created) == set(described)
        for name, actual in wait_until(lambda: _configs(bootstrap, created), 10).items():
            said = described[name]["topicConfiguration"]
            assert actual["cleanup.policy"] == ",".join(said["cleanup.policy"])
            assert "retention.ms" not in said or int(actual["retention.ms"]) == said["retention.ms"]
    finally:
        remove_installation(bootstrap, prefix)


def _configs(bootstrap: str, topics: list[str]) -> dict[str, dict[str, str]] | None:
    """Settings of topics; None while one is so young that not every broker knows it."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    asked = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in topics])
    try:
        return {
            resource.name: {entry.name: entry.value for entry in future.result(10).values()}
            for resource, future in asked.items()
        }
    except KafkaException:
        return None
