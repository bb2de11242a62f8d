"""Builders and plain HTTP calls for tests of the eBay stand-in: what any client of eBay's would send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from adapters.sandbox.ebay import DEFAULT_LOCATION, Rules, Seller, Serving, serve
from tests.contract.vendor_schemas import Inspector, specs_folder, vendor_schemas

Json = dict[str, Any]

INVENTORY = "/sell/inventory/v1"
ACCOUNT = "/sell/account/v1"
TOKEN = "/identity/v1/oauth2/token"


def make_item(quantity: int | None = 5, **product: Any) -> Json:
    """A complete inventory item; `title=None` leaves a field of the product out."""
    whole = {
        "title": "Casco integrale Nérò",
        "description": "Un casco.",
        "aspects": {"Marca": ["AGV"]},
        "imageUrls": ["https://pictures.example/casco.jpg"],
        **product,
    }
    document: Json = {
        "condition": "NEW",
        "product": {name: value for name, value in whole.items() if value is not None},
    }
    if quantity is not None:
        document["availability"] = {"shipToLocationAvailability": {"quantity": quantity}}
    return document


def make_offer(sku: str = "A1", price: str = "149.90", **changed: Any) -> Json:
    """A complete offer on EBAY_IT by the default seller; `categoryId=None` leaves a field out."""
    seller = Seller()
    whole = {
        "sku": sku,
        "marketplaceId": "EBAY_IT",
        "format": "FIXED_PRICE",
        "availableQuantity": 5,
        "categoryId": "177104",
        "listingDescription": "<p>Un casco.</p>",
        "listingDuration": "GTC",
        "includeCatalogProductDetails": False,
        "merchantLocationKey": DEFAULT_LOCATION,
        "listingPolicies": {f"{k}PolicyId": seller.policy_id(k) for k in ("fulfillment", "payment", "return")},
        "pricingSummary": {"price": {"value": price, "currency": "EUR"}},
        **changed,
    }
    return {name: value for name, value in whole.items() if value is not None}


def without_keys(offer: Json) -> Json:
    """The offer as updateOffer takes it."""
    return {name: value for name, value in offer.items() if name not in ("sku", "marketplaceId", "format")}


def make_revision(sku: str, offer_id: str, **parts: Any) -> Json:
    """One request of bulk_update_price_quantity. parts: total, quantity, price."""
    offer: Json = {"offerId": offer_id}
    if "quantity" in parts:
        offer["availableQuantity"] = parts["quantity"]
    if "price" in parts:
        offer["price"] = {"value": parts["price"], "currency": "EUR"}
    request: Json = {"sku": sku, "offers": [offer]}
    if "total" in parts:
        request["shipToLocationAvailability"] = {"quantity": parts["total"]}
    return request


@dataclass(slots=True)
class Caller:
    """Calls the stand-in as one seller, with the headers that eBay wants."""

    http: httpx.AsyncClient
    serving: Serving
    token: str = field(default=Seller().access_token, repr=False)
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"Content-Language": "it-IT", "Accept-Language": "it-IT"}
    )

    async def send(self, method: str, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        """headers: with underscores for hyphens; an empty one is not sent."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        wanted = {**self.headers, "Authorization": f"Bearer {self.token}", **given}
        sent = {name: value for name, value in wanted.items() if value}
        return await self.http.request(method, path, json=body, headers=sent)

    async def put_item(self, sku: str, body: Json, **headers: str) -> httpx.Response:
        """createOrReplaceInventoryItem."""
        return await self.send("PUT", f"{INVENTORY}/inventory_item/{quote(sku, safe='')}", body, **headers)

    async def create_offer(self, body: Json) -> str:
        """createOffer; its offerId."""
        reply = await self.send("POST", f"{INVENTORY}/offer", body)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["offerId"])

    async def publish(self, offer_id: str) -> httpx.Response:
        """publishOffer."""
        return await self.send("POST", f"{INVENTORY}/offer/{offer_id}/publish", {})

    async def withdraw(self, offer_id: str) -> httpx.Response:
        """withdrawOffer."""
        return await self.send("POST", f"{INVENTORY}/offer/{offer_id}/withdraw", {})

    async def bulk(self, name: str, requests: list[Json]) -> httpx.Response:
        """Any bulk call."""
        return await self.send("POST", f"{INVENTORY}/{name}", {"requests": requests})

    async def live(self, sku: str = "A1", price: str = "149.90", **item: Any) -> str:
        """Make a live listing; its offerId."""
        assert (await self.put_item(sku, make_item(**item))).status_code == 204
        offer_id = await self.create_offer(make_offer(sku, price))
        reply = await self.publish(offer_id)
        assert reply.status_code == 200, reply.text
        return offer_id

    async def listings(self, sku: str = "A1") -> list[Json]:
        """What a buyer sees of a SKU, with its content; empty when nothing is live."""
        reply = await self.http.get("/_sandbox/listings", params={"sku": sku, "fields": "full"})
        found: list[Json] = reply.json()["listings"]
        return found

    async def shown(self, sku: str = "A1") -> Json:
        """The one live listing of a SKU."""
        (listing,) = await self.listings(sku)
        return listing

    async def fault(self, **fault: Any) -> Json:
        """Switch a fault on."""
        reply = await self.http.post("/_sandbox/faults", json=fault)
        assert reply.status_code == 201, reply.text
        added: Json = reply.json()["faults"][0]
        return added

    async def calls(self, sku: str | None = None) -> list[Json]:
        """The journal."""
        reply = await self.http.get("/_sandbox/calls", params={"sku": sku} if sku else {})
        found: list[Json] = reply.json()["calls"]
        return found


@asynccontextmanager
async def calling(rules: Rules | None = None, **options: Any) -> AsyncIterator[Caller]:
    """A stand-in and a caller for it. Every answer is checked against the contract where its files are at hand."""
    inspector = Inspector(vendor_schemas(), requests=False) if specs_folder().is_dir() else None
    async with (
        serve(rules=rules, observer=inspector, **options) as serving,
        httpx.AsyncClient(base_url=serving.url, timeout=10) as http,
    ):
        yield Caller(http, serving)
    if inspector is not None and inspector.seen:
        inspector.assert_clean()


async def mint(caller: Caller, **changed: Any) -> httpx.Response:
    """A call of the token endpoint. changed: fields of the form, or `auth`."""
    auth = changed.pop("auth", (Seller().client_id, Seller().client_secret))
    form = {"grant_type": "refresh_token", "refresh_token": Seller().refresh_token, **changed}
    return await caller.http.post(TOKEN, data=form, auth=auth)


def error_ids(reply: httpx.Response) -> list[int]:
    """The errorIds of a refused call."""
    return [error["errorId"] for error in reply.json()["errors"]]
