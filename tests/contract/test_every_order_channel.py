"""What every channel that sells must do with orders. Requests and answers are held against the vendors' contracts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.errors import (
    ChannelUnavailableError,
    RateLimitedError,
    RejectedListingError,
    TemporaryError,
    UnknownListingError,
)
from adapters.model import Money
from adapters.orders import Order, OrderStatus, Shipment, ShippedLine
from tests.contract.order_channels import DESKS, Desk

SENT_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture(params=list(DESKS))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """Every channel that sells in turn, with A1 and B2 on sale and no orders."""
    async with DESKS[request.param]() as opened:
        yield opened


def shipment(order_id: str, **changes: object) -> Shipment:
    """A parcel with all that any channel wants."""
    told = {
        "shipment_id": "S-1",
        "order_id": order_id,
        "carrier": "Bartolini",
        "tracking_number": "IT123456789",
        "tracking_url": "https://carrier.invalid/IT123456789",
        "shipped_at": SENT_AT,
    }
    return Shipment.model_validate(told | changes)


async def walked(desk: Desk, since: datetime) -> tuple[dict[str, Order], datetime]:
    """All orders of a walk by id, and up to when it reached."""
    found: dict[str, Order] = {}
    page = await desk.orders.orders(since)
    while True:
        found |= {order.order_id: order for order in page.orders}
        if not page.next:
            assert page.until is not None
            return found, page.until
        page = await desk.orders.orders(since, page.next)


async def test_an_order_arrives_once_with_its_lines_money_and_people(desk: Desk) -> None:
    order_id = await desk.sell(("A1", 2), ("B2", 1))
    found, until = await walked(desk, desk.long_ago())
    assert list(found) == [order_id]
    order = found[order_id]
    assert order.status is OrderStatus.TO_SHIP
    assert sorted((line.sku, line.quantity) for line in order.lines) == [("A1", 2), ("B2", 1)]
    assert len({line.line_id for line in order.lines}) == 2
    (line,) = (line for line in order.lines if line.sku == "A1")
    assert line.unit_price.with_vat == Money(Decimal("19.90"), "EUR")
    assert line.price.with_vat == Money(Decimal("39.80"), "EUR")
    assert order.ship_to.city
    assert order.buyer.name
    assert order.placed_at <= order.changed_at
    assert until >= order.changed_at - timedelta(seconds=1)


async def test_one_order_reads_as_in_the_walk(desk: Desk) -> None:
    order_id = await desk.sell(("A1", 1))
    found, _ = await walked(desk, desk.long_ago())
    assert await desk.orders.order(order_id) == found[order_id]


async def test_people_show_in_no_repr(desk: Desk) -> None:
    order = await desk.orders.order(await desk.sell(("A1", 1)))
    people = (order.buyer.name, order.ship_to.city, order.ship_to.name)
    assert all(people)
    assert not any(word in repr(order) + str(order) for word in people)


async def test_many_orders_come_on_many_pages_without_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ebay", "manomano"):
        monkeypatch.setattr(f"adapters.{module}.orders.PAGE_SIZE", 2)
    monkeypatch.setattr("adapters.amazon.order_client.PAGE_SIZE", 2)
    monkeypatch.setattr("adapters.ebay.orders._LAG", timedelta(0))
    sold = {await desk.sell(("A1", 1)) for _ in range(5)}
    found, _ = await walked(desk, desk.long_ago())
    assert set(found) == sold


async def test_an_order_that_changes_during_the_walk_takes_none_with_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("ebay", "manomano"):
        monkeypatch.setattr(f"adapters.{module}.orders.PAGE_SIZE", 2)
    monkeypatch.setattr("adapters.amazon.order_client.PAGE_SIZE", 2)
    monkeypatch.setattr("adapters.ebay.orders._LAG", timedelta(0))
    sold = [await desk.sell(("A1", 1)) for _ in range(5)]
    since = desk.long_ago()
    page = await desk.orders.orders(since)
    found = {order.order_id for order in page.orders}
    await desk.cancel(sold[0])
    while page.next:
        page = await desk.orders.orders(since, page.next)
        found |= {order.order_id for order in page.orders}
    assert found == set(sold)


async def test_what_changed_comes_again_and_what_did_not_stays_away(desk: Desk) -> None:
    order_id = await desk.sell(("A1", 1))
    _, until = await walked(desk, desk.long_ago())
    await desk.cancel(order_id)
    found, _ = await walked(desk, until - timedelta(seconds=5))
    assert found[order_id].status in (OrderStatus.CANCELED, OrderStatus.REFUNDED)
    later, _ = await walked(desk, found[order_id].changed_at + timedelta(seconds=1))
    assert later == {}


async def test_an_unpaid_order_is_pending_and_takes_stock(desk: Desk) -> None:
    order = await desk.orders.order(await desk.sell(("A1", 1), ready=False))
    assert order.status is OrderStatus.PENDING
    assert order.status.takes_stock
    assert order.lines[0].status is OrderStatus.PENDING
    with pytest.raises(RejectedListingError, match="order_id"):
        await desk.orders.ship(shipment(order.order_id))


async def test_a_parcel_told_twice_is_one_parcel(desk: Desk) -> None:
    order_id = await desk.sell(("A1", 1), ("B2", 2))
    first = await desk.orders.ship(shipment(order_id))
    again = await desk.orders.ship(shipment(order_id))
    assert (first.repeated, again.repeated) == (False, True)
    assert await desk.parcels(order_id) == 1
    order = await desk.orders.order(order_id)
    assert order.status is OrderStatus.SHIPPED
    assert all(line.status is OrderStatus.SHIPPED and line.shipped == line.quantity for line in order.lines)


async def test_a_parcel_whose_answer_is_lost_is_found_when_it_is_told_again(desk: Desk) -> None:
    order_id = await desk.sell(("A1", 1))
    desk.lose_shipment()
    with pytest.raises(TemporaryError) as lost:
        await desk.orders.ship(shipment(order_id))
    assert lost.value.effect_unknown
    assert (await desk.orders.ship(shipment(order_id))).repeated
    assert await desk.parcels(order_id) == 1


async def test_a_parcel_with_some_of_the_lines(desk: Desk) -> None:
    order = await desk.orders.order(await desk.sell(("A1", 1), ("B2", 2)))
    (line,) = (line for line in order.lines if line.sku == "B2")
    part = (ShippedLine(line_id=line.line_id, quantity=2),)
    await desk.orders.ship(shipment(order.order_id, lines=part))
    after = await desk.orders.order(order.order_id)
    (sent,) = (line for line in after.lines if line.sku == "B2")
    assert sent.status is OrderStatus.SHIPPED
    if desk.tracked:  # ManoMano knows orders that are shipped, and no parts of them
        assert after.status is OrderStatus.PARTLY_SHIPPED
        assert after.parcels[0].tracking_number == "IT123456789"
        assert after.parcels[0].quantities == {line.line_id: 2}


async def test_a_parcel_with_what_was_not_ordered_is_refused_by_its_field(desk: Desk) -> None:
    order_id = await desk.sell(("A1", 1))
    order = await desk.orders.order(order_id)
    for wrong in (ShippedLine(line_id=order.lines[0].line_id, quantity=7), ShippedLine(line_id="none", quantity=1)):
        if desk.name == "memory" and wrong.line_id == "none":
            continue
        with pytest.raises(RejectedListingError, match="lines"):
            await desk.orders.ship(shipment(order_id, lines=(wrong,)))
    assert await desk.parcels(order_id) == 0


async def test_an_order_that_is_not_there(desk: Desk) -> None:
    with pytest.raises(UnknownListingError):
        await desk.orders.order("999-9999999-9999999")


async def test_trouble_is_an_error_and_never_an_empty_page(desk: Desk) -> None:
    await desk.sell(("A1", 1))
    desk.fail()
    with pytest.raises(ChannelUnavailableError):
        await desk.orders.orders(desk.long_ago())
    desk.throttle()
    with pytest.raises(RateLimitedError):
        await desk.orders.orders(desk.long_ago())
    found, _ = await walked(desk, desk.long_ago())
    assert len(found) == 1


async def test_a_time_without_a_zone_is_a_mistake_of_ours(desk: Desk) -> None:
    with pytest.raises((ValueError, TypeError)):
        await desk.orders.orders(datetime(2026, 11, 1))  # noqa: DTZ001  # that is what is tested


async def test_its_limits_say_what_each_call_uses(desk: Desk) -> None:
    limits = [limit for found in desk.orders.limits.values() for limit in found]
    assert all(limit.reading is not None and limit.reading.of(1) >= 1 for limit in limits)
    assert desk.orders.poll >= 1
