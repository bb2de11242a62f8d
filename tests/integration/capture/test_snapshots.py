"""Products read whole beside the stream: in ranges, on request, to a marked end, and never hiding what is newer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Binary, ObjectId

from consumer.capture.snapshots.progress import SnapshotProgress, decode_progress, snapshot_key
from consumer.capture.snapshots.requests import Requests, RequestState, Wanted
from consumer.events import Operation, ProductEvent
from consumer.kafka import read_compacted
from consumer.markers import SnapshotCause
from consumer.mongo import Document
from tests.integration.capture.conftest import PARTITIONS, Line, Running, make_product
from tests.waiting import wait_until


def codes_of(events: list[ProductEvent]) -> Counter[str]:
    return Counter(event.entity_code for event in events)


def progress_of(line: Line, request: str = "") -> SnapshotProgress | None:
    """As it is committed."""
    values = read_compacted(line.servers.kafka_bootstrap_servers, line.names.positions)
    value = values.get(snapshot_key("pim", line.database.name, request))
    return None if value is None else decode_progress(value)


def own_progress(line: Line) -> SnapshotProgress:
    progress = progress_of(line)
    assert progress is not None
    return progress


def make_ids(number: int) -> list[Any]:
    """Ids of every type that a PIM may have."""
    dice = random.Random(number)
    kinds: list[Callable[[int], Any]] = [
        lambda n: n,
        lambda n: n + 0.5,
        lambda n: f"id-{n:05d}",
        lambda _: ObjectId(dice.randbytes(12)),
        lambda n: {"shop": 1, "n": n},
        lambda n: Binary(n.to_bytes(16, "big"), 4),
        lambda n: datetime.fromtimestamp(n, UTC),
    ]
    return [kinds[n % len(kinds)](n) for n in range(number)]


def test_ids_of_any_type_are_read_once_each_in_several_ranges(line: Line) -> None:
    documents = [make_product(n, _id=identity) for n, identity in enumerate(make_ids(2100))]
    line.products.insert_many(documents)
    running = line.capture(snapshot_chunk=100, snapshot_readers=3)
    running.wait_until_read()
    reads = line.events(Operation.READ)
    assert codes_of(reads) == Counter(f"P-{n}" for n in range(2100))
    progress = own_progress(line)
    assert (progress.done, progress.products, progress.parts) == (True, 2100, 12)
    assert 1500 < progress.estimate < 2700
    assert running.metric("snapshot_products_total") == 2100
    assert running.metric("snapshot_ranges_left", stream="pim") == 0


def test_only_current_versions_are_read_whichever_range_they_are_in(line: Line) -> None:
    versions = [
        {"_id": ObjectId(), "entity_code": f"P-{n % 400}", "version": n // 400, "isCurrent": n // 400 == n % 400 % 3}
        for n in range(1200)
    ]
    random.Random(5).shuffle(versions)
    line.products.insert_many(versions)
    line.capture(snapshot_chunk=50).wait_until_read()
    found = {event.entity_code: event.product for event in line.events(Operation.READ)}
    assert codes_of(line.events(Operation.READ)) == Counter(f"P-{n}" for n in range(400))
    assert all(product and product["isCurrent"] for product in found.values())


def test_a_tenant_that_was_read_whole_is_marked_once_in_every_partition(line: Line) -> None:
    line.products.insert_many([make_product(n) for n in range(30)])
    running = line.capture()
    running.wait_until_read()
    running.stop()
    line.capture().wait_until_read()
    markers = line.markers()
    assert sorted(partition for partition, _ in markers) == list(range(PARTITIONS))
    (marker,) = {marker for _, marker in markers}
    assert (marker.tenant, marker.cause, marker.products) == (line.tenant, SnapshotCause.FIRST, 30)
    assert marker.sequence == own_progress(line).started
    assert marker.sequence <= min(event.sequence for event in line.events(Operation.READ))


@pytest.mark.parametrize("missing", [True, False])
def test_a_missing_or_empty_collection_takes_nothing_back(line: Line, missing: bool) -> None:
    line.products.insert_one({"_id": 1, "entity_code": "old", "isCurrent": False})
    if missing:
        line.products.drop()
    line.capture().wait_until_read()
    progress = own_progress(line)
    assert progress.done
    assert ("does not exist" if missing else "holds no current product") in progress.note
    assert line.markers() == []


def test_a_collection_that_is_replaced_meanwhile_is_read_again_before_anything_is_taken_back(line: Line) -> None:
    line.products.insert_many([make_product(n, old=True) for n in range(40)])
    running = line.capture(snapshot_chunk=1, snapshot_rate=20)
    wait_until(lambda: line.events(Operation.READ), 10)
    line.products.drop()
    line.products.insert_many([make_product(n) for n in range(7)])
    running.stop()
    line.capture().wait_until_read()
    (marker,) = {marker for _, marker in line.markers()}
    assert marker.products == 7
    since = [event for event in line.events(Operation.READ) if event.sequence >= marker.sequence]
    assert set(codes_of(since)) == {f"P-{n}" for n in range(7)}


# Requests


def requesting(line: Line) -> Requests:
    """As the command asks."""
    line.map_ids = True  # a capture in the service always knows our own database
    return Requests(line.state, prefix=line.topics.prefix)


def wait_for_state(requests: Requests, request: str, *states: RequestState) -> None:
    wait_until(lambda: state_of(requests, request) in states, 15, f"{request} {states}")


def state_of(requests: Requests, request: str) -> RequestState:
    return next(one.state for one in requests.all() if one.id == request)


def started(line: Line, **settings: Any) -> Running:
    """A capture that has read everything once; none of it counts for what is asked later."""
    running = line.capture(**settings)
    running.wait_until_read()
    return running


def later(line: Line, since: str) -> list[ProductEvent]:
    """What was read after the first snapshot."""
    return [event for event in line.events(Operation.READ) if event.sequence > since]


def newest(line: Line) -> str:
    return max(event.sequence for event in line.events(Operation.READ))


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (Wanted("", '{"brand.id": "b-1", "quantity": {"$gte": 20}}'), {"P-21", "P-23", "P-25"}),
        (Wanted("", codes=("P-3", "P-nowhere", "P-25")), {"P-3", "P-25"}),
        (Wanted("", '{"brand.id": "b-0"}', ("P-3", "P-4")), {"P-4"}),
    ],
    ids=["filter", "codes", "both"],
)
def test_a_part_of_the_products_is_read_on_request_without_a_mark(line: Line, wanted: Wanted, codes: set[str]) -> None:
    requests = requesting(line)
    line.products.insert_many([make_product(n, brand={"id": f"b-{n % 2}"}) for n in range(26)])
    line.products.insert_one({"_id": "old", "entity_code": "P-23", "isCurrent": False, "brand": {"id": "b-1"}})
    started(line)
    markers, since = line.markers(), newest(line)
    line.products.update_one({"_id": 0}, {"$set": {"quantity": 0}})
    request = requests.ask(Wanted(line.tenant, wanted.filter, wanted.codes, "anna@desk"))
    wait_for_state(requests, request.id, RequestState.DONE)
    assert codes_of(later(line, since)) == Counter(codes)
    assert Counter(line.markers()) == Counter(markers), "a part of the products says nothing of the others"
    (done,) = requests.all()
    assert (done.products, done.by) == (len(codes), "anna@desk")
    wait_until(lambda: progress_of(line, request.id) is None, 10, "the record of a request ends with it")


def test_all_products_are_read_on_request_and_marked(line: Line) -> None:
    requests = requesting(line)
    line.products.insert_many([make_product(n) for n in range(12)])
    started(line)
    since = newest(line)
    line.products.insert_one(make_product(99))
    request = requests.ask(Wanted(line.tenant))
    wait_for_state(requests, request.id, RequestState.DONE)
    assert codes_of(later(line, since)) == Counter([*(f"P-{n}" for n in range(12)), "P-99"])
    marks = [marker for _, marker in line.markers() if marker.cause is SnapshotCause.REQUEST]
    assert len(marks) == PARTITIONS
    assert {marker.products for marker in marks} == {13}


def test_a_request_survives_restarts_and_goes_on_where_it_was(line: Line) -> None:
    requests = requesting(line)
    line.products.insert_many([make_product(n) for n in range(1200)])
    started(line, snapshot_chunk=500).stop()
    request = requests.ask(Wanted(line.tenant, '{"quantity": {"$gte": 200}}'))
    since = newest(line)
    slow = line.capture(snapshot_chunk=20, snapshot_rate=100)
    wait_until(lambda: len(later(line, since)) >= 100, 20)
    slow.stop()
    before = len(later(line, since))
    assert before < 1000
    line.capture(snapshot_chunk=500)
    wait_for_state(requests, request.id, RequestState.DONE)
    assert codes_of(later(line, since)) == Counter(f"P-{n}" for n in range(200, 1200)), "once each"


def test_a_cancelled_request_ends_and_the_small_ones_do_not_wait_for_the_large_ones(line: Line) -> None:
    requests = requesting(line)
    line.products.insert_many([make_product(n) for n in range(1200)])
    started(line, snapshot_chunk=500).stop()
    large = requests.ask(Wanted(line.tenant))
    running = line.capture(snapshot_chunk=10, snapshot_rate=30)
    wait_for_state(requests, large.id, RequestState.RUNNING)
    small = requests.ask(Wanted(line.tenant, codes=("P-7",)))
    wait_for_state(requests, small.id, RequestState.DONE)
    assert state_of(requests, large.id) is RequestState.RUNNING
    assert requests.cancel(large.id)
    assert not requests.cancel(large.id)
    running.wait_until_read()
    wait_until(lambda: progress_of(line, large.id) is None, 10)
    assert state_of(requests, large.id) is RequestState.CANCELLED
    assert len([marker for _, marker in line.markers()]) == PARTITIONS, "only the first snapshot's"


def test_what_the_server_refuses_to_read_is_given_up_and_stops_nothing(line: Line) -> None:
    requests = requesting(line)
    line.products.insert_one(make_product(1))
    running = started(line)
    request = requests.ask(Wanted(line.tenant, '{"quantity": {"$in": 7}}'))
    wait_for_state(requests, request.id, RequestState.FAILED)
    (failed,) = requests.all()
    assert "$in needs an array" in failed.words
    line.products.insert_one(make_product(2))
    line.wait_for(1, Operation.CREATED)
    assert running.failure is None
    assert running.metric("snapshots_failed_total", stream="pim") == 1


def test_a_tenant_whose_products_cannot_be_read_stops_no_other_one(
    make_line: Callable[..., Line], fresh_name: str
) -> None:
    refused, line = make_line(fresh_name), make_line(f"{fresh_name}b")
    refused.products.drop()
    # Behind the first product the index of ids is walked, which a view does not have.
    refused.database["elsewhere"].insert_many([make_product(n) for n in range(3)])
    refused.database.command({"create": "pimproducts", "viewOn": "elsewhere", "pipeline": []})
    line.products.insert_many([make_product(n) for n in range(5)])
    running = line.capture(tenants=(refused.tenant, line.tenant), snapshot_chunk=1)
    wait_until(lambda: len(line.events(Operation.READ)) == 5 + 1, 20)
    values = read_compacted(line.servers.kafka_bootstrap_servers, line.names.positions)
    assert "MongoDB refuses to read it" in decode_progress(values[snapshot_key("pim", refused.database.name)]).note
    assert running.failure is None
    line.products.insert_one(make_product(6))
    line.wait_for(1, Operation.CREATED)


# Beside the stream


def test_a_snapshot_at_full_speed_starves_no_stream(line: Line) -> None:
    line.products.insert_many([make_product(n, text="x" * 1500) for n in range(15_000)])
    running = line.capture(snapshot_chunk=500, snapshot_readers=4)
    written = 0
    while running.metric("snapshots_open", stream="pim"):
        line.products.insert_one(make_product(100_000 + written))
        written += 1
        line.wait_for(written, Operation.CREATED, deadline=5)
    assert len(line.events(Operation.READ)) >= 15_000
    assert written >= 3, "the snapshot was over before anything was written"


def test_a_snapshot_waits_for_a_stream_that_is_behind_but_not_for_ever(line: Line) -> None:
    line.products.insert_many([make_product(n) for n in range(50)])
    running = line.capture(batch=1)  # whatever comes fills an answer of the server
    number = 0
    while running.metric("snapshots_open", stream="pim"):
        line.products.update_one({"_id": 7}, {"$set": {"write": (number := number + 1)}})
    assert running.metric("snapshot_yielded_seconds_total", stream="pim") > 0
    assert codes_of(line.events(Operation.READ)) == Counter(f"P-{n}" for n in range(50))


def test_the_pace_is_kept(line: Line) -> None:
    line.products.insert_many([make_product(n) for n in range(120)])
    began = datetime.now(UTC)
    line.capture(snapshot_rate=40).wait_until_read()
    took = (datetime.now(UTC) - began).total_seconds()
    assert took >= 1.5
    assert len(line.events(Operation.READ)) == 120


def test_nothing_read_hides_what_was_written_meanwhile_and_nothing_old_overwrites_it(line: Line) -> None:
    """At full speed, with several readers: the newest sequence shows what the PIM holds."""
    dice = random.Random(13)
    line.products.insert_many([make_product(n, write=-1) for n in range(6000)])
    line.products.create_index("entity_code")
    running = line.capture(snapshot_chunk=40, snapshot_readers=4)
    number = 0
    while running.metric("snapshots_open", stream="pim"):
        number += 1
        place = dice.randrange(1000, 6000)
        if number % 10 == 0:
            line.products.delete_one({"_id": place})
        elif number % 10 == 7:  # a new version takes over, in another range
            code = dice.randrange(1000)
            line.products.update_many({"entity_code": f"P-{code}"}, {"$set": {"isCurrent": False}})
            line.products.insert_one(make_product(code, _id=6000 * dice.random(), write=number))
        elif number % 10 == 5:
            line.products.replace_one({"_id": place}, make_product(place, write=number), upsert=True)
        else:
            line.products.update_one({"_id": place}, {"$set": {"write": number}})
    assert number > 50, "the snapshot was over before much was written"
    line.products.insert_one(make_product(9999))
    wait_until(lambda: "P-9999" in codes_of(line.events(Operation.CREATED)), 20)
    wait_until(lambda: shown(line) == held(line), 20)


def shown(line: Line) -> dict[str, Any]:
    """The newest state of each product, as the topics tell it."""
    found: dict[str, Any] = {}
    for event in sorted(line.events(), key=lambda event: event.sequence):
        found[event.entity_code] = event.product
    return {code: product for code, product in found.items() if product is not None}


def held(line: Line) -> dict[str, Document]:
    return {document["entity_code"]: document for document in line.products.find({"isCurrent": True})}
