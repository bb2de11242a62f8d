"""`marketsync unmapped` and `marketsync validate` on a real MongoDB, as a person types them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.sandbox.ebay import Rules, Seller, serve
from adapters.sandbox.ebay.world import Category
from consumer.cli import app
from consumer.embedded import Endpoints
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS
from tests.planted import plant
from tests.unit.listings.making import make_document

Say = Callable[..., str]


def document(code: str, **changes: Any) -> dict[str, Any]:
    return make_document(entity_code=code, sku=code, **changes)


CATALOGUE = [
    *(document(f"GOOD-{number}") for number in range(3)),
    *(document(f"UNMAPPED-{number}", category={"category_id": "77", "name": {"it": "Seghe"}}) for number in range(4)),
    document("SHORT", name={"it": "Sega"}),
    document("BARE", images=[], pricing={"retail": 0, "currency": "EUR", "vat_included": True}),
    document("OLD", isCurrent=False),
    document("GONE", status="archived"),
    document("SCRIPT", description={"it": "<p>Forte.</p><script>x()</script>"}),
]


@pytest.fixture
def say(servers: Endpoints, fresh_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Say]:
    """Runs a command over a small catalogue; returns what it printed."""
    variables = {
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": fresh_name,
        "MARKETSYNC_DATABASE": f"marketsync-{fresh_name}",
        "MARKETSYNC_CAPTURE_SNAPSHOT_CHUNK": "3",
        "EBAY_ENABLED": "true",
        "EBAY_APP_ID": "app",
        "EBAY_API_SECRET": plant("keyset"),
        "EBAY_REFRESH_TOKEN": plant("refresh"),
        "EBAY_FULFILLMENT_POLICY_ID": "1",
        "EBAY_PAYMENT_POLICY_ID": "2",
        "EBAY_RETURN_POLICY_ID": "3",
        "EBAY_MERCHANT_LOCATION_KEY": "here",
        "EBAY_PRICE_BASIS": "retail",
        "EBAY_CATEGORIES": json.dumps({"1245": "9355"}),
        "COLUMNS": "300",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout

    with connect(servers.mongodb_uri) as client:
        client[f"vinc-{fresh_name}"][PRODUCTS].insert_many([dict(entry) for entry in CATALOGUE])
        yield run
        for name in (f"vinc-{fresh_name}", f"marketsync-{fresh_name}"):
            client.drop_database(name)


def test_unmapped_lists_categories_by_their_products(say: Say, fresh_name: str) -> None:
    shown = " ".join(say("unmapped").split())
    assert "77" in shown
    assert "Seghe" in shown
    assert "10 products looked at" in shown
    told = json.loads(say("unmapped", "--json", "--account", f"{fresh_name}/ebay/default"))
    assert told["products"] == 10
    (row,) = told["unmapped"]
    assert (row["kind"], row["name"], row["value"], row["products"]) == ("category", "77", "Seghe", 4)
    assert len(row["examples"]) == 3
    assert row["suggested"] == []


@contextmanager
def ebay(rules: Rules) -> Iterator[str]:
    """eBay's stand-in in a thread, since the command takes this one's event loop; its address."""
    ready: Queue[str] = Queue()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with serve(rules=rules) as serving:
            ready.put(serving.url)
            await stop.wait()

    thread = Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield ready.get(timeout=10)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def test_the_channel_is_asked_for_categories_that_may_fit(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    with ebay(Rules(categories={"4242": Category("Seghe a mano")})) as url:
        for name, value in {
            "EBAY_API_URL": url,
            "EBAY_TOKEN_URL": f"{url}/identity/v1/oauth2/token",
            "EBAY_APP_ID": Seller().client_id,
            "EBAY_API_SECRET": Seller().client_secret,
        }.items():
            monkeypatch.setenv(name, value)
        assert "proposes 4242: Tutto > Seghe a mano" in say("unmapped", "--suggest")
        (row,) = json.loads(say("unmapped", "--suggest", "--json"))["unmapped"]
        assert row["suggested"] == [{"category": "4242", "path": "Tutto > Seghe a mano"}]
    result = CliRunner().invoke(app, ["unmapped", "--suggest"])
    assert result.exit_code == 1
    assert "ebay could not be asked for categories" in result.output


def test_validate_groups_what_is_in_the_way_of_the_whole_catalogue(say: Say) -> None:
    told = json.loads(say("validate", "--all", "--json", code=1))
    assert (told["fine"], told["refused"]) == (4, 6)
    assert told["unwanted"] == [{"reason": "archived in the PIM", "products": 1}]
    found = {(group["field"], group["rule"]): group for group in told["problems"]}
    assert found.keys() == {("category", "unmapped"), ("title", "too_short"), ("price", "not_positive")}
    assert found["category", "unmapped"]["products"] == 4
    assert found["title", "too_short"]["examples"] == [{"entity_code": "SHORT", "value": "Sega"}]
    assert all(group["cure"] for group in told["problems"])
    shown = " ".join(say("validate", "--all", code=1).split())
    assert "4 may be sent, 6 cannot" in shown
    assert "Title must be at least 10 characters" in shown


def test_validate_says_of_a_product_what_a_delivery_would_say(say: Say) -> None:
    good = say("validate", "GOOD-1", "SCRIPT")
    assert "GOOD-1: may be sent" in good
    assert "remark: eBay takes no <script> in a description: cut" in good
    assert "SHORT: cannot be sent" in say("validate", "SHORT", code=1)
    assert "archived in the PIM" in say("validate", "GONE")


def test_validate_names_what_it_cannot_find(say: Say) -> None:
    result = CliRunner().invoke(app, ["validate", "NONE"])
    assert result.exit_code == 1
    assert "has no product NONE" in result.output
    for words in (["validate"], ["validate", "--all", "GOOD-1"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2
        assert "say which products" in result.output
    result = CliRunner().invoke(app, ["unmapped", "--account", "other"])
    assert result.exit_code == 2
    assert "there is no account 'other'" in result.output
