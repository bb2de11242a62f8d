"""Inventory item groups of the eBay stand-in: one listing with choices, as strict as the vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.contract.ebay_calls import INVENTORY, Caller, Json, calling, error_ids, make_item, make_offer

GROUP = f"{INVENTORY}/inventory_item_group/G"
PLACE = {"inventoryItemGroupKey": "G", "marketplaceId": "EBAY_IT"}
SIZES = {"G-S": "S", "G-M": "M", "G-L": "L"}


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as opened:
        yield opened


def make_group(**changed: Any) -> Json:
    whole = {
        "inventoryItemGroupKey": "G",
        "title": "Casco integrale in tre taglie",
        "description": "Un casco.",
        "imageUrls": ["https://pictures.example/casco.jpg"],
        "aspects": {"Marca": ["AGV"]},
        "variantSKUs": list(SIZES),
        "variesBy": {
            "aspectsImageVariesBy": ["Taglia"],
            "specifications": [{"name": "Taglia", "values": list(SIZES.values())}],
        },
        **changed,
    }
    return {name: value for name, value in whole.items() if value is not None}


async def make_members(caller: Caller, quantity: int = 5) -> dict[str, str]:
    """Items and offers of all sizes; offer ids by SKU."""
    found = {}
    for sku, size in SIZES.items():
        await caller.put_item(sku, make_item(quantity, aspects={"Marca": ["AGV"], "Taglia": [size]}))
        found[sku] = await caller.create_offer(make_offer(sku))
    return found


async def put_group(caller: Caller, **changed: Any) -> httpx.Response:
    return await caller.send("PUT", GROUP, make_group(**changed))


async def publish(caller: Caller) -> httpx.Response:
    return await caller.send("POST", f"{INVENTORY}/offer/publish_by_inventory_item_group", PLACE)


async def live_group(caller: Caller) -> dict[str, str]:
    offers = await make_members(caller)
    assert (await put_group(caller)).status_code == 204
    assert (await publish(caller)).status_code == 200
    return offers


async def shown(caller: Caller) -> list[Json]:
    reply = await caller.http.get("/_sandbox/listings", params={"group": "G", "fields": "full"})
    rows: list[Json] = reply.json()["listings"]
    return rows


async def test_a_group_is_one_listing_of_all_its_members(caller: Caller) -> None:
    await live_group(caller)
    rows = await shown(caller)
    assert sorted(row["sku"] for row in rows) == sorted(SIZES)
    assert len({row["listing_id"] for row in rows}) == 1
    again = await publish(caller)
    assert again.json()["listingId"] == rows[0]["listing_id"]
    item = (await caller.send("GET", f"{INVENTORY}/inventory_item/G-S")).json()
    assert item["inventoryItemGroupKeys"] == ["G"]
    assert (await caller.send("GET", GROUP)).json()["variantSKUs"] == list(SIZES)


async def test_a_withdrawn_group_comes_back_as_a_new_listing(caller: Caller) -> None:
    await live_group(caller)
    before = (await shown(caller))[0]["listing_id"]
    ended = await caller.send("POST", f"{INVENTORY}/offer/withdraw_by_inventory_item_group", PLACE)
    assert (ended.status_code, await shown(caller)) == (204, [])
    assert (await publish(caller)).json()["listingId"] != before
    assert (await caller.send("DELETE", GROUP)).status_code == 204
    assert await shown(caller) == []
    assert error_ids(await caller.send("GET", GROUP)) == [25705]
    unknown = await caller.send("POST", f"{INVENTORY}/offer/withdraw_by_inventory_item_group", PLACE)
    assert error_ids(unknown) == [25725]


async def test_a_member_left_out_of_a_write_is_gone_unless_it_was_sold(caller: Caller) -> None:
    offers = await live_group(caller)
    assert (await put_group(caller, variantSKUs=["G-S", "G-M"])).status_code == 204
    assert sorted(row["sku"] for row in await shown(caller)) == ["G-M", "G-S"]
    listing = caller.serving.sandbox.shops["seller"].offers[offers["G-M"]].listing
    assert listing is not None
    listing.sold = 1
    assert error_ids(await put_group(caller, variantSKUs=["G-S"])) == [25013]
    assert sorted(row["sku"] for row in await shown(caller)) == ["G-M", "G-S"]


async def test_a_sku_is_listed_alone_or_in_one_group(caller: Caller) -> None:
    offers = await make_members(caller)
    await caller.publish(offers["G-S"])
    assert error_ids(await put_group(caller)) == [25704]
    await caller.withdraw(offers["G-S"])
    assert (await put_group(caller)).status_code == 204
    assert error_ids(await caller.publish(offers["G-S"])) == [25732]
    bulk = await caller.bulk("bulk_publish_offer", [{"offerId": offers["G-S"]}])
    assert [error["errorId"] for error in bulk.json()["responses"][0]["errors"]] == [25732]
    other = await caller.send("PUT", f"{INVENTORY}/inventory_item_group/H", make_group(inventoryItemGroupKey="H"))
    assert error_ids(other) == [25703]
    assert error_ids(await put_group(caller, variantSKUs=["G-S", "unknown"])) == [25702]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"title": None}, 25017),
        ({"variesBy": {"aspectsImageVariesBy": ["Taglia"], "specifications": []}}, 25013),
        ({"variesBy": {"specifications": [{"name": "Taglia", "values": ["S", "M", "L"]}]}}, 25013),
        (
            {
                "variesBy": {
                    "aspectsImageVariesBy": ["Taglia"],
                    "specifications": [{"name": "Taglia", "values": ["S", "M"]}],
                }
            },
            25013,
        ),
        (
            {
                "variesBy": {
                    "aspectsImageVariesBy": ["Marca"],
                    "specifications": [{"name": "Marca", "values": ["AGV"]}],
                }
            },
            25013,
        ),
    ],
)
async def test_what_a_group_lacks_or_contradicts_fails_the_whole_publish(
    caller: Caller, changed: Json, expected: int
) -> None:
    await make_members(caller)
    await put_group(caller, **changed)
    assert expected in error_ids(await publish(caller))
    assert await shown(caller) == []


async def test_a_new_group_needs_stock_in_one_member_and_a_live_one_in_none(caller: Caller) -> None:
    offers = await make_members(caller, quantity=0)
    await put_group(caller)
    assert error_ids(await publish(caller)) == [25004]
    await caller.put_item("G-S", make_item(1, aspects={"Marca": ["AGV"], "Taglia": ["S"]}))
    assert (await publish(caller)).status_code == 200
    assert sorted(row["quantity"] for row in await shown(caller)) == [0, 0, 1]
    assert len(offers) == 3


async def test_the_members_of_a_listing_share_its_revisions_of_the_day(caller: Caller) -> None:
    offers = await live_group(caller)
    tallies = {
        id(offer.listing.tally)
        for offer in caller.serving.sandbox.shops["seller"].offers.values()
        if offer.listing is not None
    }
    assert len(tallies) == 1
    assert len(offers) == 3
