"""What is the vendor's own of orders: answers line by line, tokens that end, taxes, carriers, cancellations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.errors import AuthenticationError, RejectedListingError, UnknownListingError
from adapters.model import Money
from adapters.orders import ExpiredCursorError, OrderStatus
from tests.contract.order_channels import StandInDesk, amazon_desk, ebay_desk, manomano_desk
from tests.contract.test_every_order_channel import shipment


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.fixture
async def ebay() -> AsyncIterator[StandInDesk]:
    async with ebay_desk() as desk:
        yield desk


@pytest.fixture
async def amazon() -> AsyncIterator[StandInDesk]:
    async with amazon_desk() as desk:
        yield desk


@pytest.fixture
async def manomano() -> AsyncIterator[StandInDesk]:
    async with manomano_desk() as desk:
        yield desk


async def sell_waiting(desk: StandInDesk) -> str:
    """An order that waits for ManoMano's seller."""
    answer = await desk.http.post("/_sandbox/buy", json={"sku": "A1"})
    return str(answer.json()["order_id"])


async def status_of(desk: StandInDesk, order_id: str) -> OrderStatus:
    return (await desk.orders.order(order_id)).status


async def test_ebay_money_comes_off_what_is_on_sale(ebay: StandInDesk) -> None:
    await ebay.sell(("A1", 4))
    rows = (await ebay.http.get("/_sandbox/listings", params={"sku": "A1"})).json()["listings"]
    assert rows[0]["quantity"] == 5
    refused = await ebay.http.post("/_sandbox/buy", json={"sku": "A1", "quantity": 6})
    assert refused.status_code == 409


async def test_ebay_vat_that_ebay_collects_is_added_to_the_cost(ebay: StandInDesk) -> None:
    answer = await ebay.http.post("/_sandbox/buy", json={"sku": "A1", "quantity": 2, "vat": 20})
    order = await ebay.orders.order(answer.json()["order_id"])
    (line,) = order.lines
    assert line.price.without_vat == euro("39.80")
    assert line.price.vat == euro("7.96")
    assert line.price.with_vat == euro("47.76")
    assert order.total.with_vat == euro("53.66")
    assert order.total.without_vat == euro("45.70")


async def test_ebay_cancellation_is_asked_for_then_done(ebay: StandInDesk) -> None:
    order_id = await ebay.sell(("A1", 1))
    await ebay.act("cancel", order_id, requested=True)
    asked = await ebay.orders.order(order_id)
    assert (asked.status, asked.cancel_requested) == (OrderStatus.TO_SHIP, True)
    await ebay.act("cancel", order_id)
    done = await ebay.orders.order(order_id)
    assert (done.status, done.cancel_requested) == (OrderStatus.CANCELED, False)
    assert done.lines[0].canceled == 1
    assert done.refunded == done.total.with_vat


async def test_ebay_refund_of_a_part_leaves_the_order_to_ship(ebay: StandInDesk) -> None:
    order_id = await ebay.sell(("A1", 1))
    await ebay.act("return", order_id, amount="5.00")
    order = await ebay.orders.order(order_id)
    assert (order.status, order.refunded) == (OrderStatus.TO_SHIP, euro("5.00"))
    await ebay.act("return", order_id)
    assert await status_of(ebay, order_id) is OrderStatus.REFUNDED


async def test_ebay_takes_a_carrier_by_its_own_code_and_a_number_without_hyphens(ebay: StandInDesk) -> None:
    order_id = await ebay.sell(("A1", 1))
    await ebay.orders.ship(shipment(order_id, tracking_number="IT-123 456"))
    (parcel,) = (await ebay.orders.order(order_id)).parcels
    assert (parcel.carrier, parcel.tracking_number) == ("BRT", "IT123456")
    with pytest.raises(RejectedListingError, match="tracking_number"):
        await ebay.orders.ship(shipment(order_id, tracking_number="IT/123"))


async def test_ebay_parcel_without_a_number_is_known_by_when_it_left(ebay: StandInDesk) -> None:
    order_id = await ebay.sell(("A1", 1))
    assert not (await ebay.orders.ship(shipment(order_id, tracking_number=""))).repeated
    assert (await ebay.orders.ship(shipment(order_id, tracking_number=""))).repeated
    assert await ebay.parcels(order_id) == 1


async def test_ebay_all_that_is_left_is_the_rest_of_a_half_sent_line(ebay: StandInDesk) -> None:
    order_id = await ebay.sell(("A1", 3))
    (line,) = (await ebay.orders.order(order_id)).lines
    await ebay.orders.ship(
        shipment(order_id, tracking_number="ONE1", lines=({"line_id": line.line_id, "quantity": 1},))
    )
    await ebay.orders.ship(shipment(order_id, shipment_id="2", tracking_number="TWO2"))
    after = await ebay.orders.order(order_id)
    assert {parcel.tracking_number: dict(parcel.quantities) for parcel in after.parcels} == {
        "ONE1": {line.line_id: 1},
        "TWO2": {line.line_id: 2},
    }


@pytest.mark.parametrize("name", ["ebay", "amazon"])
async def test_other_lines_under_the_same_tracking_number_are_told_too(
    name: str, ebay: StandInDesk, amazon: StandInDesk
) -> None:
    desk = {"ebay": ebay, "amazon": amazon}[name]
    order_id = await desk.sell(("A1", 1), ("B2", 1))
    lines = [line.line_id for line in (await desk.orders.order(order_id)).lines]
    for number, line_id in enumerate(lines, 1):
        parcel = shipment(
            order_id, shipment_id=str(number), tracking_number="SAME1", lines=({"line_id": line_id, "quantity": 1},)
        )
        assert not (await desk.orders.ship(parcel)).repeated
        assert (await desk.orders.ship(parcel)).repeated
    assert (await desk.orders.order(order_id)).status is OrderStatus.SHIPPED


async def test_amazon_package_that_is_told_is_not_overwritten_by_another(amazon: StandInDesk) -> None:
    order_id = await amazon.sell(("A1", 1), ("B2", 1))
    first, second = [line.line_id for line in (await amazon.orders.order(order_id)).lines]
    await amazon.orders.ship(shipment(order_id, shipment_id="7", lines=({"line_id": first, "quantity": 1},)))
    with pytest.raises(RejectedListingError, match="shipment_id: Amazon has '7' with other lines"):
        await amazon.orders.ship(
            shipment(order_id, shipment_id="7", tracking_number="N2", lines=({"line_id": second, "quantity": 1},))
        )


async def test_amazon_tax_stands_beside_the_amount(amazon: StandInDesk) -> None:
    order = await amazon.orders.order(await amazon.sell(("A1", 2)))
    price = order.lines[0].price
    assert price.with_vat == euro("39.80")
    assert price.vat == euro("7.18")
    assert price.without_vat == euro("32.62")
    assert order.total.with_vat == euro("39.80")
    assert order.total.vat == euro("7.18")


async def test_amazon_pending_order_has_neither_prices_nor_people_and_gets_them(amazon: StandInDesk) -> None:
    order_id = await amazon.sell(("A1", 1), ready=False)
    pending = await amazon.orders.order(order_id)
    assert (pending.total.with_vat, pending.buyer.name, pending.lines[0].quantity) == (None, "", 1)
    await amazon.act("pay", order_id)
    paid = await amazon.orders.order(order_id)
    assert paid.status is OrderStatus.TO_SHIP
    assert paid.total.with_vat == euro("19.90")
    assert paid.buyer.name


async def test_amazon_token_of_a_page_ends_after_a_day(amazon: StandInDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.amazon.order_client.PAGE_SIZE", 1)
    for _ in range(3):
        await amazon.sell(("A1", 1))
    since = amazon.long_ago()
    page = await amazon.orders.orders(since)
    await amazon.http.put("/_sandbox/clock", json={"advance": 90_000})
    with pytest.raises(ExpiredCursorError):
        await amazon.orders.orders(since, page.next)
    assert (await amazon.orders.orders(since)).next


async def test_amazon_takes_any_carrier_and_any_number_of_a_shipment(amazon: StandInDesk) -> None:
    order_id = await amazon.sell(("A1", 1), ("B2", 1))
    order = await amazon.orders.order(order_id)
    lines = [({"line_id": line.line_id, "quantity": 1},) for line in order.lines]
    await amazon.orders.ship(shipment(order_id, carrier="brt", lines=lines[0]))
    await amazon.orders.ship(
        shipment(order_id, shipment_id="parcel-b", carrier="Corriere Rossi", tracking_number="X2", lines=lines[1])
    )
    after = await amazon.orders.order(order_id)
    assert [parcel.carrier for parcel in after.parcels] == ["BRT", "Corriere Rossi"]
    assert all(parcel.parcel_id.isdigit() for parcel in after.parcels)
    assert after.status is OrderStatus.SHIPPED


async def test_amazon_buyer_asks_to_cancel(amazon: StandInDesk) -> None:
    order_id = await amazon.sell(("A1", 1))
    await amazon.act("cancel", order_id, requested=True)
    asked = await amazon.orders.order(order_id)
    assert (asked.status, asked.cancel_requested, asked.lines[0].cancel_requested) == (OrderStatus.TO_SHIP, True, True)
    await amazon.act("cancel", order_id)
    done = await amazon.orders.order(order_id)
    assert (done.status, done.lines[0].canceled) == (OrderStatus.CANCELED, 1)


async def test_amazons_own_stock_is_not_ours_to_ship(amazon: StandInDesk) -> None:
    await amazon.http.put("/_sandbox/fba", json={"sku": "A1", "quantity": 3})
    order_id = await amazon.sell(("A1", 1))
    assert (await amazon.orders.order(order_id)).by_channel
    with pytest.raises(RejectedListingError, match="order_id: Amazon sends"):
        await amazon.orders.ship(shipment(order_id))


async def test_manomano_answers_are_read_line_by_line(manomano: StandInDesk) -> None:
    """A 207 is no success: one line is refused, one is of an order that was accepted before, one is unknown."""
    good, bad, before = [await sell_waiting(manomano) for _ in range(3)]
    assert (await manomano.orders.order(good)).status is OrderStatus.TO_ACCEPT
    await manomano.orders.accept([before])
    manomano.switch_on({"kind": "refused_sku", "sku": bad, "error_id": "NOT_TODAY", "status": 400})
    answers = {one.order_id: one for one in await manomano.orders.accept([good, bad, before, "M0"])}
    assert (answers[good].error, answers[good].repeated) == (None, False)
    refused = answers[bad].error
    assert isinstance(refused, RejectedListingError)
    assert refused.code == "NOT_TODAY"
    assert (answers[before].error, answers[before].repeated) == (None, True)
    assert isinstance(answers["M0"].error, UnknownListingError)
    assert await status_of(manomano, good) is OrderStatus.TO_SHIP
    assert await status_of(manomano, bad) is OrderStatus.TO_ACCEPT


async def test_manomano_lines_that_an_answer_leaves_out_are_looked_up(manomano: StandInDesk) -> None:
    orders = [await sell_waiting(manomano) for _ in range(2)]
    manomano.switch_on({"kind": "unsaid"})
    manomano.switch_on({"kind": "refused_sku", "sku": orders[1]})
    taken, left = await manomano.orders.accept(orders)
    assert taken.error is None
    assert left.error is not None
    assert left.error.effect_unknown


async def test_manomano_answer_that_is_lost_is_looked_up(manomano: StandInDesk) -> None:
    order_id = await sell_waiting(manomano)
    manomano.switch_on({"kind": "lost_answer", "count": 1, "route": "accept_orders"})
    (answer,) = await manomano.orders.accept([order_id])
    assert (answer.error, answer.repeated) == (None, True)


async def test_manomano_refusal_is_one_and_stays_one(manomano: StandInDesk) -> None:
    order_id = await sell_waiting(manomano)
    (first,) = await manomano.orders.refuse([order_id])
    (again,) = await manomano.orders.refuse([order_id])
    (late,) = await manomano.orders.accept([order_id])
    assert (first.repeated, again.repeated) == (False, True)
    assert isinstance(late.error, Exception)
    assert await status_of(manomano, order_id) is OrderStatus.REFUSED


async def test_manomano_dead_key_refuses_all_at_once(manomano: StandInDesk) -> None:
    orders = [await sell_waiting(manomano) for _ in range(2)]
    manomano.switch_on({"kind": "key_revoked"})
    answers = await manomano.orders.accept(orders)
    assert [type(one.error) for one in answers] == [AuthenticationError] * 2


async def test_manomano_order_that_nobody_touched_is_found_by_its_creation(manomano: StandInDesk) -> None:
    order_id = await sell_waiting(manomano)
    since = manomano.long_ago()
    first = await manomano.orders.orders(since)
    second = await manomano.orders.orders(since, first.next)
    assert first.orders == ()
    assert [order.order_id for order in second.orders] == [order_id]


async def test_manomano_vat_comes_in_both_forms(manomano: StandInDesk) -> None:
    order = await manomano.orders.order(await manomano.sell(("A1", 2)))
    price = order.lines[0].price
    assert (price.with_vat, price.without_vat, price.vat_rate) == (euro("39.80"), euro("32.62"), Decimal("22.00"))
    assert price.vat == euro("7.18")


async def test_manomano_knows_carriers_by_name_and_wants_an_address(manomano: StandInDesk) -> None:
    order_id = await manomano.sell(("A1", 1))
    with pytest.raises(RejectedListingError, match=r"carrier: .*did you mean GLS"):
        await manomano.orders.ship(shipment(order_id, carrier="GLSS"))
    with pytest.raises(RejectedListingError, match="tracking_url"):
        await manomano.orders.ship(shipment(order_id, tracking_url=""))
    await manomano.orders.ship(shipment(order_id, carrier="poste italiane"))
    rows = (await manomano.http.get("/_sandbox/orders")).json()["orders"]
    assert rows[0]["parcels"][0]["carrier"] == "Poste Italiane"


async def test_a_word_that_we_do_not_know_is_unknown(manomano: StandInDesk) -> None:
    order_id = await manomano.sell(("A1", 1))
    await manomano.act("pay", order_id, status="TELEPORTED")
    order = await manomano.orders.order(order_id)
    assert (order.status, order.vendor_status) == (OrderStatus.UNKNOWN, "TELEPORTED")
    assert order.status.takes_stock


async def test_a_cursor_that_is_none_of_ours_begins_the_walk_again(ebay: StandInDesk) -> None:
    with pytest.raises(ExpiredCursorError):
        await ebay.orders.orders(ebay.long_ago() - timedelta(days=1), "nonsense")
