"""What happens to the products' collection and to the images of its documents while capture runs. On a real server."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from consumer.events import Operation, ProductEvent
from consumer.mongo import Document
from tests.integration.capture.conftest import Line, Running, make_product
from tests.waiting import wait_until


def told(line: Line, count: int) -> list[tuple[Operation, str]]:
    """What the first `count` changes were, in their order."""
    found = sorted(line.wait_for(count), key=lambda event: event.sequence)
    return [(event.operation, event.entity_code) for event in found]


def nothing_was_delisted(line: Line, running: Running) -> None:
    assert line.events(Operation.DELETED) == []
    assert line.dead_letters() == []
    assert running.failure is None


def test_a_renamed_collection_delists_nothing_and_the_next_one_is_followed(line: Line) -> None:
    running = line.capture()
    line.products.insert_one(make_product(1))
    line.products.rename("pimproducts_old")
    line.database["pimproducts_old"].update_one({"_id": 1}, {"$set": {"quantity": 5}})
    line.products.insert_one(make_product(2))
    assert told(line, 2) == [(Operation.CREATED, "P-1"), (Operation.CREATED, "P-2")]
    nothing_was_delisted(line, running)


def test_a_dropped_database_ends_the_servers_stream_and_capture_goes_on_behind_it(line: Line) -> None:
    running = line.capture()
    line.products.insert_one(make_product(1))
    line.client.drop_database(line.database.name)
    line.products.insert_one(make_product(1, name="again"))
    wait_until(lambda: running.metric("reconnects_total", reason="the watched database was dropped"), 15)
    line.products.insert_one(make_product(2))
    assert told(line, 3) == [(Operation.CREATED, "P-1"), (Operation.CREATED, "P-1"), (Operation.CREATED, "P-2")]
    nothing_was_delisted(line, running)


def test_a_database_dropped_while_nobody_watched_is_passed_as_well(line: Line) -> None:
    line.capture().stop()
    line.products.insert_one(make_product(1))
    line.client.drop_database(line.database.name)
    line.products.insert_one(make_product(2))
    running = line.capture()
    assert told(line, 2) == [(Operation.CREATED, "P-1"), (Operation.CREATED, "P-2")]
    nothing_was_delisted(line, running)
    running.stop()
    again = line.capture()
    line.products.insert_one(make_product(3))
    line.wait_for(3)
    assert again.metric("gaps_total", stream="pim") == 0, "the position behind the drop is a good one"


def test_a_drop_in_one_database_of_several_ends_nothing(make_line: Callable[..., Line], fresh_name: str) -> None:
    line, other = make_line(fresh_name), make_line(f"{fresh_name}b")
    running = line.capture(tenants=(line.tenant, other.tenant))
    line.products.insert_one(make_product(1))
    line.wait_for(1)
    line.client.drop_database(line.database.name)
    other.products.insert_one(make_product(2))
    line.products.insert_one(make_product(3))
    assert told(line, 3) == [(Operation.CREATED, f"P-{number}") for number in (1, 2, 3)]
    nothing_was_delisted(line, running)


def test_changes_without_images_are_told_as_well_as_they_can(line: Line) -> None:
    line.products.insert_many([make_product(number) for number in range(4)])
    running = line.capture()
    line.wait_for(4, Operation.READ)

    def images(enabled: bool) -> None:
        line.database.command({"collMod": "pimproducts", "changeStreamPreAndPostImages": {"enabled": enabled}})

    images(False)
    line.products.update_one({"_id": 1}, {"$set": {"quantity": 11}})
    line.products.delete_one({"_id": 2})
    images(True)
    line.products.delete_one({"_id": 3})
    updated, deleted = changes(line)
    assert (updated.entity_code, (updated.product or {})["quantity"]) == ("P-1", 11), "its state is looked up"
    assert deleted.entity_code == "P-3"
    (letter,) = wait_until(line.dead_letters, 10)
    body: Document = orjson.loads(letter.value() or b"")
    assert (body["reason"], body["document_key"]) == ("no_pre_image", {"_id": 2})
    assert running.failure is None


def changes(line: Line) -> list[ProductEvent]:
    return sorted(line.wait_for(2), key=lambda event: event.sequence)


def test_a_product_too_large_for_a_change_event_and_for_kafka_is_a_dead_letter_with_its_key(
    make_line: Callable[..., Line], fresh_name: str
) -> None:
    line = make_line(fresh_name)
    line.topics = line.topics.model_copy(update={"max_message_bytes": 1_000_000})
    running = line.capture()
    running.wait_until_read()
    line.products.insert_one(make_product(1, description="x" * 9_000_000))
    line.products.update_one({"_id": 1}, {"$set": {"description": "y" * 9_000_000}})
    line.products.insert_one(make_product(2))
    assert told(line, 1) == [(Operation.CREATED, "P-2")]
    letters = wait_until(lambda: found if len(found := line.dead_letters()) == 2 else None, 10)
    bodies: list[Document] = [orjson.loads(letter.value() or b"") for letter in letters]
    assert {(body["reason"], body["entity_code"], body["operation"]) for body in bodies} == {
        ("too_large", "P-1", "insert"),
        ("too_large", "P-1", "update"),
    }
    assert running.metric("reconnects_total", reason="event_too_large") == 2, "once small batches, once bare"
    assert running.failure is None
