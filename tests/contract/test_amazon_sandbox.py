"""The stand-in of Amazon against the facts we have of Amazon: listings, over plain HTTP.

Every answer is also checked against the vendor's own models where their files are at hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.sandbox.amazon import ITALY, Rules, Seller
from tests.contract.amazon_calls import (
    ALL_DATA,
    UNLIMITED,
    Caller,
    calling,
    codes,
    error,
    helmet,
    offer,
    patch,
    plain,
    stock,
    text,
)

GERMANY = "A1PA6795UKMFR9"


@pytest.fixture
async def amazon() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_a_put_makes_a_listing_that_is_read_back_and_bought(amazon: Caller) -> None:
    answer = await amazon.put()
    assert (answer["status"], answer["issues"]) == ("ACCEPTED", [])
    item = await amazon.item()
    assert item["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]
    assert item["attributes"] == helmet()
    assert item["offers"][0]["price"] == {"currencyCode": "EUR", "amount": "149.90"}
    assert item["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 5}]
    shown = await amazon.shown()
    assert (shown["title"], shown["price"], shown["quantity"]) == ("Casco integrale Nérò", "149.90", 5)


async def test_a_put_replaces_everything_that_was_there(amazon: Caller) -> None:
    await amazon.put("A1", helmet(generic_keyword=text("casco")))
    await amazon.put("A1")
    assert "generic_keyword" not in (await amazon.item())["attributes"]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"color": None}, ["90220"]),
        ({"engine": text("V8")}, ["90000900"]),
        ({"item_name": text("x" * 201)}, ["4000001"]),
        ({"item_name": [*text("a"), *text("b")]}, ["99022"]),
        ({"item_name": text("Helm", language="de_DE")}, ["4000001"]),
        ({"brand": text("AGV", marketplace=GERMANY)}, ["4000001"]),
        ({"condition_type": plain("shiny")}, ["4000001"]),
        ({"condition_type": "new_new"}, ["4000001"]),
        ({"purchasable_offer": offer(0)}, ["4000001"]),
        ({"purchasable_offer": offer(currency="USD")}, ["4000001"]),
        (
            {"purchasable_offer": offer(10, minimum_seller_allowed_price=[{"schedule": [{"value_with_tax": 11}]}])},
            ["18155"],
        ),
        ({"item_name": text("x" * 76), "title_differentiation": text("nero")}, ["100476"]),
        (
            {
                "externally_assigned_product_identifier": [
                    {"type": "ean", "value": "4006381333932", "marketplace_id": ITALY}
                ]
            },
            ["4000001"],
        ),
        ({"externally_assigned_product_identifier": None}, ["90220"]),
        ({"fulfillment_availability": [{"fulfillment_channel_code": "AMAZON_EU", "quantity": 3}]}, ["4000001"]),
        ({"fulfillment_availability": [{**stock(3)[0], "is_inventory_available": True}]}, ["4000001"]),
        ({"parentage_level": plain("child")}, ["90220", "90220"]),
    ],
)
async def test_what_breaks_the_product_type_is_invalid_in_a_200_and_changes_nothing(
    amazon: Caller, changed: dict[str, Any], found: list[str]
) -> None:
    answer = await amazon.put("A1", helmet(**changed))
    assert (answer["status"], codes(answer)) == ("INVALID", found)
    assert all(one["severity"] == "ERROR" and one["categories"] for one in answer["issues"])
    assert (await amazon.send("GET", amazon.path("A1"))).status_code == 404


async def test_a_preview_says_the_same_and_keeps_nothing(amazon: Caller) -> None:
    asked = {"mode": "VALIDATION_PREVIEW", "includedData": "identifiers,issues"}
    good = await amazon.put("A1", helmet(), **asked)
    assert good["status"] == "VALID"
    assert good["identifiers"][0]["asin"].startswith("B0")
    bad = await amazon.put("A1", helmet(color=None), **asked)
    assert (bad["status"], codes(bad)) == ("INVALID", ["90220"])
    assert error(await amazon.send("GET", amazon.path("A1"))) == (404, "NOT_FOUND")
    refused = await amazon.send(
        "PUT",
        amazon.path("A1", includedData="identifiers"),
        {"productType": "HELMET", "attributes": helmet()},
    )
    assert error(refused) == (400, "InvalidInput")


async def test_merge_changes_only_the_fields_given_and_null_takes_one_away(amazon: Caller) -> None:
    sale = [{"schedule": [{"value_with_tax": 99, "start_at": "2026-11-01", "end_at": "2026-12-01"}]}]
    availability = [{**stock(5)[0], "lead_time_to_ship_max_days": 2}]
    await amazon.put(
        "A1", helmet(purchasable_offer=offer(discounted_price=sale), fulfillment_availability=availability)
    )
    await amazon.patch("A1", patch("merge", "fulfillment_availability", stock(2)))
    selectors = {"marketplace_id": ITALY, "currency": "EUR", "audience": "ALL"}
    await amazon.patch("A1", patch("merge", "purchasable_offer", [{**selectors, "discounted_price": None}]))
    attributes = (await amazon.item())["attributes"]
    assert attributes["fulfillment_availability"] == [{**availability[0], "quantity": 2}]
    assert attributes["purchasable_offer"] == offer()
    without = await amazon.patch("A1", patch("merge", "purchasable_offer", [{"marketplace_id": ITALY}]))
    assert (without["status"], codes(without)) == ("INVALID", ["99022"])


async def test_replace_takes_the_whole_attribute_and_delete_the_value_with_these_selectors(amazon: Caller) -> None:
    business = {**offer(120)[0], "audience": "B2B"}
    await amazon.put("A1", helmet(purchasable_offer=[*offer(), business]))
    gone = {name: business[name] for name in ("marketplace_id", "currency", "audience")}
    await amazon.patch("A1", patch("delete", "purchasable_offer", [gone]))
    assert (await amazon.item())["attributes"]["purchasable_offer"] == offer()
    await amazon.patch("A1", patch("replace", "purchasable_offer", offer(99.5)))
    assert (await amazon.shown())["price"] == "99.50"


@pytest.mark.parametrize(
    "wrong",
    [
        patch("replace", "fulfillment_availability/0/quantity", stock(1)),
        patch("replace", "fulfillment_availability/0", stock(1)),
        {"op": "replace", "path": "/color", "value": text("Blu")},
        patch("delete", "purchasable_offer", None),
        patch("move", "fulfillment_availability", stock(1)),
        {"path": "/attributes/color", "value": text("Blu")},
    ],
)
async def test_only_whole_top_level_attributes_can_be_patched(amazon: Caller, wrong: dict[str, Any]) -> None:
    await amazon.put()
    reply = await amazon.send("PATCH", amazon.path("A1"), {"productType": "HELMET", "patches": [wrong]})
    assert error(reply) == (400, "InvalidInput")


async def test_a_patch_of_a_sku_that_is_not_there_is_accepted_and_does_nothing(amazon: Caller) -> None:
    answer = await amazon.patch("never", patch("merge", "fulfillment_availability", stock(2)))
    assert answer["status"] == "ACCEPTED"
    assert error(await amazon.send("GET", amazon.path("never"))) == (404, "NOT_FOUND")
    (call,) = await amazon.calls("never")
    assert call["effect"] == "silent"


async def test_one_patch_may_reach_several_marketplaces_and_a_put_one_only(amazon: Caller) -> None:
    await amazon.put()
    german = {
        name: [
            {**one, **({"marketplace_id": GERMANY} if "marketplace_id" in one else {})}
            | ({"language_tag": "de_DE"} if "language_tag" in one else {})
            for one in values
        ]
        for name, values in helmet().items()
    }
    await amazon.put("A1", german, places=GERMANY)
    both = f"{ITALY},{GERMANY}"
    prices = [*offer(99), *offer(101, GERMANY)]
    assert (await amazon.patch("A1", patch("replace", "purchasable_offer", prices), places=both))[
        "status"
    ] == "ACCEPTED"
    assert [row["price"] for row in sorted(await amazon.listings(), key=lambda row: row["price"])] == [
        "101.00",
        "99.00",
    ]
    reply = await amazon.send("PUT", amazon.path("A1", places=both), {"productType": "HELMET", "attributes": helmet()})
    assert error(reply) == (400, "InvalidInput")


async def test_a_deleted_listing_is_gone_and_deleting_again_is_accepted(amazon: Caller) -> None:
    await amazon.put()
    for _ in range(2):
        reply = await amazon.send("DELETE", amazon.path("A1"))
        assert reply.json()["status"] == "ACCEPTED"
        assert await amazon.listings() == []
    await amazon.put()
    assert (await amazon.shown())["quantity"] == 5


async def test_sold_out_is_found_and_cannot_be_bought(amazon: Caller) -> None:
    await amazon.put()
    await amazon.patch("A1", patch("merge", "fulfillment_availability", stock(0)))
    assert (await amazon.item())["summaries"][0]["status"] == ["DISCOVERABLE"]
    assert (await amazon.shown())["quantity"] == 0


async def test_stock_that_amazon_keeps_is_never_changed(amazon: Caller) -> None:
    await amazon.http.put("/_sandbox/fba", json={"sku": "A1", "quantity": 12})
    await amazon.put()
    answer = await amazon.patch("A1", patch("merge", "fulfillment_availability", stock(1)))
    assert answer["status"] == "ACCEPTED"
    item = await amazon.item()
    assert item["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "AMAZON_EU", "quantity": 12}]
    assert (await amazon.shown())["quantity"] == 12


async def test_children_name_their_parent_and_the_parent_cannot_be_bought(amazon: Caller) -> None:
    parent = {
        **helmet(
            **dict.fromkeys(("purchasable_offer", "fulfillment_availability", "externally_assigned_product_identifier"))
        ),
        "parentage_level": plain("parent"),
        "variation_theme": [{"name": "SIZE", "marketplace_id": ITALY}],
    }
    assert (await amazon.put("P", parent))["status"] == "ACCEPTED"
    relation = [{"child_relationship_type": "variation", "parent_sku": "P", "marketplace_id": ITALY}]
    child = {
        "parentage_level": plain("child"),
        "child_parent_sku_relationship": relation,
        "variation_theme": [{"name": "SIZE", "marketplace_id": ITALY}],
    }
    for size in ("S", "M"):
        assert (await amazon.put(f"P-{size}", helmet(size=text(size), **child)))["status"] == "ACCEPTED"
    assert (await amazon.item("P"))["summaries"][0]["status"] == ["DISCOVERABLE"]
    (one,) = (await amazon.item("P"))["relationships"][0]["relationships"]
    assert one["childSkus"] == ["P-M", "P-S"]
    (one,) = (await amazon.item("P-S"))["relationships"][0]["relationships"]
    assert one["parentSkus"] == ["P"]
    found = await amazon.send(
        "GET", f"{amazon.path('').partition('/?')[0]}?marketplaceIds={ITALY}&variationParentSku=P"
    )
    assert sorted(item["sku"] for item in found.json()["items"]) == ["P-M", "P-S"]
    assert [row["parent"] for row in await amazon.listings("P-S")] == ["P"]
    assert await amazon.listings("P") == []
    orphan = helmet(**{**child, "child_parent_sku_relationship": [{**relation[0], "parent_sku": "nobody"}]})
    await amazon.put("O", orphan)
    assert "8026" in codes(await amazon.item("O"))


@pytest.mark.parametrize("sku", ["A1", "ab c", "a/b", "a,b", "caffè-ñ", "100%", "a?b#c", "x" * 40])
async def test_a_sku_of_any_signs_finds_its_way(amazon: Caller, sku: str) -> None:
    await amazon.put(sku)
    assert (await amazon.item(sku))["sku"] == sku
    assert (await amazon.shown(sku))["sku"] == sku


async def test_a_page_holds_twenty_at_most_and_nobody_comes_beyond_a_thousand() -> None:
    async with calling(UNLIMITED) as amazon:
        shop = amazon.serving.sandbox.shops["seller"]
        for number in range(1005):
            shop.submit(f"S{number:04d}", ITALY, helmet(), "HELMET", "LISTING")
        base = f"/listings/2021-08-01/items/{Seller().merchant_id}?marketplaceIds={ITALY}&pageSize=20&sortBy=sku"
        page = (await amazon.send("GET", f"{base}&sortOrder=ASC")).json()
        assert page["numberOfResults"] == 1005
        seen = [item["sku"] for item in page["items"]]
        while token := page["pagination"].get("nextToken"):
            page = (await amazon.send("GET", f"{base}&sortOrder=ASC&pageToken={token}")).json()
            seen += [item["sku"] for item in page["items"]]
        assert seen == [f"S{number:04d}" for number in range(1000)]
        assert error(await amazon.send("GET", base.replace("=20", "=21"))) == (400, "InvalidInput")


async def test_a_search_by_identifiers_finds_these_only(amazon: Caller) -> None:
    for sku in ("A1", "A2", "with, comma"):
        await amazon.put(sku)
    base = f"/listings/2021-08-01/items/{Seller().merchant_id}?marketplaceIds={ITALY}"

    async def found(query: str) -> list[str]:
        reply = await amazon.send("GET", f"{base}&{query}")
        return sorted(item["sku"] for item in reply.json()["items"])

    assert await found("identifiers=A1,A3&identifiersType=SKU") == ["A1"]
    assert await found("identifiers=with%2C%20comma&identifiersType=SKU") == []
    assert await found("identifiers=4006381333931&identifiersType=EAN") == ["A1", "A2", "with, comma"]
    assert await found("withoutStatus=BUYABLE") == []
    too_many = ",".join(map(str, range(21)))
    for wrong in ("identifiers=A1", f"identifiers={too_many}&identifiersType=SKU", "includedData=everything"):
        assert error(await amazon.send("GET", f"{base}&{wrong}")) == (400, "InvalidInput")


async def test_the_catalogue_tells_later_what_is_wrong(amazon: Caller) -> None:
    await amazon.put("A1")
    await amazon.put("A2", helmet(brand=text("Another")))
    item = await amazon.item("A2")
    assert codes(item) == ["8541"]
    assert item["issues"][0]["enforcements"]["actions"] == [{"action": "LISTING_SUPPRESSED"}]
    assert item["summaries"][0]["status"] == ["DISCOVERABLE"]
    await amazon.put("A3", helmet(main_product_image_locator=None, gpsr_manufacturer_reference=None))
    assert sorted(codes(await amazon.item("A3"))) == ["100528", "18027"]


async def test_an_accepted_listing_becomes_true_with_time() -> None:
    rules = Rules(limits=False, discoverable_after=60, buyable_after=300, revised_after=10, judged_after=90)
    async with calling(rules) as amazon:
        await amazon.put(
            "A1",
            helmet(main_product_image_locator=[{"media_location": "ftp://img.example.test", "marketplace_id": ITALY}]),
        )
        item = await amazon.item()
        assert (item["summaries"], item["issues"], bool(item["attributes"])) == ([], [], True)
        await amazon.later(60)
        assert (await amazon.item())["summaries"][0]["status"] == ["DISCOVERABLE"]
        await amazon.later(240)
        item = await amazon.item()
        assert (item["summaries"][0]["status"], codes(item)) == (["BUYABLE", "DISCOVERABLE"], ["18027"])
        await amazon.patch("A1", patch("merge", "fulfillment_availability", stock(1)))
        assert (await amazon.shown())["quantity"] == 5
        await amazon.later(10)
        assert (await amazon.shown())["quantity"] == 1


async def test_everything_that_can_be_asked_for_is_there(amazon: Caller) -> None:
    await amazon.put()
    assert set(await amazon.item()) == {"sku", *ALL_DATA.split(",")}
