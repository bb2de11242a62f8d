"""The stand-in of eBay against the facts we have of eBay: items, offers and listings, over plain HTTP.

Every answer is also checked against the vendor's own contract where its files are at hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from adapters.sandbox.ebay import Rules, Seller
from tests.contract.ebay_calls import (
    INVENTORY,
    Caller,
    calling,
    error_ids,
    make_item,
    make_offer,
    without_keys,
)


@pytest.fixture
async def ebay() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_a_clean_item_put_answers_204_without_a_body_every_time(ebay: Caller) -> None:
    for _ in range(2):
        reply = await ebay.put_item("A1", make_item())
        assert (reply.status_code, reply.content) == (204, b"")


async def test_an_item_put_replaces_everything_that_was_there(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item(ean=["4006381333931"]))
    await ebay.put_item("A1", {"condition": "NEW", "product": {"title": "Only a title"}})
    item = (await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")).json()
    assert item == {"sku": "A1", "locale": "it_IT", "condition": "NEW", "product": {"title": "Only a title"}}


async def test_an_item_has_one_locale_and_another_one_moves_it(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item(title="Casco"))
    await ebay.put_item("A1", make_item(title="Helm"), Content_Language="de-DE")
    item = (await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")).json()
    assert (item["locale"], item["product"]["title"]) == ("de_DE", "Helm")
    reply = await ebay.publish(await ebay.create_offer(make_offer()))
    assert (reply.status_code, error_ids(reply)) == (400, [25604])


async def test_a_dropped_condition_description_is_a_warning_in_a_body(ebay: Caller) -> None:
    reply = await ebay.put_item("A1", {**make_item(), "conditionDescription": "graffi"})
    assert reply.status_code == 201
    assert [warning["errorId"] for warning in reply.json()["warnings"]] == [25402]


@pytest.mark.parametrize("sku", ["A1", "ab c", "a/b", "a,b", "caffè-ñ", "100%", "a?b#c", "x" * 50])
async def test_a_sku_of_any_signs_finds_its_way_through_paths_and_queries(ebay: Caller, sku: str) -> None:
    offer_id = await ebay.live(sku)
    listing = await ebay.shown(sku)
    offers = (await ebay.send("GET", f"{INVENTORY}/offer?{urlencode({'sku': sku})}")).json()["offers"]
    assert (listing["sku"], offers[0]["offerId"]) == (sku, offer_id)


async def test_a_sku_beyond_50_characters_is_refused(ebay: Caller) -> None:
    reply = await ebay.put_item("x" * 51, make_item())
    assert (reply.status_code, error_ids(reply)) == (400, [25707])


async def test_skus_may_be_held_to_letters_and_digits() -> None:
    async with calling(Rules(alphanumeric_skus=True)) as ebay:
        assert error_ids(await ebay.put_item("A-1", make_item())) == [25707]
        assert (await ebay.put_item("A1", make_item())).status_code == 204


async def test_a_second_offer_is_refused_with_the_id_of_the_first(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item())
    first = await ebay.create_offer(make_offer())
    reply = await ebay.send("POST", f"{INVENTORY}/offer", make_offer())
    assert (reply.status_code, error_ids(reply)) == (400, [25002])
    assert reply.json()["errors"][0]["parameters"] == [{"name": "offerId", "value": first}]


async def test_an_offer_needs_an_item_but_little_else(ebay: Caller) -> None:
    bare = {"sku": "A1", "marketplaceId": "EBAY_IT", "format": "FIXED_PRICE"}
    assert error_ids(await ebay.send("POST", f"{INVENTORY}/offer", bare)) == [25702]
    await ebay.put_item("A1", {})
    offer_id = await ebay.create_offer(bare)
    offer = (await ebay.send("GET", f"{INVENTORY}/offer/{offer_id}")).json()
    assert (offer["status"], "listing" in offer) == ("UNPUBLISHED", False)


async def test_publishing_is_safe_to_repeat_and_a_withdrawal_makes_a_new_listing(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item())
    offer_id = await ebay.create_offer(make_offer())
    first, again = await ebay.publish(offer_id), await ebay.publish(offer_id)
    assert (first.status_code, list(first.json())) == (200, ["listingId"])
    assert again.json()["listingId"] == first.json()["listingId"]
    assert again.json()["warnings"][0]["errorId"] == 25402
    withdrawn = await ebay.withdraw(offer_id)
    assert (withdrawn.status_code, withdrawn.json()) == (200, first.json())
    assert await ebay.listings() == []
    assert (await ebay.publish(offer_id)).json()["listingId"] != first.json()["listingId"]


async def test_withdrawing_what_is_not_published_is_404_25713(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item())
    offer_id = await ebay.create_offer(make_offer())
    for reply in (await ebay.withdraw(offer_id), await ebay.withdraw("999")):
        assert (reply.status_code, error_ids(reply)) == (404, [25713])


@pytest.mark.parametrize("action", ["publish", "withdraw"])
async def test_a_post_without_a_body_is_stopped_at_the_edge(ebay: Caller, action: str) -> None:
    offer_id = await ebay.live()
    reply = await ebay.send("POST", f"{INVENTORY}/offer/{offer_id}/{action}")
    assert (reply.status_code, reply.content) == (411, b"")


async def test_an_item_put_changes_a_live_listing_at_once(ebay: Caller) -> None:
    await ebay.live()
    await ebay.put_item("A1", make_item(quantity=2, title="Casco nuovo"))
    listing = await ebay.shown()
    assert (listing["title"], listing["quantity"], listing["status"]) == ("Casco nuovo", 2, "ACTIVE")


async def test_a_partial_put_leaves_the_listing_up_and_harms_the_next_publication(ebay: Caller) -> None:
    offer_id = await ebay.live()
    reply = await ebay.put_item("A1", make_item(description=None, imageUrls=None))
    listing = await ebay.shown()
    assert reply.status_code == 204
    assert listing["content"]["images"] == ["https://pictures.example/casco.jpg"]
    assert error_ids(await ebay.publish(offer_id)) == [25002]


async def test_a_quantity_left_out_is_lost(ebay: Caller) -> None:
    await ebay.live()
    await ebay.put_item("A1", make_item(quantity=None))
    listing = await ebay.shown()
    assert (listing["quantity"], listing["status"]) == (0, "OUT_OF_STOCK")


async def test_a_title_over_80_is_taken_by_the_item_and_refused_at_publication(ebay: Caller) -> None:
    assert (await ebay.put_item("A1", make_item(title="x" * 81))).status_code == 204
    reply = await ebay.publish(await ebay.create_offer(make_offer()))
    assert (reply.status_code, error_ids(reply)) == (400, [25016])


async def test_a_live_listing_keeps_its_title_when_a_title_over_80_comes(ebay: Caller) -> None:
    await ebay.live()
    assert error_ids(await ebay.put_item("A1", make_item(title="x" * 81))) == [25016]
    listing = await ebay.shown()
    assert listing["title"] == "Casco integrale Nérò"


@pytest.mark.parametrize(("item", "offer", "quantity"), [(5, 3, 3), (2, 9, 2), (7, None, 7)])
async def test_the_smaller_quantity_of_item_and_offer_is_shown(
    ebay: Caller, item: int, offer: int | None, quantity: int
) -> None:
    await ebay.put_item("A1", make_item(quantity=item))
    await ebay.publish(await ebay.create_offer(make_offer(availableQuantity=offer)))
    listing = await ebay.shown()
    assert listing["quantity"] == quantity


async def test_a_new_listing_needs_stock_but_a_live_one_may_sell_out(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item(quantity=0))
    offer_id = await ebay.create_offer(make_offer())
    assert error_ids(await ebay.publish(offer_id)) == [25004]
    await ebay.put_item("A1", make_item(quantity=1))
    assert (await ebay.publish(offer_id)).status_code == 200
    await ebay.put_item("A1", make_item(quantity=0))
    offer = (await ebay.send("GET", f"{INVENTORY}/offer/{offer_id}")).json()
    assert (offer["status"], offer["listing"]["listingStatus"]) == ("PUBLISHED", "OUT_OF_STOCK")


async def test_an_update_of_a_published_offer_is_whole_and_shows_at_once(ebay: Caller) -> None:
    offer_id = await ebay.live()
    path = f"{INVENTORY}/offer/{offer_id}"
    lacking = without_keys(make_offer(listingDescription=None))
    assert error_ids(await ebay.send("PUT", path, lacking)) == [25017]
    reply = await ebay.send("PUT", path, without_keys(make_offer(price="99.00", availableQuantity=1)))
    listing = await ebay.shown()
    assert (reply.status_code, reply.content) == (204, b"")
    assert (listing["price"], listing["quantity"]) == ("99.00", 1)


async def test_an_unpublished_offer_takes_any_update_and_forgets_the_rest(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item())
    offer_id = await ebay.create_offer(make_offer())
    assert (await ebay.send("PUT", f"{INVENTORY}/offer/{offer_id}", {"categoryId": "1"})).status_code == 204
    offer = (await ebay.send("GET", f"{INVENTORY}/offer/{offer_id}")).json()
    assert (offer["categoryId"], offer["pricingSummary"], offer["listingPolicies"]) == ("1", {}, {})
    assert error_ids(await ebay.send("PUT", f"{INVENTORY}/offer/999", {})) == [25713]


async def test_policies_of_another_marketplace_pass_creation_and_fail_publication(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item())
    policies = {f"{k}PolicyId": Seller().policy_id(k, "EBAY_DE") for k in ("fulfillment", "payment", "return")}
    reply = await ebay.publish(await ebay.create_offer(make_offer(listingPolicies=policies)))
    assert (reply.status_code, error_ids(reply)) == (404, [25713])


async def test_a_catalogue_match_replaces_the_text_unless_it_is_declined(ebay: Caller) -> None:
    await ebay.put_item("A1", make_item(ean=["4006381333931"]))
    offer_id = await ebay.create_offer(make_offer(includeCatalogProductDetails=None))
    await ebay.publish(offer_id)
    listing = await ebay.shown()
    assert listing["title"] == "Catalogue product 4006381333931"
    await ebay.send("PUT", f"{INVENTORY}/offer/{offer_id}", without_keys(make_offer()))
    listing = await ebay.shown()
    assert listing["title"] == "Casco integrale Nérò"


async def test_deleting_an_item_takes_its_offers_and_listings(ebay: Caller) -> None:
    offer_id = await ebay.live()
    assert (await ebay.send("DELETE", f"{INVENTORY}/inventory_item/A1")).status_code == 204
    assert await ebay.listings() == []
    assert error_ids(await ebay.send("GET", f"{INVENTORY}/offer/{offer_id}")) == [25713]
    assert error_ids(await ebay.send("DELETE", f"{INVENTORY}/inventory_item/A1")) == [25710]


async def test_deleting_an_offer_ends_its_listing(ebay: Caller) -> None:
    offer_id = await ebay.live()
    assert (await ebay.send("DELETE", f"{INVENTORY}/offer/{offer_id}")).status_code == 204
    assert await ebay.listings() == []
    assert (await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")).status_code == 200
