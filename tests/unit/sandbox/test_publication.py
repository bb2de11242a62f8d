"""What eBay demands before a listing is shown: one thing missing or wrong, one error id."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.sandbox.ebay import Rules, Seller
from adapters.sandbox.ebay.errors import RefusedError
from adapters.sandbox.ebay.items import Entry, delete_item, replace_item
from adapters.sandbox.ebay.offers import create_offer, publish_offer, update_offer, withdraw_offer
from adapters.sandbox.ebay.state import Shop
from tests.contract.ebay_calls import Json, make_item, make_offer, without_keys
from tests.unit.sandbox.shops import make_shop


def put(shop: Shop, document: Json, locale: str = "it_IT") -> None:
    replace_item(shop, Entry(sku="A1", locale=locale, document=document))


def make_draft(shop: Shop, item: Json, offer: Json, locale: str = "it_IT") -> Entry:
    """An unpublished offer over an item; the entry that names it."""
    put(shop, item, locale)
    entry = Entry(sku="A1", marketplace=offer["marketplaceId"], format="FIXED_PRICE", document=offer)
    return Entry(sku="A1", offer_id=create_offer(shop, entry).fields["offerId"])


def errors_of_publishing(item: Json, offer: Json, rules: Rules | None = None, locale: str = "it_IT") -> list[int]:
    shop = make_shop(rules)
    draft = make_draft(shop, item, offer, locale)
    try:
        publish_offer(shop, draft)
    except RefusedError as error:
        return [one["errorId"] for one in error.errors]
    return []


def _policies(**changed: str | None) -> Json:
    seller = Seller()
    ids = {f"{kind}PolicyId": seller.policy_id(kind) for kind in ("fulfillment", "payment", "return")}
    return {name: value for name, value in {**ids, **changed}.items() if value is not None}


def _price(value: str, currency: str = "EUR") -> Json:
    return {"price": {"value": value, "currency": currency}}


@pytest.mark.parametrize(
    ("change", "error_ids"),
    [
        ({}, []),
        ({"quantity": None}, [25017, 25004]),
        ({"title": None}, [25017]),
        ({"title": "x" * 80}, []),
        ({"title": "x" * 81}, [25016]),
        ({"subtitle": "x" * 56}, [25016]),
        ({"description": "x" * 4000}, []),
        ({"description": "x" * 4001}, [25016]),
        ({"brand": "x" * 66}, [25016]),
        ({"mpn": "x" * 66}, [25016]),
        ({"imageUrls": None}, [25002]),
        ({"imageUrls": []}, [25002]),
        ({"imageUrls": ["https://pictures.example/1.jpg"] * 25}, [25014]),
        ({"imageUrls": ["http://pictures.example/1.jpg"]}, [25015]),
        ({"aspects": None}, [25017]),
        ({"aspects": {"x" * 41: ["a"]}}, [25502]),
        ({"aspects": {"Marca": ["x" * 51]}}, [25502]),
        ({"aspects": {"Marca": ["x"] * 31}}, [25502]),
    ],
)
def test_an_item_has_to_be_whole(change: dict[str, Any], error_ids: list[int]) -> None:
    assert errors_of_publishing(make_item(**change), make_offer()) == error_ids


@pytest.mark.parametrize(
    ("change", "error_ids"),
    [
        ({"categoryId": None}, [25005]),
        ({"categoryId": "Caschi"}, [25005]),
        ({"listingDuration": None}, [25017]),
        ({"listingDuration": "DAYS_7"}, [25017]),
        ({"pricingSummary": None}, [25003]),
        ({"pricingSummary": _price("0")}, [25003]),
        ({"pricingSummary": _price("-1")}, [25003]),
        ({"pricingSummary": _price("1.234")}, [25003]),
        ({"pricingSummary": _price("NaN")}, [25003]),
        ({"pricingSummary": _price("1,50")}, [25003]),
        ({"pricingSummary": _price("9.90", "USD")}, [25003]),
        ({"availableQuantity": 0}, [25004]),
        ({"availableQuantity": None}, []),
        ({"merchantLocationKey": None}, [25012]),
        ({"merchantLocationKey": "elsewhere"}, [25012]),
        ({"listingPolicies": _policies(fulfillmentPolicyId=None)}, [25007]),
        ({"listingPolicies": _policies(paymentPolicyId=None)}, [25008]),
        ({"listingPolicies": _policies(returnPolicyId=None)}, [25009]),
        ({"listingPolicies": _policies(returnPolicyId="123")}, [25035]),
        ({"listingPolicies": _policies(returnPolicyId=Seller().policy_id("payment"))}, [25036]),
        ({"listingPolicies": _policies(returnPolicyId=Seller().policy_id("return", "EBAY_DE"))}, [25713]),
        ({"listingDescription": "x" * 500_001}, [25016]),
        ({"listingDescription": None}, []),
    ],
)
def test_an_offer_has_to_be_whole(change: dict[str, Any], error_ids: list[int]) -> None:
    assert errors_of_publishing(make_item(), make_offer(**change)) == error_ids


def test_everything_wrong_is_told_at_once() -> None:
    found = errors_of_publishing(make_item(title=None, imageUrls=None), make_offer(price="0", categoryId=None))
    assert sorted(found) == [25002, 25003, 25005, 25017]


def test_one_description_of_the_two_is_enough() -> None:
    assert errors_of_publishing(make_item(description=None), make_offer()) == []
    assert errors_of_publishing(make_item(description=None), make_offer(listingDescription=None)) == [25017]


@pytest.mark.parametrize(
    ("rules", "error_ids"),
    [
        (Rules(require_ean=True), [25002]),
        (Rules(required_aspects={"177104": ("Taglia",)}), [25002]),
        (Rules(required_aspects={"1": ("Taglia",)}), []),
        (Rules(leaf_categories=frozenset({"1"})), [25005]),
        (Rules(listings_limit=0), [25026]),
    ],
)
def test_rules_can_be_switched(rules: Rules, error_ids: list[int]) -> None:
    assert errors_of_publishing(make_item(), make_offer(), rules) == error_ids


def test_lenient_rules_let_more_through() -> None:
    assert errors_of_publishing(make_item(aspects=None), make_offer(), Rules(require_aspects=False)) == []
    assert errors_of_publishing(make_item(quantity=0), make_offer(), Rules(publish_sold_out=True)) == []


def test_the_item_has_to_speak_the_marketplaces_language() -> None:
    assert errors_of_publishing(make_item(), make_offer(), locale="en_GB") == [25604]


def test_without_out_of_stock_control_a_live_listing_cannot_sell_out() -> None:
    shop = make_shop(Rules(out_of_stock_control=False))
    publish_offer(shop, make_draft(shop, make_item(), make_offer()))
    with pytest.raises(RefusedError) as caught:
        put(shop, make_item(quantity=0))
    assert caught.value.errors[0]["errorId"] == 25004
    assert shop.items["A1"].quantity == 5


def test_a_refused_revision_changes_nothing() -> None:
    shop = make_shop()
    draft = make_draft(shop, make_item(), make_offer())
    publish_offer(shop, draft)
    before = shop.offers[draft.offer_id].document
    with pytest.raises(RefusedError):
        update_offer(shop, Entry(offer_id=draft.offer_id, document=without_keys(make_offer(price="0"))))
    assert shop.offers[draft.offer_id].document is before


def test_every_write_to_a_live_listing_counts_and_a_refused_one_beyond_the_limit_does_nothing() -> None:
    shop = make_shop(Rules(revisions_per_day=3))
    draft = make_draft(shop, make_item(), make_offer())
    publish_offer(shop, draft)
    put(shop, make_item(title="Second"))
    publish_offer(shop, draft)
    update_offer(shop, Entry(offer_id=draft.offer_id, document=without_keys(make_offer())))
    with pytest.raises(RefusedError) as caught:
        put(shop, make_item(title="Fourth"))
    assert caught.value.errors[0]["errorId"] == 25019
    assert shop.items["A1"].product["title"] == "Second"


def test_a_new_listing_starts_a_new_count() -> None:
    shop = make_shop(Rules(revisions_per_day=1))
    draft = make_draft(shop, make_item(), make_offer())
    publish_offer(shop, draft)
    put(shop, make_item())
    withdraw_offer(shop, draft)
    publish_offer(shop, draft)
    put(shop, make_item())


def test_a_deleted_item_leaves_nothing_behind() -> None:
    shop = make_shop()
    publish_offer(shop, make_draft(shop, make_item(), make_offer()))
    delete_item(shop, Entry(sku="A1"))
    assert (shop.items, shop.offers, shop.offer_ids) == ({}, {}, {})
