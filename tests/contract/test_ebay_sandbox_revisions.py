"""The stand-in of eBay: price and quantity in bulk, and how often a listing may be revised in a day."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.ebay_calls import Caller, Json, calling, error_ids, make_item, make_offer, make_revision, mint


@pytest.fixture
async def ebay() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_price_and_quantity_change_together_and_touch_no_content(ebay: Caller) -> None:
    offer_id = await ebay.live()
    before = await ebay.shown()
    reply = await ebay.bulk(
        "bulk_update_price_quantity", [make_revision("A1", offer_id, total=3, quantity=2, price="1.00")]
    )
    after = await ebay.shown()
    assert reply.json() == {
        "responses": [{"sku": "A1", "offerId": offer_id, "statusCode": 200, "errors": [], "warnings": []}]
    }
    assert (after["price"], after["quantity"]) == ("1.00", 2)
    assert {**after["content"], "price": "149.90"} == before["content"]


@pytest.mark.parametrize(
    ("parts", "price", "quantity"),
    [({"price": "1.00"}, "1.00", 5), ({"quantity": 4}, "149.90", 4), ({"total": 3, "price": "2.00"}, "2.00", 3)],
)
async def test_price_or_quantity_may_change_alone(ebay: Caller, parts: Json, price: str, quantity: int) -> None:
    offer_id = await ebay.live()
    reply = await ebay.bulk("bulk_update_price_quantity", [make_revision("A1", offer_id, **parts)])
    listing = await ebay.shown()
    assert reply.status_code == 200
    assert (listing["price"], listing["quantity"]) == (price, quantity)


async def test_the_total_alone_may_change_and_names_no_offer(ebay: Caller) -> None:
    await ebay.live()
    request = {"sku": "A1", "shipToLocationAvailability": {"quantity": 1}}
    reply = await ebay.bulk("bulk_update_price_quantity", [request])
    listing = await ebay.shown()
    assert reply.json()["responses"] == [{"sku": "A1", "statusCode": 200, "errors": [], "warnings": []}]
    assert listing["quantity"] == 1


@pytest.mark.parametrize(
    ("parts", "error_id"),
    [({}, 25002), ({"price": "0.00"}, 25003), ({"price": "1.005"}, 25003), ({"quantity": -1}, 25004)],
)
async def test_price_and_quantity_that_cannot_be_are_refused(ebay: Caller, parts: Json, error_id: int) -> None:
    offer_id = await ebay.live()
    reply = await ebay.bulk("bulk_update_price_quantity", [make_revision("A1", offer_id, **parts)])
    (entry,) = reply.json()["responses"]
    assert (reply.status_code, entry["statusCode"], entry["errors"][0]["errorId"]) == (207, 400, error_id)


async def test_price_and_quantity_are_for_published_offers_of_the_same_sku(ebay: Caller) -> None:
    live = await ebay.live("A1")
    await ebay.put_item("A2", make_item())
    draft = await ebay.create_offer(make_offer("A2"))
    requests = [make_revision("A2", draft, price="1.00"), make_revision("A1", "999", price="1.00")]
    requests.append(make_revision("A3", live, price="1.00"))
    entries = (await ebay.bulk("bulk_update_price_quantity", requests)).json()["responses"]
    assert [(entry["statusCode"], entry["errors"][0]["errorId"]) for entry in entries] == [
        (400, 25002),
        (404, 25713),
        (400, 25002),
    ]


async def test_a_listing_takes_250_revisions_a_day_and_more_the_next_day(ebay: Caller) -> None:
    offer_id = await ebay.live()

    async def revise(cents: int) -> Json:
        request = make_revision("A1", offer_id, price=f"1.{cents:02}")
        entry: Json = (await ebay.bulk("bulk_update_price_quantity", [request])).json()["responses"][0]
        return entry

    statuses = [(await revise(number % 100))["statusCode"] for number in range(251)]
    assert statuses == [200] * 250 + [400]
    assert error_ids(await ebay.put_item("A1", make_item())) == [25019]
    await ebay.http.put("/_sandbox/clock", json={"advance": 86_400})
    ebay.token = (await mint(ebay)).json()["access_token"]
    assert (await revise(1))["statusCode"] == 200
