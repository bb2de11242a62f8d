"""Tenants that come and go: nothing of one that stays is lost, and what one missed is read again when it is back."""

from __future__ import annotations

from collections.abc import Callable

from consumer.events import Operation
from tests.integration.capture.conftest import Line, make_product
from tests.waiting import wait_until


def test_what_a_tenant_missed_is_read_when_it_is_back(make_line: Callable[..., Line], fresh_name: str) -> None:
    line, other = make_line(fresh_name), make_line(f"{fresh_name}b")
    other.products.insert_one(make_product(1))
    both = line.capture(tenants=(line.tenant, other.tenant))
    line.wait_for(1, Operation.READ)
    both.stop()
    alone = line.capture()
    other.products.insert_one(make_product(2))
    line.products.insert_one(make_product(3))
    (created,) = line.wait_for(1)
    assert created.entity_code == "P-3", "only one tenant is followed"
    alone.stop()

    line.capture(tenants=(line.tenant, other.tenant))
    reads = line.wait_for(3, Operation.READ)
    assert sorted((event.tenant, event.entity_code) for event in reads) == [
        (other.tenant, "P-1"),
        (other.tenant, "P-1"),
        (other.tenant, "P-2"),
    ]
    other.products.insert_one(make_product(4))
    assert {event.entity_code for event in line.wait_for(2)} == {"P-3", "P-4"}


def test_deletes_of_what_came_while_a_tenant_was_away_are_told_without_images(
    make_line: Callable[..., Line], fresh_name: str
) -> None:
    line, other = make_line(fresh_name), make_line(f"{fresh_name}b", images=False)
    line.map_ids = True
    line.capture(tenants=(line.tenant, other.tenant)).stop()
    alone = line.capture()
    other.products.insert_one(make_product(1))
    alone.stop()
    line.capture(tenants=(line.tenant, other.tenant), deletion_grace=0.1)
    line.wait_for(1, Operation.READ)
    wait_until(lambda: line.state["product_ids"].count_documents({"codes": "P-1"}), 10)
    other.products.delete_one({"_id": 1})
    (deleted,) = line.wait_for(1, Operation.DELETED)
    assert (deleted.tenant, deleted.entity_code) == (other.tenant, "P-1")


def test_a_database_need_not_be_named_after_its_tenant(line: Line) -> None:
    running = line.capture(tenants={"shop": line.database.name})
    running.wait_until_read()
    line.products.insert_one(make_product(1))
    line.products.insert_one({"_id": 2, "isCurrent": True})
    (created,) = line.wait_for(1)
    assert created.tenant == "shop"
    (letter,) = wait_until(line.dead_letters, 10)
    assert letter.key().decode().startswith("shop/")
    running.stop()
