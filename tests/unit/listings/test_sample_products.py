"""The demo's catalogue, product by product, through reader, rules, planner and eBay's checks."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

import consumer
from adapters.ebay import EbayAccount, EbayAdapter
from adapters.model import Listing, Operation
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent, read_sequence
from consumer.listings.accounts import Account
from consumer.listings.planner import Send, plan
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.prices import PriceRules

DATA = Path(consumer.__file__).parent / "demo" / "data"
LINES = (DATA / "pim-products.jsonl").read_bytes().splitlines()
PRODUCTS: list[dict[str, Any]] = [orjson.loads(line) for line in LINES]
ACCOUNT = Account(
    tenant="demo",
    channel="ebay",
    name="default",
    price=PriceRules(basis="sale"),
    languages=("it", "en"),
    categories=Categories(map=orjson.loads((DATA / "ebay-categories.json").read_bytes())),
)


@pytest.fixture(scope="module")
def listings() -> dict[str, Listing]:
    """What would be sent for every product; fails on the first that is not planned to be created."""
    settings = EbayAccount(app_id="a", api_secret=SecretStr("s"))
    adapter = EbayAdapter(client=None, account=settings)  # type: ignore[arg-type]  # planning makes no call
    found = {}
    for document in PRODUCTS:
        code = document["entity_code"]
        event = ProductEvent(
            id=code,
            operation=EventOperation.READ,
            tenant="demo",
            entity_code=code,
            sequence=read_sequence(1, 1),
            time=datetime(2026, 6, 1, tzinfo=UTC),
            changed=None,
            product=document,
        )
        planned = plan(event, None, ACCOUNT, adapter, datetime(2026, 6, 1, tzinfo=UTC))
        assert isinstance(planned, Send), (code, planned)
        assert planned.command.operation is Operation.CREATE
        assert planned.command.listing is not None
        found[code] = planned.command.listing
    return found


def test_all_products_give_a_valid_listing(listings: dict[str, Listing]) -> None:
    assert len(listings) == len(PRODUCTS) == 304


def test_prices_are_the_sale_price_or_the_retail_price_to_the_cent(listings: dict[str, Listing]) -> None:
    for document in PRODUCTS:
        pricing = document["pricing"]
        expected = Decimal(str(pricing.get("sale", pricing["retail"])))
        assert listings[document["entity_code"]].price.amount == expected, document["entity_code"]


def test_stock_text_and_category_are_the_product_s(listings: dict[str, Listing]) -> None:
    for document in PRODUCTS:
        listing = listings[document["entity_code"]]
        assert listing.quantity == document["quantity"]
        assert (listing.title, listing.language) == (document["name"]["en"], "en")
        assert listing.category == ACCOUNT.categories.map[document["category"]["parent_id"]]
        assert listing.gtins == ()  # all of them are numbers for use inside a shop
