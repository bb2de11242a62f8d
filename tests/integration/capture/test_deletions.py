"""Deleted products, with pre-images and without: told once, after their time, also across crashes; never guessed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from consumer.events import Operation
from consumer.kafka import read_compacted
from tests.integration.capture.conftest import Line, Running, make_product
from tests.waiting import wait_until

LONG = 3600.0
"""A grace nobody waits for: what is decided under it was decided without it."""


@pytest.fixture(params=[True, False], ids=["images", "id-map"])
def either(request: pytest.FixtureRequest, make_line: Callable[..., Line], fresh_name: str) -> Line:
    line = make_line(fresh_name, images=request.param)
    line.map_ids = True
    return line


def waiting(line: Line) -> list[bytes]:
    """The products that wait for the answer whether they are gone, as committed in Kafka."""
    keys = read_compacted(line.servers.kafka_bootstrap_servers, line.names.positions)
    return sorted(key.rsplit(b"/", 1)[1] for key in keys if key.startswith(b"waiting/"))


def wait_for_waiting(line: Line, *codes: str) -> None:
    wait_until(lambda: waiting(line) == [code.encode() for code in codes], 15, f"{codes} waiting")


def ids_known(line: Line, count: int) -> bool:
    return line.state["product_ids"].count_documents({"codes": {"$exists": True}}) >= count


def scanned(line: Line) -> bool:
    return line.state["product_ids"].count_documents({"complete": True}) == 1


def start(line: Line, grace: float = 0.2) -> Running:
    """A capture that has taken everything over and knows every id it has to know."""
    running = line.capture(deletion_grace=grace)
    wait_until(lambda: images_on(line) or scanned(line), 15)
    return running


def images_on(line: Line) -> bool:
    (collection,) = line.database.list_collections(filter={"name": "pimproducts"})
    return "changeStreamPreAndPostImages" in collection["options"]


def test_a_deleted_product_is_told_once_whether_the_stream_or_the_snapshot_knew_it(either: Line) -> None:
    either.products.insert_one(make_product(1))
    start(either)
    either.products.insert_many([make_product(2), {**make_product(3), "entity_code": "P-2", "isCurrent": False}])
    either.products.delete_many({})
    deleted = either.wait_for(2, Operation.DELETED)
    assert sorted(event.entity_code for event in deleted) == ["P-1", "P-2"]
    wait_for_waiting(either)
    assert either.dead_letters() == []
    assert len(either.events(Operation.DELETED)) == 2


def test_a_deletion_is_not_forgotten_by_a_crash_before_the_answer(either: Line) -> None:
    either.products.insert_one(make_product(1))
    first = start(either, LONG)
    either.products.delete_one({"_id": 1})
    wait_for_waiting(either, "P-1")
    assert either.events(Operation.DELETED) == []
    # Not stopped: its successor finds what a killed process leaves, and it can write nothing more.
    start(either)
    (deleted,) = either.wait_for(1, Operation.DELETED)
    assert deleted.entity_code == "P-1"
    wait_for_waiting(either)
    either.products.insert_one(make_product(2))
    wait_until(lambda: first.failure, 15)


def test_a_capture_fenced_before_its_commit_leaves_the_deletion_to_its_successor(either: Line) -> None:
    either.products.insert_one(make_product(1))
    first = start(either)
    second = start(either)
    either.products.delete_one({"_id": 1})
    (deleted,) = either.wait_for(1, Operation.DELETED)
    assert deleted.entity_code == "P-1"
    wait_until(lambda: first.failure, 15)
    assert second.failure is None


def test_what_comes_back_while_nobody_watches_is_not_deleted(either: Line) -> None:
    either.products.insert_one(make_product(1))
    first = start(either, LONG)
    either.products.delete_one({"_id": 1})
    wait_for_waiting(either, "P-1")
    first.stop()
    either.products.insert_one({**make_product(2), "entity_code": "P-1"})
    start(either)
    wait_for_waiting(either)
    (created,) = either.wait_for(1, Operation.CREATED)
    assert created.entity_code == "P-1"
    assert either.events(Operation.DELETED) == []


def test_a_successor_within_the_time_to_come_back_cancels_the_deletion(either: Line) -> None:
    either.products.insert_one(make_product(1))
    running = start(either, LONG)
    either.products.update_many({"entity_code": "P-1"}, {"$set": {"isCurrent": False}})
    wait_for_waiting(either, "P-1")
    wait_until(lambda: running.metric("waiting_products", stream="pim") == 1, 5)
    either.products.insert_one({**make_product(2), "entity_code": "P-1"})
    wait_for_waiting(either)
    assert either.events(Operation.DELETED) == []


def test_a_current_version_that_ends_without_a_successor_is_a_deletion(either: Line) -> None:
    either.products.insert_one(make_product(1))
    start(either)
    either.products.update_one({"_id": 1}, {"$set": {"isCurrent": False}})
    (deleted,) = either.wait_for(1, Operation.DELETED)
    assert deleted.entity_code == "P-1"
    either.products.delete_one({"_id": 1})
    either.products.insert_one(make_product(2))
    either.wait_for(1, Operation.CREATED)
    wait_for_waiting(either)


def test_a_changed_entity_code_is_one_product_less_and_one_more(either: Line) -> None:
    either.products.insert_one(make_product(1))
    start(either)
    either.products.update_one({"_id": 1}, {"$set": {"entity_code": "NEW"}})
    (created,) = either.wait_for(1, Operation.CREATED)
    (deleted,) = either.wait_for(1, Operation.DELETED)
    assert (created.entity_code, deleted.entity_code) == ("NEW", "P-1")
    assert created.sequence == deleted.sequence
    assert created.id != deleted.id
    either.products.delete_one({"_id": 1})
    wait_until(lambda: {event.entity_code for event in either.events(Operation.DELETED)} == {"NEW", "P-1"}, 15)


def test_the_late_event_has_the_sequence_of_the_delete(either: Line) -> None:
    either.products.insert_one(make_product(1))
    start(either, 1.0)
    either.products.delete_one({"_id": 1})
    either.products.insert_one(make_product(2))
    (deleted,) = either.wait_for(1, Operation.DELETED)
    (created,) = either.wait_for(1, Operation.CREATED)
    assert deleted.sequence < created.sequence


def test_a_dropped_collection_delists_nothing(either: Line) -> None:
    either.products.insert_one(make_product(1))
    start(either)
    either.products.drop()
    either.products.insert_one(make_product(2))
    either.wait_for(1, Operation.CREATED)
    assert either.events(Operation.DELETED) == []
    assert waiting(either) == []


def test_the_map_of_ids_is_filled_with_what_was_there_before(make_line: Callable[..., Line], fresh_name: str) -> None:
    line = make_line(fresh_name, images=False)
    line.map_ids = True
    line.products.insert_many([{**make_product(n), "_id": n if n % 2 else str(n)} for n in range(2500)])
    line.products.insert_many([{"_id": "nameless"}, {"_id": {"sub": 1}, "entity_code": "P-1", "isCurrent": False}])
    start(line)
    assert ids_known(line, 2501)
    line.products.delete_many({"entity_code": {"$in": ["P-1", "P-2", "P-2499"]}})
    deleted = line.wait_for(3, Operation.DELETED)
    assert sorted(event.entity_code for event in deleted) == ["P-1", "P-2", "P-2499"]


def test_images_switched_on_and_off_again_leave_no_gap_in_the_map(
    make_line: Callable[..., Line], fresh_name: str
) -> None:
    line = make_line(fresh_name, images=False)
    line.map_ids = True
    start(line).stop()
    line.database.command({"collMod": "pimproducts", "changeStreamPreAndPostImages": {"enabled": True}})
    second = line.capture()
    line.products.insert_one(make_product(1))
    line.wait_for(1, Operation.CREATED)
    second.stop()
    line.database.command({"collMod": "pimproducts", "changeStreamPreAndPostImages": {"enabled": False}})
    line.capture()
    wait_until(partial(scanned, line), 15)
    line.products.delete_one({"_id": 1})
    (deleted,) = line.wait_for(1, Operation.DELETED)
    assert deleted.entity_code == "P-1"
