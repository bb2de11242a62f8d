"""Builders and plain HTTP calls for tests of the Amazon stand-in: what any client of Amazon's would send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx

from adapters.sandbox.amazon import AT_ONCE, ITALY, TOKEN_PATH, Rules, Seller, Serving, serve
from tests.contract.amazon_schemas import amazon_folder, amazon_schemas
from tests.contract.vendor_schemas import Inspector

Json = dict[str, Any]

FEEDS = "/feeds/2021-06-30"
TYPES = "/definitions/2020-09-01/productTypes"
AGENT = "tests/1.0 (Language=Python/3.11; Platform=Linux)"
CONTENT_TYPE = "application/json; charset=UTF-8"
UNLIMITED = replace(AT_ONCE, limits=False)
ALL_DATA = "summaries,attributes,issues,offers,fulfillmentAvailability,procurement,relationships,productTypes"


def text(value: str, marketplace: str = ITALY, language: str = "it_IT") -> list[Json]:
    """An attribute that is a text."""
    return [{"value": value, "language_tag": language, "marketplace_id": marketplace}]


def plain(value: object, marketplace: str = ITALY) -> list[Json]:
    """An attribute that has no language."""
    return [{"value": value, "marketplace_id": marketplace}]


def offer(price: float = 149.9, marketplace: str = ITALY, **more: object) -> list[Json]:
    """purchasable_offer with all of its selectors."""
    schedule = [{"schedule": [{"value_with_tax": price}]}]
    return [{"marketplace_id": marketplace, "currency": "EUR", "audience": "ALL", "our_price": schedule, **more}]


def stock(quantity: int) -> list[Json]:
    """The seller's own stock."""
    return [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}]


def helmet(**changed: Any) -> Json:
    """The attributes of a complete helmet; None leaves one out."""
    whole = {
        "item_name": text("Casco integrale Nérò"),
        "brand": text("AGV"),
        "product_description": text("Un casco."),
        "bullet_point": text("Leggero"),
        "country_of_origin": plain("IT"),
        "supplier_declared_dg_hz_regulation": plain("not_applicable"),
        "condition_type": plain("new_new"),
        "color": text("Nero"),
        "size": text("M"),
        "externally_assigned_product_identifier": [
            {"type": "ean", "value": "4006381333931", "marketplace_id": ITALY},
        ],
        "main_product_image_locator": [
            {"media_location": "https://img.example.test/casco.jpg", "marketplace_id": ITALY}
        ],
        "gpsr_manufacturer_reference": [
            {"gpsr_manufacturer_email_address": "agv@example.test", "marketplace_id": ITALY}
        ],
        "purchasable_offer": offer(),
        "fulfillment_availability": stock(5),
        **changed,
    }
    return {name: value for name, value in whole.items() if value is not None}


def patch(op: str, name: str, value: list[Json] | None) -> Json:
    """One patch; None leaves the value out."""
    given = {"op": op, "path": f"/attributes/{name}", "value": value}
    return {key: one for key, one in given.items() if one is not None}


def feed_of(messages: Sequence[Json], seller: Seller = Seller(), included: Sequence[str] = ("issues",)) -> Json:  # noqa: B008  # a value
    """A JSON_LISTINGS_FEED; messages are numbered."""
    header: Json = {"sellerId": seller.merchant_id, "version": "2.0"}
    if included:
        header["report"] = {"includedData": list(included), "apiVersion": "2021-08-01"}
    return {"header": header, "messages": [{"messageId": n, **one} for n, one in enumerate(messages, start=1)]}


@dataclass(slots=True)
class Caller:
    """Calls the stand-in as one seller, with the headers that Amazon wants."""

    http: httpx.AsyncClient
    serving: Serving
    seller: Seller = field(default_factory=Seller)
    token: str = field(default=Seller().access_token, repr=False)

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """headers: with underscores for hyphens; an empty one is not sent."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        wanted = {"x-amz-access-token": self.token, "user-agent": AGENT, **given}
        request = self.http.build_request(method, path, json=body)
        request.headers.update({name: value for name, value in wanted.items() if value})
        for name, value in wanted.items():
            if not value:
                request.headers.pop(name, None)
        return await self.http.send(request)

    def path(self, sku: str, *, places: str = ITALY, **query: str) -> str:
        """The address of a SKU."""
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        sku = quote(sku, safe="")
        return f"/listings/2021-08-01/items/{self.seller.merchant_id}/{sku}?marketplaceIds={places}{asked}"

    async def put(self, sku: str = "A1", attributes: Json | None = None, **query: str) -> Json:
        """putListingsItem of a helmet that is answered with 200."""
        body = {"productType": "HELMET", "attributes": helmet() if attributes is None else attributes}
        return _good(await self.send("PUT", self.path(sku, **query), body))

    async def patch(self, sku: str, *patches: Json, product_type: str = "PRODUCT", **query: str) -> Json:
        """patchListingsItem that is answered with 200."""
        body = {"productType": product_type, "patches": list(patches)}
        return _good(await self.send("PATCH", self.path(sku, **query), body))

    async def item(self, sku: str = "A1", places: str = ITALY) -> Json:
        """getListingsItem with everything."""
        return _good(await self.send("GET", self.path(sku, places=places, includedData=ALL_DATA)))

    async def upload(self, body: bytes, content_type: str = CONTENT_TYPE) -> str:
        """A feed document with this body; its id."""
        document = (await self.send("POST", f"{FEEDS}/documents", {"contentType": content_type})).json()
        reply = await self.http.put(document["url"], content=body, headers={"Content-Type": content_type})
        assert reply.status_code == 200, reply.text
        return str(document["feedDocumentId"])

    async def create_feed(self, document: str, feed_type: str = "JSON_LISTINGS_FEED") -> httpx.Response:
        """createFeed for Italy."""
        body = {"feedType": feed_type, "marketplaceIds": [ITALY], "inputFeedDocumentId": document}
        return await self.send("POST", f"{FEEDS}/feeds", body)

    async def feed(self, feed_id: str) -> Json:
        """getFeed."""
        return _good(await self.send("GET", f"{FEEDS}/feeds/{feed_id}"))

    async def listings(self, sku: str = "A1", **query: str) -> list[Json]:
        """What a buyer sees of a SKU, with its content; empty when nothing is live."""
        reply = await self.http.get("/_sandbox/listings", params={"sku": sku, "fields": "full", **query})
        found: list[Json] = reply.json()["listings"]
        return found

    async def shown(self, sku: str = "A1") -> Json:
        """The one live listing of a SKU."""
        (listing,) = await self.listings(sku)
        return listing

    async def fault(self, **fault: Any) -> None:
        """Switch a fault on."""
        reply = await self.http.post("/_sandbox/faults", json=fault)
        assert reply.status_code == 201, reply.text

    async def later(self, seconds: float) -> None:
        """Move the stand-in's clock on."""
        await self.http.put("/_sandbox/clock", json={"advance": seconds})

    async def calls(self, sku: str | None = None) -> list[Json]:
        """The journal."""
        reply = await self.http.get("/_sandbox/calls", params={"sku": sku} if sku else {})
        found: list[Json] = reply.json()["calls"]
        return found


def _good(reply: httpx.Response) -> Json:
    assert reply.status_code == 200, reply.text
    body: Json = reply.json()
    return body


@asynccontextmanager
async def calling(rules: Rules = UNLIMITED, **options: Any) -> AsyncIterator[Caller]:
    """A stand-in and a caller for it. Every answer is checked against the models where their files are at hand."""
    inspector = Inspector(amazon_schemas(), requests=False) if amazon_folder().is_dir() else None
    async with (
        serve(rules=rules, observer=inspector, **options) as serving,
        httpx.AsyncClient(base_url=serving.url, timeout=10) as http,
    ):
        yield Caller(http, serving)
    if inspector is not None and inspector.seen:
        inspector.assert_clean()


async def mint(caller: Caller, **changed: str) -> httpx.Response:
    """A call of the token endpoint. changed: fields of the form."""
    seller = caller.seller
    form: Mapping[str, str] = {
        "grant_type": "refresh_token",
        "refresh_token": seller.refresh_token,
        "client_id": seller.client_id,
        "client_secret": seller.client_secret,
        **changed,
    }
    return await caller.http.post(TOKEN_PATH, data=form)


def codes(submission: Json) -> list[str]:
    """The codes of a submission's issues."""
    return [one["code"] for one in submission["issues"]]


def error(reply: httpx.Response) -> tuple[int, str]:
    """Status and code of a refused call."""
    return reply.status_code, str(reply.json()["errors"][0]["code"])
