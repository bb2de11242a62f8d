"""A listing that Amazon takes, an account, and an Amazon that answers as a test says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import httpx
import orjson

from adapters.amazon import AmazonAccount, AmazonAdapter
from adapters.amazon.client import AmazonClient
from adapters.amazon.settings import NEW_AUTHORISATION
from adapters.model import Listing, Money, Variant
from adapters.oauth import Credentials, TokenSource
from tests.unit.adapters.wire import ORIGIN, make_http

Json = dict[str, Any]
SELLER = "A2EXAMPLE1SELL"
ITALY = "APJ6JRA9NG5V4"
ITEMS = f"/listings/2021-08-01/items/{SELLER}"
TYPES = "/definitions/2020-09-01/productTypes"
FEEDS = "/feeds/2021-06-30"


def make_amazon_account(**changes: Any) -> AmazonAccount:
    """An account on Amazon.it whose addresses belong to `make_http`."""
    fields: Json = {
        "app_id": "amzn1.application-oa2-client.x",
        "api_secret": "amzn1.oa2-cs.v1.the-secret",
        "refresh_token": "Atzr|the-refresh-token",
        "merchant_id": SELLER,
        "api_url": ORIGIN,
        "token_url": f"{ORIGIN}/auth/o2/token",
    }
    return AmazonAccount(**{**fields, **changes})


def make_amazon_listing(sku: str = "A-1", **changes: Any) -> Listing:
    """A listing as it comes out of the PIM."""
    listing = Listing(
        sku=sku,
        title="Tazza in ceramica blu 35 cl",
        description="Una tazza per il caffè.",
        price=Money(Decimal("19.90"), "EUR"),
        quantity=7,
        category="DRINKING_CUP",
        condition="NEW",
        images=("https://img.example.test/tazza.jpg",),
        language="it-IT",
        brand="Ceramiche Rossi",
        gtins=("8001234567897",),
        attributes={"Colore": ("Blu",)},
    )
    return replace(listing, **changes)


def make_group(*choices: str, **changes: Any) -> Listing:
    """A listing in colours; its versions are G-1-<colour>."""
    variants = tuple(
        Variant(f"G-1-{choice}", Money(Decimal("19.90"), "EUR"), 5, {"Colore": (choice,)}) for choice in choices
    )
    group = make_amazon_listing("G-1", gtins=(), attributes={}, variants=variants, axes=("Colore",))
    return replace(group, quantity=5 * len(variants), **changes)


class Amazon:
    """Takes everything, unless a test says otherwise.

    said: "METHOD path" or "METHOD path of a SKU" -> answer. there: SKU -> what Amazon says of it. schema: of every
    product type; None: it has none.
    """

    def __init__(self, schema: Json | None = None, **there: Json) -> None:
        self.said: dict[str, httpx.Response | Callable[[httpx.Request], httpx.Response]] = {}
        self.there: dict[str, Json] = dict(there)
        self.schema = schema
        self.requests: list[httpx.Request] = []
        self.tokens = 0
        self.at_once = self.most_at_once = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/o2/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"Atza|token-{self.tokens}", "expires_in": 3600})
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(3):
            await asyncio.sleep(0)
        self.at_once -= 1
        answer = self.said.get(f"{request.method} {self.path(request)}")
        if answer is None:
            return self._answer(request)
        return answer(request) if callable(answer) else answer

    def path(self, request: httpx.Request) -> str:
        raw = request.url.raw_path.decode().partition("?")[0]
        return raw.removeprefix(ITEMS + "/")

    def calls(self, *methods: str) -> list[str]:
        """Method and path of what was called, SKUs as they stood there."""
        wanted = methods or ("GET", "PUT", "PATCH", "DELETE", "POST")
        return [f"{one.method} {self.path(one)}" for one in self.requests if one.method in wanted]

    def bodies(self, method: str) -> list[Json]:
        return [orjson.loads(one.content) for one in self.requests if one.method == method]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == ITEMS:
            return self._search(request)
        if path.startswith(TYPES) and path != TYPES:
            return self._definition()
        if path == TYPES:
            return httpx.Response(200, json={"productTypes": [], "productTypeVersion": "1"})
        if path == "/schema":
            return httpx.Response(200, content=orjson.dumps(self.schema))
        sku = unquote(self.path(request))
        if request.method == "GET":
            return httpx.Response(200, json=self.there[sku]) if sku in self.there else not_found()
        if request.method == "DELETE" and sku not in self.there:
            return not_found()
        return taken(sku)

    def _search(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params.get("identifiers")
        items = [item for sku, item in self.there.items() if wanted is None or sku in wanted.split(",")]
        return httpx.Response(200, json={"numberOfResults": len(items), "items": items})

    def _definition(self) -> httpx.Response:
        if self.schema is None:
            return not_found()
        checksum = base64.b64encode(hashlib.md5(orjson.dumps(self.schema)).digest()).decode()  # noqa: S324  Amazon's own
        link = {"resource": f"{ORIGIN}/schema", "verb": "GET"}
        return httpx.Response(200, json={"schema": {"link": link, "checksum": checksum}})


def item(sku: str = "A-1", **parts: Any) -> Json:
    """What Amazon says of a listing that buyers see."""
    summary = {
        "marketplaceId": ITALY,
        "asin": "B000000001",
        "productType": "DRINKING_CUP",
        "status": ["BUYABLE", "DISCOVERABLE"],
        "itemName": "Tazza in ceramica blu 35 cl",
        "createdDate": "2026-11-01T10:00:00Z",
        "lastUpdatedDate": "2026-11-02T10:00:00Z",
    }
    offer = {"marketplaceId": ITALY, "offerType": "B2C", "price": {"amount": "19.9", "currencyCode": "EUR"}}
    stock = [{"fulfillmentChannelCode": "DEFAULT", "quantity": 7}]
    return {"sku": sku, "summaries": [summary], "offers": [offer], "fulfillmentAvailability": stock, **parts}


def taken(sku: str, *issues: Json) -> httpx.Response:
    return httpx.Response(200, json={"sku": sku, "status": "ACCEPTED", "submissionId": "1", "issues": list(issues)})


def invalid(sku: str, *issues: Json) -> httpx.Response:
    return httpx.Response(200, json={"sku": sku, "status": "INVALID", "submissionId": "1", "issues": list(issues)})


def issue(code: str, severity: str = "ERROR", *categories: str, **more: Any) -> Json:
    return {"code": code, "message": f"words of {code}", "severity": severity, "categories": list(categories), **more}


def not_found() -> httpx.Response:
    return failed(404, "NotFound")


def failed(status: int, code: str = "", **headers: str) -> httpx.Response:
    errors = {"errors": [{"code": code, "message": f"words of {code}", "details": ""}]} if code else {}
    return httpx.Response(status, json=errors, headers=headers)


def make_amazon_adapter(amazon: Amazon, clock: Callable[[], float] = lambda: 0.0, **changes: Any) -> AmazonAdapter:
    account = make_amazon_account(**changes)
    http = make_http(amazon)
    credentials = Credentials(
        account.token_url,
        account.app_id,
        account.api_secret,
        account.refresh_token,
        account.refresh_token,
        cure=NEW_AUTHORISATION,
        in_body=True,
    )
    return AmazonAdapter(AmazonClient(http, TokenSource(http, credentials), account), account, clock=clock)
