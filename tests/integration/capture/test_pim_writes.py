"""Every way the PIM is known to write, performed on a real MongoDB: what becomes an event, and what is noise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from consumer.events import Operation, ProductEvent
from consumer.kafka.forgotten import held_back
from consumer.mongo import Document
from tests.integration.capture.conftest import Line, Running
from tests.waiting import wait_until

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def make_version(code: str, version: int = 1, **more: Any) -> Document:
    """A version as the PIM's schema has it."""
    return {
        "_id": f"{code}-{version}",
        "entity_code": code,
        "version": version,
        "isCurrent": True,
        "status": "published",
        "name": {"it": "Trapano", "en": "Drill"},
        "pricing": {"list": 58.0, "retail": 99.9, "currency": "EUR"},
        "quantity": 12,
        "packaging_options": [{"code": "PZ", "qty": 1, "is_default": True}],
        "completeness_score": 70,
        "critical_issues": ["no image"],
        "source": {"source_id": "erp", "batch_id": "b-1", "imported_at": NOW},
        "content_hash": "aaa",
        "locked_fields": [],
        "channels": ["default"],
        "created_at": NOW,
        "updated_at": NOW,
        **more,
    }


class Pim:
    """The PIM at work, watched by a capture."""

    def __init__(self, line: Line, running: Running) -> None:
        self.line = line
        self.running = running
        self.products = line.products

    def events(self) -> list[ProductEvent]:
        """All events of changes so far, once everything written is captured."""
        self.products.insert_one(make_version("THE-END"))
        changes = (Operation.CREATED, Operation.UPDATED, Operation.DELETED)

        def the_end_is_captured() -> bool:
            return any(event.entity_code == "THE-END" for event in self.line.events(*changes))

        wait_until(the_end_is_captured, 20)
        # Partitions become readable one by one: the end of one tells nothing of another.
        topics = [self.line.names.of(operation) for operation in changes]
        assert held_back(self.line.servers.kafka_bootstrap_servers, topics, patience=5) == {}
        events = sorted(self.line.events(*changes), key=lambda event: event.sequence)
        return [event for event in events if event.entity_code != "THE-END"]

    def told(self) -> list[tuple[str, str]]:
        """In the order of the writes: a reader gets topics and partitions in any order."""
        events = sorted(self.events(), key=lambda event: event.sequence)
        return [(event.operation.value, event.entity_code) for event in events]

    def noise(self, reason: str) -> float:
        return self.running.metric("noise_total", reason=reason)


@pytest.fixture
def pim(line: Line) -> Pim:
    """Pre-images on; product A is there and known."""
    line.products.insert_one(make_version("A"))
    running = line.capture()
    wait_until(lambda: line.events(Operation.READ), 15)
    return Pim(line, running)


def test_an_import_that_changes_nothing_is_noise(pim: Pim) -> None:
    fields = {name: value for name, value in make_version("A").items() if name != "_id"}
    fields |= {"updated_at": LATER, "source": {"source_id": "erp", "batch_id": "b-2", "imported_at": LATER}}
    pim.products.find_one_and_update({"entity_code": "A", "isCurrent": True}, {"$set": fields})
    assert pim.told() == []
    assert pim.noise("bookkeeping") == 1


def test_an_import_that_changes_a_price_is_told(pim: Pim) -> None:
    fields = {name: value for name, value in make_version("A").items() if name != "_id"}
    fields |= {"updated_at": LATER, "content_hash": "bbb", "pricing": {"retail": 89.9, "currency": "EUR"}}
    pim.products.find_one_and_update({"entity_code": "A", "isCurrent": True}, {"$set": fields})
    (event,) = pim.events()
    assert event.changed is not None
    assert "pricing" in event.changed
    assert event.product is not None
    assert event.product["pricing"]["retail"] == 89.9


def test_an_import_that_writes_the_document_anew_is_judged_by_what_differs(pim: Pim) -> None:
    pim.products.replace_one({"_id": "A-1"}, make_version("A", updated_at=LATER, content_hash="bbb"))
    pim.products.replace_one({"_id": "A-1"}, make_version("A", updated_at=LATER, quantity=0))
    (event,) = pim.events()
    assert event.product is not None
    assert event.product["quantity"] == 0
    assert pim.noise("bookkeeping") == 1


@pytest.mark.parametrize("status", ["draft", "published"])
def test_an_import_of_a_new_product_is_told(pim: Pim, status: str) -> None:
    pim.products.insert_one(make_version("B", status=status))
    assert pim.told() == [("created", "B")]


def test_an_edit_in_the_ui_is_one_event_and_its_second_write_is_noise(pim: Pim) -> None:
    pim.products.update_one({"_id": "A-1"}, {"$set": {"name.it": "Trapano nuovo", "updated_at": LATER}})
    pim.products.update_one(
        {"_id": "A-1"},
        {"$set": {"completeness_score": 92, "critical_issues": [], "updated_at": NOW}, "$inc": {"__v": 1}},
    )
    assert pim.told() == [("updated", "A")]
    assert pim.noise("bookkeeping") == 1


def test_opening_a_product_in_the_ui_is_noise(pim: Pim) -> None:
    pim.products.update_one({"_id": "A-1"}, {"$set": {"packaging_options.0.pkg_id": "1", "completeness_score": 71}})
    packaging = [{"code": "PZ", "qty": 1, "is_default": True, "pkg_id": "2"}]
    pim.products.update_one({"_id": "A-1"}, {"$set": {"packaging_options": packaging}})
    assert pim.told() == []
    assert pim.noise("bookkeeping") == 2


def test_a_packaging_that_really_changes_is_told(pim: Pim) -> None:
    packaging = [{"code": "PZ", "qty": 6, "is_default": True, "pkg_id": "2"}]
    pim.products.update_one({"_id": "A-1"}, {"$set": {"packaging_options": packaging}})
    assert pim.told() == [("updated", "A")]


def test_search_indexing_is_noise(pim: Pim) -> None:
    pim.products.update_one({"_id": "A-1"}, {"$set": {"solr_indexed_at": LATER}})
    pim.products.update_many({"isCurrent": True}, {"$unset": {"solr_indexed_at": ""}})
    assert pim.told() == []
    assert pim.noise("bookkeeping") == 2


def test_a_bulk_update_tells_every_product(pim: Pim) -> None:
    pim.products.insert_many([make_version(f"N-{number}") for number in range(500)])
    pim.products.update_many({"entity_code": {"$regex": "^N-"}}, {"$set": {"quantity": 3, "updated_at": LATER}})
    updated = [event for event in pim.events() if event.operation is Operation.UPDATED]
    assert len({event.entity_code for event in updated}) == len(updated) == 500


@pytest.mark.parametrize(
    "change",
    [
        {"status": "draft"},
        {"status": "archived"},
        {"not_visible": True},
        {"channels": ["default", "ebay"]},
        {"product_status": "ended"},
    ],
)
def test_whatever_takes_a_product_out_of_sale_is_told(pim: Pim, change: Document) -> None:
    pim.products.update_one({"_id": "A-1"}, {"$set": {**change, "updated_at": LATER}})
    (event,) = pim.events()
    assert event.product is not None
    assert change.items() <= event.product.items()


def test_edits_of_a_draft_are_noise_until_it_is_published(pim: Pim) -> None:
    pim.products.insert_one(make_version("B", status="draft"))
    pim.products.update_one({"_id": "B-1"}, {"$set": {"name.it": "Bozza", "pricing.retail": 1}})
    pim.products.update_one({"_id": "B-1"}, {"$set": {"status": "published"}})
    pim.products.update_one({"_id": "B-1"}, {"$set": {"status": "draft"}})
    assert pim.told() == [("created", "B"), ("updated", "B"), ("updated", "B")]
    assert pim.noise("draft") == 1


def test_a_new_version_that_takes_over_is_no_deletion(pim: Pim) -> None:
    pim.products.update_many({"entity_code": "A", "isCurrent": True}, {"$set": {"isCurrent": False}})
    pim.products.insert_one(make_version("A", 2, quantity=1))
    (event,) = pim.events()
    assert (event.operation, event.product and event.product["version"]) == (Operation.CREATED, 2)


def test_a_new_version_written_before_the_old_one_ends_is_no_deletion(pim: Pim) -> None:
    pim.products.insert_one(make_version("A", 2))
    pim.products.update_one({"_id": "A-1"}, {"$set": {"isCurrent": False}})
    assert pim.told() == [("created", "A")]
    assert pim.noise("current_version_left") == 1


def test_an_older_version_that_is_current_again_is_told_whole(pim: Pim) -> None:
    pim.products.insert_one(make_version("A", 0, isCurrent=False))
    pim.products.update_one({"_id": "A-1"}, {"$set": {"isCurrent": False}})
    pim.products.update_one({"_id": "A-0"}, {"$set": {"isCurrent": True}})
    (event,) = pim.events()
    assert (event.operation, event.changed) == (Operation.UPDATED, None)
    assert event.product is not None
    assert event.product["version"] == 0


def test_pruned_versions_are_noise(pim: Pim) -> None:
    pim.products.insert_many([make_version("A", number, isCurrent=False) for number in range(2, 40)])
    pim.products.delete_many({"entity_code": "A", "isCurrent": False})
    assert pim.told() == []
    assert pim.noise("old_version_deleted") == 38


def test_deleting_a_product_deletes_all_its_versions_and_is_told_once(pim: Pim) -> None:
    pim.products.insert_many([make_version(code, 2, isCurrent=False) for code in "AB"])
    pim.products.insert_one(make_version("B"))
    pim.products.delete_many({"entity_code": {"$in": ["A", "B"]}})
    # Two products may lie in two partitions, which are read in any order.
    deleted = sorted(pim.line.wait_for(2, Operation.DELETED), key=lambda event: event.sequence)
    assert sorted(event.entity_code for event in deleted) == ["A", "B"]
    assert pim.told() == [("created", "B"), *(("deleted", event.entity_code) for event in deleted)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Trapano"),
        ("title", "Trapano"),
        ("stock_quantity", 3),
        ("price", 9.9),
        ("gallery", []),
        ("barcode", "1"),
    ],
)
def test_texts_for_maps_and_names_of_older_shapes_are_told(pim: Pim, path: str, value: Any) -> None:
    pim.products.update_one({"_id": "A-1"}, {"$set": {path: value}})
    (event,) = pim.events()
    assert event.changed == (path,)


def test_without_images_what_cannot_be_compared_is_told(make_line: Callable[..., Line], fresh_name: str) -> None:
    line = make_line(fresh_name, images=False)
    line.products.insert_one(make_version("A"))
    running = line.capture()
    wait_until(lambda: line.events(Operation.READ), 15)
    pim = Pim(line, running)
    pim.products.update_one({"_id": "A-1"}, {"$set": {"solr_indexed_at": LATER, "packaging_options.0.pkg_id": "1"}})
    pim.products.update_one({"_id": "A-1"}, {"$set": {"packaging_options": [{"code": "PZ", "pkg_id": "2"}]}})
    pim.products.replace_one({"_id": "A-1"}, make_version("A", updated_at=LATER))
    assert pim.told() == [("updated", "A")] * 2
    assert pim.noise("bookkeeping") == 1
