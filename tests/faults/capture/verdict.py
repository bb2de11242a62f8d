"""The promises, asked of what a reader of committed records sees after the storm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # the stub forgets them

from consumer.events import SNAPSHOT_COMPLETED_TYPE, Operation, ProductEvent
from consumer.kafka import TopicNames
from consumer.mongo import Collection, Document
from tests.acceptance.kafka_reader import Seen, read_all
from tests.faults.capture.load import Written


def every_change_is_there_once(bootstrap: str, names: TopicNames, written: Written) -> list[ProductEvent]:
    """Each insert, update and delete, as often as it was confirmed; returns the events."""
    everything = read_all(bootstrap, names.products, deadline=120)
    records = [record for record in everything if record.headers["ce_type"] != SNAPSHOT_COMPLETED_TYPE]
    events = [record.event for record in records]
    of = {operation: [event for event in events if event.operation is operation] for operation in Operation}
    _equal("created", Counter(event.entity_code for event in of[Operation.CREATED]), written.created)
    updated = Counter((event.entity_code, (event.product or {})["write"]) for event in of[Operation.UPDATED])
    _equal("updated", updated, written.updated)
    _equal("deleted", Counter(event.entity_code for event in of[Operation.DELETED]), written.deleted)
    assert [event.entity_code for event in of[Operation.READ]] == [], "a gap was healed where none was"
    assert len({event.id for event in events}) == len({event.sequence for event in events}) == len(events)
    _in_order(records)
    nothing_was_set_aside(bootstrap, names)
    return events


def held_back(bootstrap: str, topics: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Partitions whose committed end is not their end: a transaction is open there. The end, and the committed one."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    places = [
        TopicPartition(name, number) for name in topics for number in admin.list_topics(name).topics[name].partitions
    ]
    ends: list[dict[str, int]] = []
    for isolation in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED):
        newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # so in the client
        asked = admin.list_offsets(dict.fromkeys(places, newest), isolation_level=isolation)
        ends.append({f"{place.topic}/{place.partition}": future.result(20).offset for place, future in asked.items()})
    every, committed = ends
    return {place: (end, committed[place]) for place, end in every.items() if end != committed[place]}


def nothing_was_set_aside(bootstrap: str, names: TopicNames) -> None:
    """No dead letter, no gap."""
    assert [record.body for record in read_all(bootstrap, [names.capture_dead_letters, names.gaps])] == []


def the_newest_state_is_that_of_the_pim(events: Iterable[ProductEvent], products: Collection[Document]) -> None:
    """Of each product the event with the highest sequence shows what the PIM holds, or that it is gone."""
    newest: dict[str, ProductEvent] = {}
    for event in events:
        if event.entity_code not in newest or newest[event.entity_code].sequence < event.sequence:
            newest[event.entity_code] = event
    shown = {code: event.product for code, event in newest.items() if event.operation is not Operation.DELETED}
    assert shown == {document["entity_code"]: document for document in products.find()}


def _equal(what: str, told: Counter[Any], written: Counter[Any]) -> None:
    missing, doubled = written - told, told - written
    assert not missing, f"{what}: {missing.total()} of {written.total()} are missing, such as {sorted(missing)[:10]}"
    assert not doubled, f"{what}: {doubled.total()} of {written.total()} are told twice, such as {sorted(doubled)[:10]}"


def _in_order(records: Iterable[Seen]) -> None:
    """In each topic, the changes of a product come in the order in which they happened."""
    last: dict[tuple[str, bytes | None], str] = {}
    for record in records:
        place, sequence = (record.topic, record.key), record.event.sequence
        assert sequence > last.get(place, ""), f"{sequence} comes behind {last[place]} in {place}"
        last[place] = sequence
