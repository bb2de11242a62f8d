"""Raw change events become Kafka records, in order, and nothing that happens is forgotten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import bson
import orjson
import pytest
from bson import Timestamp

from consumer.capture.bookkeeping import Bookkeeping
from consumer.capture.deletions import Deletions
from consumer.capture.positions import Position
from consumer.capture.records import Record, RecordWriter
from consumer.capture.translate import Translator
from consumer.capture.translated import Translated
from consumer.events import Operation, ProductEvent, Sequence, decode
from consumer.kafka import TopicNames
from consumer.mongo.change_stream import ClusterTime, RawBatch
from consumer.mongo.pim import id_key
from consumer.settings import CaptureSettings

NAMES = TopicNames("p.")
START = Position({"_data": "82" + "0" * 16}, (1, 0), -1)
WALL = datetime(2026, 11, 23, 8, 0, 0, 250_000)  # noqa: DTZ001  naive is UTC in the driver


class KnownPim:
    """A PIM of some documents by tenant database."""

    def __init__(self, documents: Mapping[str, Collection[dict[str, Any]]] | None = None) -> None:
        self.content = documents or {}
        self.questions = 0

    def current_codes(self, database: str, codes: Collection[str], *, since: ClusterTime) -> set[str]:
        assert since > (0, 0)
        self.questions += 1
        found = (one for one in self.content.get(database, ()) if one.get("isCurrent"))
        return {one["entity_code"] for one in found if one["entity_code"] in codes}

    def documents(self, database: str, ids: Collection[Any]) -> Mapping[bytes, bytes]:
        self.questions += 1
        found = (one for one in self.content.get(database, ()) if one["_id"] in ids)
        return {id_key(one["_id"]): bson.encode(one) for one in found}


def product(number: int, **more: Any) -> dict[str, Any]:
    return {"_id": number, "entity_code": f"P-{number}", "isCurrent": True, **more}


def change(number: int, kind: str, document: Any = None, *, database: str = "vinc-a", **more: Any) -> dict[str, Any]:
    event = {
        "_id": {"_data": f"82{1:08X}{number:08X}AA"},
        "operationType": kind,
        "clusterTime": Timestamp(1, number),
        "wallTime": WALL,
        "ns": {"db": database, "coll": "pimproducts"},
        "documentKey": {"_id": (document or {"_id": number})["_id"]},
        **more,
    }
    return event if document is None else {**event, "fullDocument": document}


class Line:
    """A translator with what it needs."""

    def __init__(self, pim: KnownPim | None = None, limit: int = 100_000) -> None:
        self.now = 0.0
        pim = pim or KnownPim()
        writer = RecordWriter(NAMES, limit=limit)
        self.deletions = Deletions(pim, writer, topic=NAMES.positions, stream="pim", grace=5, clock=lambda: self.now)
        self.translator = Translator(
            writer,
            pim,
            position=START,
            bookkeeping=Bookkeeping(CaptureSettings().bookkeeping),
            deletions=self.deletions,
        )

    def translate(self, raw: list[bytes], *, from_time: bool = False) -> Translated:
        return self.translator.translate(RawBatch(raw, {"_data": "82FF"}, 7), from_time=from_time)

    def settle(self, after: float = 5) -> Translated:
        self.now += after
        return self.deletions.settle() or Translated(records=[], position=None, changes=0, size=0)


def translate(*changes: dict[str, Any] | bytes, pim: KnownPim | None = None, limit: int = 100_000) -> Translated:
    raw = [one if isinstance(one, bytes) else bson.encode(one) for one in changes]
    return Line(pim or KnownPim(), limit).translate(raw)


def event_of(record: Record) -> ProductEvent:
    topic, key, value, headers = record
    event = decode(key, value, headers)
    assert topic == NAMES.of(event.operation)
    return event


def test_a_write_becomes_an_event_readers_can_decode() -> None:
    update = {"updatedFields": {"quantity": 3}}
    document = product(1, quantity=3, at=WALL)
    result = translate(
        change(7, "update", document, updateDescription=update, fullDocumentBeforeChange=product(1, quantity=4))
    )
    event = event_of(result.records[0])
    assert (event.operation, event.tenant, event.entity_code) == (Operation.UPDATED, "a", "P-1")
    assert event.id == f"82{1:08X}{7:08X}AA"
    assert event.sequence == "000000010000000700000000"
    assert event.time.isoformat() == "2026-11-23T08:00:00.250000+00:00"
    assert event.changed == ("quantity",)
    assert event.product == product(1, quantity=3, at={"$date": "2026-11-23T08:00:00.250Z"})
    assert event.before == product(1, quantity=4)
    assert result.position == Position({"_data": "82FF"}, (1, 7), 0)
    assert (result.events, result.changes, result.size, result.written) == ({"updated": 1}, 1, 7, {WALL: 1})


def test_records_keep_the_order_of_the_changes_whatever_had_to_be_asked() -> None:
    pim = KnownPim({"vinc-a": [product(2)], "vinc-b": [product(3)]})
    result = translate(
        change(1, "insert", product(1)),
        change(2, "update", documentKey={"_id": 2}),
        change(3, "insert", product(4)),
        change(4, "update", documentKey={"_id": 3}, database="vinc-b"),
        change(5, "insert", product(5)),
        pim=pim,
    )
    assert [event_of(record).entity_code for record in result.records] == ["P-1", "P-2", "P-4", "P-3", "P-5"]
    assert [event_of(record).sequence for record in result.records] == sorted(
        event_of(record).sequence for record in result.records
    )
    assert pim.questions == 2, "one question per database and kind"


def test_the_last_version_gone_is_a_deleted_product_once_its_time_is_over() -> None:
    line = Line()
    held = line.translate([bson.encode(change(1, "delete", fullDocumentBeforeChange=product(1, price=9)))])
    assert [(topic, key) for topic, key, *_ in held.records] == [(NAMES.positions, b"waiting/pim/vinc-a/P-1")]
    assert line.settle(4.9).records == []
    deleted, forgotten = line.settle(0.1).records
    event = event_of(deleted)
    assert (event.operation, event.product, event.before) == (Operation.DELETED, None, product(1, price=9))
    assert event.sequence == "000000010000000100000000", "that of the delete, so that a successor wins"
    assert forgotten == (NAMES.positions, b"waiting/pim/vinc-a/P-1", None, [])


def test_a_product_that_comes_back_is_not_deleted() -> None:
    line = Line()
    gone = bson.encode(change(1, "delete", fullDocumentBeforeChange=product(1)))
    line.translate([gone])
    back = line.translate([bson.encode(change(2, "insert", {**product(2), "entity_code": "P-1"}))])
    assert back.records[1] == (NAMES.positions, b"waiting/pim/vinc-a/P-1", None, [])
    assert line.settle().records == []


def test_a_product_that_the_pim_has_again_is_not_deleted() -> None:
    pim = KnownPim()
    line = Line(pim)
    line.translate([bson.encode(change(1, "delete", fullDocumentBeforeChange=product(1)))])
    pim.content = {"vinc-a": [{**product(2), "entity_code": "P-1"}]}
    settled = line.settle()
    assert [value for _, _, value, _ in settled.records] == [None]
    assert settled.noise == {"current_version_left": 1}


def test_what_was_held_in_a_transaction_that_failed_is_held_no_more() -> None:
    line = Line()
    line.translate([bson.encode(change(1, "delete", fullDocumentBeforeChange=product(1)))])
    line.deletions.rollback()
    assert line.settle().records == []


def test_a_changed_entity_code_ends_one_product_and_begins_another() -> None:
    line = Line()
    renamed = change(
        1,
        "update",
        {**product(1), "entity_code": "NEW"},
        fullDocumentBeforeChange=product(1),
        updateDescription={"updatedFields": {"entity_code": "NEW"}},
    )
    result = line.translate([bson.encode(renamed)])
    created = event_of(result.records[0])
    assert (created.operation, created.entity_code, created.before) == (Operation.CREATED, "NEW", None)
    deleted = event_of(line.settle().records[0])
    assert (deleted.operation, deleted.entity_code) == (Operation.DELETED, "P-1")
    assert created.id != deleted.id
    assert created.sequence == deleted.sequence


def test_a_current_version_that_is_current_no_more_may_be_the_end_of_its_product() -> None:
    line = Line()
    flip = change(
        1,
        "update",
        product(1, isCurrent=False),
        fullDocumentBeforeChange=product(1),
        updateDescription={"updatedFields": {"isCurrent": False}},
    )
    assert event_of_none(line.translate([bson.encode(flip)]))
    assert event_of(line.settle().records[0]).operation is Operation.DELETED


def event_of_none(result: Translated) -> bool:
    return all(topic == NAMES.positions for topic, *_ in result.records)


def test_a_document_gone_before_it_could_be_read_still_tells_what_it_was() -> None:
    line = Line()
    line.translate([bson.encode(change(1, "update", fullDocumentBeforeChange=product(1)))])
    assert event_of(line.settle().records[0]).entity_code == "P-1"


def test_large_products_are_published_whatever_was_written() -> None:
    update = {"updatedFields": {"updated_at": 1}}
    large = product(1, description="x" * 5000)
    assert translate(change(1, "update", large, updateDescription=update)).noise == {"bookkeeping": 1}
    result = translate(change(1, "update", large, updateDescription=update), limit=10_000)
    assert event_of(result.records[0]).changed == ("updated_at",)


def test_a_product_with_another_current_version_is_not_deleted() -> None:
    pim = KnownPim({"vinc-a": [{**product(2), "entity_code": "P-1"}]})
    result = translate(change(1, "delete", fullDocumentBeforeChange=product(1)), pim=pim)
    assert (result.records, result.noise) == ([], {"current_version_left": 1})


def test_a_document_gone_before_it_could_be_read_is_noise() -> None:
    result = translate(change(1, "update"))
    assert (result.records, result.noise) == ([], {"gone": 1})


def test_a_document_read_later_may_be_an_old_version_by_now() -> None:
    price = change(1, "update", updateDescription={"updatedFields": {"pricing.sale": 9}})
    result = translate(price, pim=KnownPim({"vinc-a": [product(1, isCurrent=False)]}))
    assert (result.records, result.noise) == ([], {"not_current": 1})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_not_turned_into_null(number: float) -> None:
    looked_up = KnownPim({"vinc-a": [product(2, price=number)]})
    result = translate(change(1, "insert", product(1, price=number)), change(2, "update"), pim=looked_up)
    for record in result.records:
        found = event_of(record).product
        assert found is not None
        assert found["price"] == {"$numberDouble": "NaN" if number != number else "Infinity"}


def dead_letter_of(result: Translated, place: int = 0) -> dict[str, Any]:
    topic, _, value, headers = result.records[place]
    assert topic == "p.marketsync.capture.dead-letters"
    letter: dict[str, Any] = orjson.loads(value or b"")
    assert dict(headers)["reason"].decode() == letter["reason"]
    return letter


def test_what_cannot_be_named_is_a_dead_letter_and_the_rest_goes_on() -> None:
    result = translate(
        change(1, "insert", {"_id": 9, "isCurrent": True}),
        change(2, "delete"),
        change(3, "insert", product(3)),
    )
    assert dead_letter_of(result)["reason"] == "no_entity_code"
    assert dead_letter_of(result)["document_key"] == {"_id": 9}
    assert dead_letter_of(result, 1)["reason"] == "no_pre_image"
    assert event_of(result.records[2]).entity_code == "P-3"
    assert result.dead_letters == {"no_entity_code": 1, "no_pre_image": 1}


def test_a_product_too_large_for_kafka_keeps_its_key_in_a_dead_letter() -> None:
    result = translate(change(1, "insert", product(1, description="x" * 20_000)), limit=10_000)
    letter = dead_letter_of(result)
    assert (letter["reason"], letter["entity_code"], letter["tenant"]) == ("too_large", "P-1", "a")
    assert len(result.records[0][2] or b"") < 2_000


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_the_state_before_is_left_out_where_it_makes_the_event_too_large(kind: str) -> None:
    before = product(1, description="x" * 20_000)
    document = product(1) if kind == "update" else None
    line = Line(limit=10_000)
    result = line.translate([bson.encode(change(1, kind, document, fullDocumentBeforeChange=before))])
    if kind == "delete":
        result = line.settle()
    assert event_of(result.records[0]).before is None


def test_bytes_that_are_no_text_are_a_dead_letter_with_the_document_key() -> None:
    raw = bson.encode(change(1, "insert", product(1, name="ab"))).replace(b"ab\0", b"\xff\xfe\0")
    result = translate(raw, change(2, "insert", product(2)))
    letter = dead_letter_of(result)
    assert (letter["reason"], letter["document_key"], letter["database"]) == ("undecodable", {"_id": 1}, "vinc-a")
    assert event_of(result.records[1]).entity_code == "P-2"


def test_a_dropped_collection_is_noise() -> None:
    drop = change(1, "drop")
    del drop["documentKey"]
    result = translate(drop)
    assert (result.records, result.noise) == ([], {"collection_event": 1})


def test_changes_of_one_transaction_are_counted_across_batches() -> None:
    translator = Line().translator
    same = [bson.encode({**change(1, "insert", product(n)), "clusterTime": Timestamp(5, 5)}) for n in range(4)]
    sequences: list[Sequence] = []
    for part in (same[:1], same[1:3], same[3:]):
        result = translator.translate(RawBatch(part, {"_data": "82"}, 1))
        sequences += [event_of(record).sequence for record in result.records]
    assert sequences == [f"0000000500000005{index:08x}" for index in range(4)]


def test_what_was_done_before_a_fallback_is_not_done_again() -> None:
    translator = Line().translator
    changes = [bson.encode(change(number, "insert", product(number))) for number in (1, 2, 3)]
    translator.translate(RawBatch(changes[:2], {"_data": "82"}, 1))
    result = translator.translate(RawBatch(changes[1:], {"_data": "82"}, 1), from_time=True)
    assert [event_of(record).entity_code for record in result.records] == ["P-3"]
