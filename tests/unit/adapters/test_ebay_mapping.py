"""Listing -> eBay's documents: whole, equal for equal listings, prices as text with two decimals."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.ebay.mapping import (
    amount,
    aspects,
    item_document,
    new_offer_document,
    offer_document,
    price_and_quantity,
    render,
    short_description,
)
from adapters.ebay.settings import MARKETPLACES, EbayAccount
from adapters.model import Listing, Money
from tests.unit.adapters.listings import make_account, make_listing

ACCOUNT = make_account()
texts = st.text(max_size=200)
listings = st.builds(
    Listing,
    sku=texts,
    title=texts,
    description=st.text(max_size=6000),
    price=st.builds(Money, st.decimals(min_value=0, max_value=1_000_000, places=4), st.just("EUR")),
    quantity=st.integers(0, 10_000),
    category=st.none() | texts,
    condition=texts,
    images=st.lists(texts, max_size=5).map(tuple),
    language=texts,
    brand=st.none() | texts,
    mpn=st.none() | texts,
    gtins=st.lists(texts, max_size=3).map(tuple),
    attributes=st.dictionaries(texts, st.lists(texts, max_size=3).map(tuple), max_size=5),
)


@given(listings, st.randoms())
def test_equal_listings_render_equally(listing: Listing, random: object) -> None:
    names = list(listing.attributes)
    random.shuffle(names)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    twin = replace(listing, attributes={name: listing.attributes[name] for name in names})
    assert orjson.dumps(render(listing, ACCOUNT)) == orjson.dumps(render(twin, ACCOUNT))


@given(listings, st.decimals(min_value=0, max_value=1000, places=2), st.integers(0, 99))
def test_price_and_stock_never_change_the_content(listing: Listing, price: Decimal, quantity: int) -> None:
    other = replace(listing, price=Money(price, "EUR"), quantity=quantity)
    assert render(listing, ACCOUNT).content == render(other, ACCOUNT).content


@given(st.decimals(min_value=0, max_value=10_000_000, allow_nan=False, places=6))
def test_prices_are_text_with_two_decimals(price: Decimal) -> None:
    value = amount(Money(price, "EUR"))["value"]
    assert re.fullmatch(r"\d+\.\d{2}", value)
    assert abs(Decimal(value) - price) <= Decimal("0.005")


@pytest.mark.parametrize(("price", "value"), [("9.9", "9.90"), ("10", "10.00"), ("0.005", "0.01"), ("1E+3", "1000.00")])
def test_prices_of_note(price: str, value: str) -> None:
    assert amount(Money(Decimal(price), "EUR")) == {"value": value, "currency": "EUR"}


@given(st.text(max_size=9000))
def test_the_short_description_always_fits(text: str) -> None:
    assert len(short_description(text)) <= 4000


def test_a_long_description_loses_its_tags_and_is_cut_at_a_word() -> None:
    short = short_description("<ul>" + "<li>una parola</li>" * 600 + "</ul>")
    assert short.startswith("una parola una parola")
    assert short.endswith((" una…", "parola…"))
    assert "<" not in short


def test_the_item_is_whole() -> None:
    assert item_document(make_listing(), ACCOUNT) == {
        "sku": "A-1",
        "locale": "it_IT",
        "condition": "NEW",
        "availability": {"shipToLocationAvailability": {"quantity": 7}},
        "product": {
            "title": "Tazza in ceramica blu 35 cl",
            "description": "<p>Una tazza per il caffè.</p>",
            "aspects": {"Colore": ["Blu"], "Marca": ["Ceramiche Rossi"]},
            "imageUrls": ["https://img.example.test/tazza.jpg"],
            "ean": ["2000000000015"],
            "brand": "Ceramiche Rossi",
            "mpn": "CR-35",
        },
    }


def test_the_offer_is_whole_and_keeps_our_content() -> None:
    assert offer_document(make_listing(), ACCOUNT) == {
        "availableQuantity": 7,
        "categoryId": "20696",
        "includeCatalogProductDetails": False,
        "listingDescription": "<p>Una tazza per il caffè.</p>",
        "listingDuration": "GTC",
        "listingPolicies": {"fulfillmentPolicyId": "101", "paymentPolicyId": "102", "returnPolicyId": "103"},
        "merchantLocationKey": "warehouse",
        "pricingSummary": {"price": {"value": "19.90", "currency": "EUR"}},
    }


def test_a_new_offer_adds_what_never_changes() -> None:
    document = new_offer_document(make_listing(), ACCOUNT)
    assert (document["sku"], document["marketplaceId"], document["format"]) == ("A-1", "EBAY_IT", "FIXED_PRICE")
    assert offer_document(make_listing(), ACCOUNT).items() <= document.items()


def test_both_quantities_are_written() -> None:
    assert price_and_quantity(make_listing(quantity=3), "offer-9") == {
        "sku": "A-1",
        "shipToLocationAvailability": {"quantity": 3},
        "offers": [
            {"offerId": "offer-9", "availableQuantity": 3, "price": {"value": "19.90", "currency": "EUR"}},
        ],
    }


def test_a_product_without_code_says_so_in_the_marketplaces_words() -> None:
    german = make_account(marketplace_id="EBAY_DE")
    assert item_document(make_listing(gtins=()), german)["product"]["ean"] == ["Nicht zutreffend"]
    assert item_document(make_listing(gtins=()), ACCOUNT)["product"]["ean"] == ["Non applicabile"]


def test_a_brand_among_the_attributes_is_not_repeated() -> None:
    listing = make_listing(attributes={"Marca": ("Rossi & Figli",), "Vuoto": ("",)})
    assert aspects(listing, ACCOUNT) == {"Marca": ["Rossi & Figli"]}


@pytest.mark.parametrize("marketplace", sorted(MARKETPLACES))
def test_every_marketplace_has_its_locale(marketplace: str) -> None:
    account = make_account(marketplace_id=marketplace)
    assert re.fullmatch("[a-z]{2}-[A-Z]{2}", account.locale)
    assert account.locale[-2:] == marketplace[-2:]


def test_a_locale_may_be_written_either_way() -> None:
    assert make_account(marketplace_id="EBAY_CH", locale="de_CH").locale == "de-CH"


@pytest.mark.parametrize("changes", [{"marketplace_id": "IT"}, {"locale": "italian"}, {"marketplace_id": "EBAY_XX"}])
def test_unusable_settings_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        make_account(**changes)


def test_an_account_shows_no_secret() -> None:
    account: EbayAccount = make_account(access_token="ready-made-token")
    for text in (repr(account), str(account), account.model_dump_json()):
        assert "the-client-secret" not in text
        assert "refresh-token" not in text
        assert "ready-made-token" not in text
