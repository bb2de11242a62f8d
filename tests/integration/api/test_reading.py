"""What a person sees and decides over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from consumer.delivery.pauses import COLLECTION as PAUSES
from consumer.delivery.pauses import Pauses
from consumer.embedded import Endpoints
from consumer.listings.brakes import Brake
from consumer.listings.codec import from_document
from consumer.listings.owed import Cause
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.mongo import Collection, Document, connect, connect_async
from tests.integration.api.conftest import Token
from tests.integration.test_held_commands import held
from tests.planted import plant


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tenant's one account."""
    variables = {
        "EBAY_ENABLED": "true",
        "EBAY_APP_ID": "app",
        "EBAY_API_SECRET": plant("keyset"),
        "EBAY_REFRESH_TOKEN": plant("refresh"),
        "EBAY_FULFILLMENT_POLICY_ID": "1",
        "EBAY_PAYMENT_POLICY_ID": "2",
        "EBAY_RETURN_POLICY_ID": "3",
        "EBAY_MERCHANT_LOCATION_KEY": "here",
        "EBAY_PRICE_BASIS": "retail",
        "EBAY_CATEGORIES": '{"1245": "9355"}',
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def listings(servers: Endpoints, fresh_name: str) -> Iterator[Collection[Document]]:
    with connect(servers.mongodb_uri) as client:
        yield client[f"marketsync-{fresh_name}"][LISTINGS]


def owned(tenant: str, code: str) -> Document:
    """A listing that a brake holds, of this tenant."""
    document = held(code, Brake.PRICE_CHANGE, price="0.99")
    return {**document, "_id": f"ebay/default/{tenant}/{code}", "tenant": tenant, "account": "default"}


async def test_where_a_product_stands_and_what_happened(
    api: httpx.AsyncClient, token: Token, listings: Collection[Document], fresh_name: str
) -> None:
    listings.insert_many([owned(fresh_name, f"P-{number}") for number in range(5)])
    me = token(fresh_name, "viewer")
    shown = (await api.get("/api/products/P-1/listings", headers=me)).json()
    assert [(row["channel"], row["account"], row["entity_code"]) for row in shown["listings"]] == [
        ("ebay", "default", "P-1")
    ]
    assert shown["listings"][0]["accepted"]["price"] == "9.90"
    assert shown["listings"][0]["work"] == "held"
    one = await api.get("/api/accounts/ebay/default/listings/P-1", headers=me)
    assert one.json()["listing"] == shown["listings"][0]
    missing = await api.get("/api/products/NOPE/listings", headers=me)
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json()["type"] == "urn:marketsync:problem:unknown-listing"


async def test_pages_end_and_hold_each_listing_once(
    api: httpx.AsyncClient, token: Token, listings: Collection[Document], fresh_name: str
) -> None:
    listings.insert_many([owned(fresh_name, f"P-{number}") for number in range(7)])
    listings.insert_many([owned(f"{fresh_name}-2", f"P-{number}") for number in range(3)])
    me, seen, cursor = token(fresh_name, "viewer"), [], ""
    while True:
        query = {"limit": "3", "cursor": cursor}
        page = (await api.get("/api/accounts/ebay/default/listings", params=query, headers=me)).json()
        seen += [row["entity_code"] for row in page["listings"]]
        if (cursor := page["next"] or "") == "":
            break
    assert seen == [f"P-{number}" for number in range(7)]
    wrong = await api.get("/api/accounts/ebay/default/listings", params={"cursor": "%%"}, headers=me)
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "query.cursor: this is no cursor.")


async def test_a_cursor_of_another_account_shows_nothing_of_it(
    api: httpx.AsyncClient, token: Token, listings: Collection[Document], fresh_name: str
) -> None:
    from consumer.api.paging import cursor_after

    listings.insert_many([owned(f"{fresh_name}{tenant}", "P-1") for tenant in ("", "-a", "0")])
    for foreign in ("", "a", f"ebay/default/{fresh_name}-a/", f"ebay/default/{fresh_name}0/", "zzz"):
        query = {"cursor": cursor_after(foreign)}
        page = await api.get("/api/accounts/ebay/default/listings", params=query, headers=token(fresh_name, "viewer"))
        assert {row["entity_code"] for row in page.json()["listings"]} <= {"P-1"}
        assert len(page.json()["listings"]) <= 1


async def test_held_listings_are_released_by_an_operator_and_it_is_written_down(
    api: httpx.AsyncClient, token: Token, listings: Collection[Document], fresh_name: str
) -> None:
    listings.insert_many([owned(fresh_name, "P-1"), owned("somebody-else", "P-2")])
    answer = await api.get("/api/held", headers=token(fresh_name, "viewer"))
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [(group["brake"], group["count"]) for group in shown] == [("price_change", 1)]
    path, word = "/api/accounts/ebay/default/held", {"word": "release"}
    refused = await api.post(path, json=word, headers=token(fresh_name, "viewer"))
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:marketsync:problem:role")
    done = await api.post(path, json=word, headers=token(fresh_name, "operator"))
    assert done.json() == {"listings": 1}
    states = {document["_id"]: from_document(document) for document in listings.find()}
    mine, foreign = states[f"ebay/default/{fresh_name}/P-1"].owed, states["ebay/default/somebody-else/P-2"].owed
    assert mine is not None
    assert mine.cause is Cause.RELEASED
    assert foreign is not None
    assert foreign.cause is Cause.HELD
    log = (await api.get("/api/audit", headers=token(fresh_name, "admin"))).json()
    assert [(entry["who"], entry["what"], entry["subject"]) for entry in log["entries"]] == [
        ("api:anna", "held release", "ebay/default")
    ]


async def test_a_channel_is_paused_for_the_own_tenant_and_tells_who_asked(
    api: httpx.AsyncClient, token: Token, fresh_name: str, servers: Endpoints
) -> None:
    me, path = token(fresh_name, "operator"), "/api/channels/ebay/pause"
    assert (await api.put(path, json={"why": "stock-taking"}, headers=me)).json() == {"paused": True, "changed": True}
    async with connect_async(servers.mongodb_uri) as client:
        (standing,) = await Pauses(client[f"marketsync-{fresh_name}"][PAUSES]).current("ebay")
    assert (standing.tenant, standing.account) == (fresh_name, None)
    assert standing.who.startswith("api:")
    one = await api.delete("/api/accounts/ebay/default/pause", headers=me)
    assert one.json() == {"paused": True, "changed": False}, "the channel's pause stands"
    assert (await api.delete(path, headers=me)).json() == {"paused": False, "changed": True}
    unknown = await api.put("/api/channels/nowhere/pause", json={"why": "x"}, headers=me)
    assert unknown.status_code == 404


async def test_an_account_is_paused_and_goes_on(api: httpx.AsyncClient, token: Token, fresh_name: str) -> None:
    me, path = token(fresh_name, "operator"), "/api/accounts/ebay/default/pause"
    assert (await api.put(path, json={"why": "stock-taking"}, headers=me)).json() == {"paused": True, "changed": True}
    assert (await api.put(path, json={"why": "still"}, headers=me)).json() == {"paused": True, "changed": False}
    other = await api.delete(path, headers=token("somebody-else", "admin"))
    assert (other.status_code, other.json()["type"]) == (404, "urn:marketsync:problem:unknown-account")
    assert (await api.delete(path, headers=me)).json() == {"paused": False, "changed": True}
    unknown = await api.put("/api/accounts/nowhere/main/pause", json={"why": "x"}, headers=me)
    assert unknown.status_code == 404
    assert "nowhere" in unknown.json()["detail"]


async def test_bad_input_names_the_field(api: httpx.AsyncClient, token: Token, fresh_name: str) -> None:
    me = token(fresh_name, "operator")
    wrong = await api.put("/api/accounts/ebay/default/pause", json={"because": "x"}, headers=me)
    assert (wrong.status_code, wrong.json()["fields"][0]["field"]) == (422, "body.why")
    large = await api.put("/api/accounts/ebay/default/pause", json={"why": "x" * 5000}, headers=me)
    assert (large.status_code, large.json()["detail"]) == (
        413,
        "The body has more than 2,000 bytes: send less at once.",
    )
    nowhere = await api.get("/api/nowhere", headers=me)
    assert (nowhere.status_code, nowhere.headers["content-type"]) == (404, "application/problem+json")


async def test_every_route_needs_a_token_and_shows_nothing_of_another_tenant(
    api: httpx.AsyncClient, token: Token, listings: Collection[Document], fresh_name: str
) -> None:
    listings.insert_one(owned(fresh_name, "SECRET-PRODUCT"))
    before = listings.find_one({})
    document = (await api.get("/openapi.json")).json()
    known = {"channel": "ebay", "account": "default", "entity_code": "SECRET-PRODUCT"}
    walked = 0
    for path, methods in document["paths"].items():
        if path.startswith(("/health", "/api/webhooks")):
            continue
        address = path.format_map(known | dict.fromkeys(("job_id", "id", "letter_id", "order_id"), "x"))
        for method in methods:
            body = None if method in ("get", "delete") else {"why": "x", "word": "release", "mode": "off"}
            nobody = await api.request(method, address, json=body)
            assert nobody.status_code == 401, (method, path)
            assert nobody.headers["www-authenticate"] == "Bearer"
            stranger = await api.request(method, address, json=body, headers=token("stranger", "admin"))
            assert stranger.status_code != 500, (method, path, stranger.text)
            told = stranger.text.replace(address, "")
            assert "9.90" not in told, (method, path)
            assert fresh_name not in told.replace(f"marketsync-{fresh_name}", ""), (method, path)
            walked += 1
    assert walked >= 12
    assert listings.find_one({}) == before


async def test_health_needs_no_token(api: httpx.AsyncClient) -> None:
    assert (await api.get("/health/live")).json() == {"status": "alive", "reasons": []}
    assert (await api.get("/health/ready")).json() == {"status": "ready", "reasons": []}
