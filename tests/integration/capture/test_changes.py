"""Every kind of write to the PIM arrives in its topic as the right event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from bson import Decimal128
from confluent_kafka import Message

from consumer.events import Operation
from tests.integration.capture.conftest import PARTITIONS, Line, make_product
from tests.reading import event_of, read_messages
from tests.waiting import wait_until


def test_every_operation_has_its_topic_and_one_partition_per_product(line: Line) -> None:
    running = line.capture()
    line.products.insert_one(make_product(1, price=Decimal128("19.90")))
    line.products.update_one({"_id": 1}, {"$set": {"quantity": 7, "pricing.sale": 5}})
    line.products.replace_one({"_id": 1}, make_product(1, quantity=8, from_the_future={"a": [1]}))
    line.products.delete_one({"_id": 1})
    created, updated, replaced, deleted = sorted(line.wait_for(4), key=lambda event: event.sequence)

    assert [event.operation for event in (created, updated, replaced, deleted)] == [
        Operation.CREATED,
        Operation.UPDATED,
        Operation.UPDATED,
        Operation.DELETED,
    ]
    assert created.product == make_product(1, price={"$numberDecimal": "19.90"})
    assert created.before is None
    assert updated.changed == ("pricing", "quantity")
    assert updated.product is not None
    assert updated.product["quantity"] == 7
    assert updated.before == created.product
    assert replaced.changed is None
    assert replaced.product == make_product(1, quantity=8, from_the_future={"a": [1]}), "unknown fields are kept"
    assert deleted.product is None
    assert deleted.before == replaced.product
    assert len({event.id for event in (created, updated, replaced, deleted)}) == 4

    messages = read_messages(line.servers.kafka_bootstrap_servers, line.names.products)
    assert {message.topic() for message in messages} == {line.names.of(event_of(m).operation) for m in messages}
    assert {message.partition() for message in messages} == {_java_partition(messages[0].key())}
    running.stop()
    assert running.metric("events_total", operation="updated") == 2
    assert running.metric("lag_seconds", stream="pim") < 10


def _java_partition(key: object) -> int:
    """What Kafka's Java producer computes: murmur2, made positive, modulo the partitions."""
    assert isinstance(key, bytes)
    mask, factor = 0xFFFFFFFF, 0x5BD1E995
    digest = 0x9747B28C ^ len(key)
    for at in range(0, len(key) - len(key) % 4, 4):
        word = int.from_bytes(key[at : at + 4], "little") * factor & mask
        word = (word ^ word >> 24) * factor & mask
        digest = digest * factor & mask ^ word
    rest = key[len(key) - len(key) % 4 :]
    if rest:
        digest = (digest ^ int.from_bytes(rest, "little")) * factor & mask
    digest = (digest ^ digest >> 13) * factor & mask
    return ((digest ^ digest >> 15) & 0x7FFFFFFF) % PARTITIONS


def test_without_post_images_the_state_is_looked_up_and_deletes_are_told(
    make_line: Callable[..., Line], fresh_name: str
) -> None:
    line = make_line(fresh_name, images=False)
    line.capture()
    line.products.insert_one(make_product(1))
    line.products.update_one({"_id": 1}, {"$set": {"quantity": 3}})
    (updated,) = line.wait_for(1, Operation.UPDATED)
    assert updated.product == make_product(1, quantity=3)
    assert updated.before is None
    line.products.delete_one({"_id": 1})
    letter = _only_dead_letter(line)
    assert letter["reason"] == "no_pre_image"
    assert letter["document_key"] == {"_id": 1}
    assert line.events(Operation.DELETED) == []


def test_a_product_is_deleted_when_no_current_version_is_left(line: Line) -> None:
    running = line.capture()
    line.products.insert_many(
        [
            {"_id": "a1", "entity_code": "A", "isCurrent": False},
            {"_id": "a2", "entity_code": "A", "isCurrent": True},
            {"_id": "b1", "entity_code": "B", "isCurrent": True},
            {"_id": "b2", "entity_code": "B", "isCurrent": True},
        ]
    )
    line.wait_for(3, Operation.CREATED)
    line.products.delete_one({"_id": "b1"})
    line.products.delete_one({"_id": "a1"})
    line.products.delete_one({"_id": "a2"})
    (deleted,) = line.wait_for(1, Operation.DELETED)
    assert deleted.entity_code == "A"
    running.stop()
    assert running.metric("noise_total", reason="current_version_left") == 1
    assert running.metric("noise_total", reason="old_version_deleted") == 1
    assert running.metric("noise_total", reason="not_current") == 1


def test_bad_documents_are_dead_letters_and_nothing_else_stops(line: Line) -> None:
    line.capture().wait_until_read()
    line.products.insert_one({"_id": 1, "isCurrent": True, "name": "nobody"})
    line.products.insert_one(make_product(2))
    line.wait_for(1, Operation.CREATED)
    letter = _only_dead_letter(line)
    assert letter["reason"] == "no_entity_code"
    assert letter["document_key"] == {"_id": 1}
    assert "entity_code" in letter["message"]


def test_large_products_pass_as_long_as_kafka_takes_them(line: Line) -> None:
    line.capture()
    line.products.insert_one(make_product(1, description={"it": "x" * 3_000_000}))
    # More than 16 MB with the states before and after: the server cannot put that into one change event.
    line.products.update_one({"_id": 1}, {"$set": {"description.it": "y" * 9_000_000}})
    line.products.update_one({"_id": 1}, {"$set": {"description.it": "z" * 9_000_000}})
    line.products.update_one({"_id": 1}, {"$set": {"description.it": "short"}})
    line.products.insert_one(make_product(2))
    found = sorted(line.wait_for(5, deadline=30), key=lambda event: event.sequence)
    assert [event.entity_code for event in found] == ["P-1"] * 4 + ["P-2"]
    last = found[3].product
    assert last is not None
    assert last["description"] == {"it": "short"}
    assert line.dead_letters() == []


def test_a_product_kafka_does_not_take_is_a_dead_letter(make_line: Callable[..., Line], fresh_name: str) -> None:
    line = make_line(fresh_name)
    line.topics = line.topics.model_copy(update={"max_message_bytes": 1_000_000})
    line.capture().wait_until_read()
    line.products.insert_one(make_product(1, description="x" * 3_000_000))
    line.products.insert_one(make_product(2))
    (created,) = line.wait_for(1, Operation.CREATED)
    assert created.entity_code == "P-2"
    letter = _only_dead_letter(line)
    assert (letter["reason"], letter["entity_code"]) == ("too_large", "P-1")


def test_one_stream_covers_several_tenants(make_line: Callable[..., Line], fresh_name: str) -> None:
    line, other = make_line(fresh_name), make_line(f"{fresh_name}b")
    line.capture(tenants=(line.tenant, other.tenant))
    line.products.insert_one(make_product(1))
    other.products.insert_one(make_product(1))
    line.database["elsewhere"].insert_one(make_product(9))
    found = line.wait_for(2)
    assert sorted(event.tenant for event in found) == [line.tenant, other.tenant]


def test_changes_of_one_database_transaction_have_distinct_sequences(line: Line) -> None:
    line.capture()
    with line.client.start_session() as session, session.start_transaction():
        for number in range(5):
            line.products.insert_one(make_product(number), session=session)
    found = sorted(line.wait_for(5), key=lambda event: event.sequence)
    assert [event.entity_code for event in found] == [f"P-{number}" for number in range(5)]
    assert len({event.sequence[:16] for event in found}) == 1
    assert len({event.sequence for event in found}) == 5


def test_a_dropped_and_recreated_collection_delists_nothing_and_loses_nothing(line: Line) -> None:
    running = line.capture()
    line.products.insert_one(make_product(1))
    line.products.drop()
    line.products.insert_one(make_product(2))
    line.client.drop_database(line.database.name)
    line.products.insert_one(make_product(3))
    found = line.wait_for(3)
    assert [event.operation for event in found] == [Operation.CREATED] * 3
    running.stop()
    assert running.metric("noise_total", reason="collection_event") >= 1


def _only_dead_letter(line: Line) -> dict[str, Any]:
    def one() -> list[Message]:
        letters: list[Message] = line.dead_letters()
        return letters

    (letter,) = wait_until(one, 10)
    value = letter.value()
    assert isinstance(value, bytes)
    body: dict[str, Any] = orjson.loads(value)
    return body
