"""The stand-in of ManoMano by itself: strict where working clients met strictness, and true to the contract."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from adapters.sandbox.manomano import DEFAULT_CONTRACT, DEFAULT_GRID, ManomanoSandbox, Rules, Seller, serve
from adapters.sandbox.server import Reply, Request
from tests.contract.manomano_schemas import manomano_schemas
from tests.contract.vendor_schemas import Inspector

PUT = "/api/v1/offers"
OFFERS = "/api/v1/offer-information/offers"
PATCH = "/api/v2/offer-information/offers"
HEADER = "sku,ean,brand,title,description,image_1,merchant_category\n"
IT = {"seller_contract_id": str(DEFAULT_CONTRACT)}


@dataclass(slots=True)
class Caller:
    """Calls the stand-in as any client would."""

    http: httpx.AsyncClient
    sandbox: ManomanoSandbox

    async def put(self, *offers: Any, **query: str) -> httpx.Response:
        return await self.http.put(PUT, params={**IT, **query}, json=list(offers))

    async def patch(self, *items: Any, contract: int = DEFAULT_CONTRACT) -> httpx.Response:
        content = [{"seller_contract_id": contract, "items": list(items)}]
        return await self.http.patch(PATCH, json={"content": content})

    async def get(self, path: str = OFFERS, **query: Any) -> dict[str, Any]:
        body: dict[str, Any] = (await self.http.get(path, params={**IT, **query})).json()
        return body

    async def feed(self, *skus: str, title: str = "Tazza") -> dict[str, Any]:
        lines = [f"{sku},4006381333931,Rossi,{title},Una tazza,https://x.test/1.jpg,20696\n" for sku in skus]
        answer = await self.http.post("/_sandbox/feed", params=IT_QUERY, content=(HEADER + "".join(lines)).encode())
        body: dict[str, Any] = answer.json()
        return body


IT_QUERY = {"contract": str(DEFAULT_CONTRACT)}


@asynccontextmanager
async def calling(rules: Rules | None = None) -> AsyncIterator[Caller]:
    inspector = Inspector(manomano_schemas(), requests=False)
    headers = {"x-api-key": Seller().api_key}
    async with (
        serve(rules=rules, observer=inspector) as serving,
        httpx.AsyncClient(base_url=serving.url, headers=headers) as http,
    ):
        yield Caller(http, serving.sandbox)
    inspector.assert_clean()


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as opened:
        yield opened


def offer(sku: str = "A", **changes: Any) -> dict[str, Any]:
    grid = {"name": DEFAULT_GRID, "shipping_time_min": 2, "shipping_time_max": 5}
    return {
        "sku": sku,
        "stock": 3,
        "pricing": {"price_vat_included": 9.9},
        "shipping": {"display_weight": 1.5, "carrier_grid": [grid]},
        "packaging": {"min_quantity": 1, "increment": 1},
        **changes,
    }


async def test_put_takes_20_offers_and_says_so(caller: Caller) -> None:
    answer = await caller.put(*(offer(f"A-{number}") for number in range(21)))
    assert (answer.status_code, answer.json()["error"]["app_code"]) == (400, "ERR_1405")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shipping": {"display_weight": 0, "carrier_grid": [{}]}}, "display_weight"),
        ({"stock": {"quantity": 3}}, "stock"),
        ({"price": 5}, "unknown fields: price"),
        ({"pricing": {"price_vat_included": 9, "retail_price_vat_included": 8}}, "retail_price"),
        ({"packaging": {"min_quantity": 0, "increment": 1}}, "min_quantity"),
    ],
)
async def test_one_bad_offer_refuses_the_whole_call(caller: Caller, changes: dict[str, Any], words: str) -> None:
    await caller.feed("A", "B")
    answer = await caller.put(offer("B"), offer(**changes))
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert (await caller.get())["content"] == []


async def test_a_call_that_succeeds_holds_refused_offers(caller: Caller) -> None:
    await caller.feed("A", "B")
    grid = {"name": DEFAULT_GRID, "shipping_time_min": 5, "shipping_time_max": 5}
    refused = offer("B", shipping={"display_weight": 1, "carrier_grid": [grid]})
    answer = await caller.put(offer("A"), refused, offer("C"))
    assert answer.status_code == 200
    assert [entry.get("errors") for entry in answer.json()["content"]] == [
        None,
        ["ALL_GRID_NOT_ELIGIBLE_FOR_OFFER"],
        ["NO_CONTENT_APPROVED"],
    ]


async def test_content_is_approved_late_and_stays_approved() -> None:
    async with calling(Rules(approval=100)) as caller:
        assert await caller.feed("A") == {"taken": 1, "errors": []}
        assert (await caller.put(offer())).json()["content"][0]["errors"] == ["NO_CONTENT_APPROVED"]
        caller.sandbox.clock.offset += 100
        assert "errors" not in (await caller.put(offer())).json()["content"][0]
        await caller.feed("A", title="Altra")
        (row,) = (await caller.get("/_sandbox/listings"))["listings"]
        assert row["title"] == "Tazza"  # the new content is not approved yet, the old one still shows
        caller.sandbox.clock.offset += 100
        (row,) = (await caller.get("/_sandbox/listings"))["listings"]
        assert row["title"] == "Altra"


async def test_patch_knows_existing_offers_only_and_tells_of_the_others_in_a_207(caller: Caller) -> None:
    await caller.feed("A")
    await caller.put(offer())
    answer = await caller.patch(
        {"sku": "A", "stock": {"quantity": 1}}, {"sku": "X", "price": {"price_vat_included": 5}}
    )
    assert answer.status_code == 207
    assert [entry["sku"] for entry in answer.json()["content"]] == ["X"]
    assert (await caller.patch({"sku": "A", "stock": {"quantity": 0}})).status_code == 200
    (row,) = (await caller.get())["content"]
    assert (row["stock"], row["offer_is_online"], row["frozen_stock"], row["frozen_price"]) == (0, False, True, False)


async def test_unfreezing_lets_a_feed_overwrite_again(caller: Caller) -> None:
    await caller.feed("A")
    await caller.put(offer())
    await caller.patch({"sku": "A", "stock": {"quantity": 1}})
    figures = HEADER.replace("\n", ",quantity\n") + "A,1,B,T,D,https://x.test/1.jpg,1,50\n"
    for stock in (1, 50):
        await caller.http.post("/_sandbox/feed", params=IT_QUERY, content=figures.encode())
        assert (await caller.get())["content"][0]["stock"] == stock
        body = {"seller_contract_id": DEFAULT_CONTRACT, "skus": ["A"], "fields": ["STOCK"]}
        assert (await caller.http.patch(f"{OFFERS}-unfreeze", json=body)).status_code == 204


async def test_offers_are_listed_by_page_and_by_sku_and_a_comma_splits_skus(caller: Caller) -> None:
    await caller.feed("A", "B", "C")
    await caller.put(offer("A"), offer("B"), offer("C"))
    page = await caller.get(page=2, limit=2)
    assert ([row["sku"] for row in page["content"]], page["pagination"]["pages"]) == (["C"], 2)
    assert [row["sku"] for row in (await caller.get(skus="A,C"))["content"]] == ["A", "C"]
    assert (await caller.http.get(OFFERS, params={**IT, "limit": "5000"})).status_code == 400


async def test_keys_and_contracts_are_looked_at(caller: Caller) -> None:
    assert (await caller.http.get(OFFERS, params=IT, headers={"x-api-key": "no"})).status_code == 401
    assert (await caller.http.get(OFFERS, params={"seller_contract_id": "7"})).status_code == 403
    assert (await caller.http.get(OFFERS, params={"seller_contract_id": "IT"})).status_code == 400
    assert (await caller.patch({"sku": "A", "stock": {"quantity": 1}}, contract=7)).status_code == 403


async def test_the_hour_is_one_of_the_key_and_one_of_the_address() -> None:
    async with calling(Rules(calls_per_hour=5, offer_calls_per_hour=2)) as caller:
        for _ in range(2):
            assert (await caller.http.get(OFFERS, params=IT)).status_code == 200
        assert (await caller.http.get(OFFERS, params=IT)).status_code == 429
        assert (await caller.http.get("/api/v1/products/categories")).status_code == 200
        answer = await caller.http.get("/api/v1/products/categories")
        assert answer.status_code == 200
        answer = await caller.http.get("/api/v1/products/categories")
        assert (answer.status_code, answer.json()["error_code"]) == (429, 1015)
        assert answer.json()["retry_after"] == int(answer.headers["retry-after"])


async def test_an_import_tells_of_records_that_it_leaves_out(caller: Caller) -> None:
    body = HEADER + "A,1,,T,D,https://x.test/1.jpg,1\nB,,Rossi,T,D,https://x.test/1.jpg,1\n"
    answer = await caller.http.post("/_sandbox/feed", params=IT_QUERY, content=body.encode())
    assert answer.json()["errors"] == [
        {"line": 1, "sku": "A", "missing": ["brand"]},
        {"line": 2, "sku": "B", "missing": ["ean or sku_manufacturer"]},
    ]
    await caller.get()


async def test_the_control_plane_says_what_there_is_and_what_is_wrong(caller: Caller) -> None:
    unknown = await caller.http.get("/_sandbox/nothing")
    assert unknown.status_code == 404
    assert "POST /_sandbox/pull" in unknown.json()["calls"]
    wrong = await caller.http.post("/_sandbox/faults", json={"kind": "earthquake"})
    assert wrong.status_code == 400
    assert (await caller.http.post("/_sandbox/pull", params={"url": "file:///etc/passwd"})).status_code == 400
    (account, _) = (await caller.get("/_sandbox/account"))["accounts"]
    assert account["seller_contract_id"] == DEFAULT_CONTRACT
    await caller.get()
    assert (await caller.get("/_sandbox/counts"))["used_of_hour"] == {"seller": 1}
    assert (await caller.http.post("/_sandbox/reset")).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "words"),
    [
        ("PUT", PUT, IT, [], "non-empty"),
        ("PUT", PUT, IT, [offer(stock=-1)], "minimum"),
        ("PUT", PUT, IT, [offer(price=5)], "'price' was unexpected"),
        ("PUT", PUT, IT, [offer(str(number)) for number in range(21)], "too long"),
        ("PUT", PUT, {}, [offer()], "seller_contract_id is missing"),
        ("PUT", PUT, {"seller_contract_id": "IT"}, [offer()], "not of type integer"),
        ("PATCH", PATCH, {}, {"content": [{"seller_contract_id": 1, "items": [{"sku": "A", "stock": 3}]}]}, "stock"),
        ("PATCH", PATCH, {}, {"content": [{"seller_contract_id": 1, "items": [{"sku": "A"}]}]}, "any of the given"),
        ("GET", OFFERS, {**IT, "market": "IT"}, None, "market is not in the contract"),
        ("POST", OFFERS, IT, None, "not in the contract"),
    ],
)
def test_the_check_of_requests_finds_what_it_is_there_to_find(
    method: str, path: str, query: dict[str, str], body: Any, words: str
) -> None:
    raw = b"" if body is None else json.dumps(body).encode()
    headers = {"x-api-key": "k", "content-type": "application/json"}
    request = Request(method, path, tuple(path.strip("/").split("/")), query, headers, raw)
    assert words in "\n".join(manomano_schemas().request_violations(request))


def test_the_check_of_answers_finds_what_it_is_there_to_find() -> None:
    request = Request("GET", OFFERS, (), IT, {"x-api-key": "k"}, b"")
    schemas = manomano_schemas()
    assert "pagination" in "\n".join(schemas.reply_violations(request, Reply(200, {"content": []})))
    assert "not declared" in "\n".join(schemas.reply_violations(request, Reply(418, {})))
    assert schemas.reply_violations(request, Reply(429, {"retry_after": 3})) == []


def test_it_is_a_process_too_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "adapters.sandbox.manomano", "--seller", "second:key2:7:ES"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        url = json.loads(child.stdout.readline())["url"]
        headers = {"x-api-key": "key2"}
        assert httpx.get(f"{url}{OFFERS}?seller_contract_id=7", headers=headers).status_code == 200
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
