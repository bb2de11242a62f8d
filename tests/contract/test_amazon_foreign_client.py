"""Amazon's stand-in driven by a client that we did not write: python-amazon-sp-api, whose only change is where its
connections go."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from sp_api.asyncio.api import (  # type: ignore[import-untyped]  # it has no types
    Feeds,
    ListingsItems,
    ProductTypeDefinitions,
    Sellers,
)
from sp_api.asyncio.auth import access_token_client  # type: ignore[import-untyped]  # the same
from sp_api.base import (  # type: ignore[import-untyped]  # the same
    Marketplaces,
    SellingApiForbiddenException,
    SellingApiNotFoundException,
    SellingApiRequestThrottledException,
)

from adapters.sandbox.amazon import ITALY, Seller, Serving, serve
from tests.contract.amazon_calls import CONTENT_TYPE, UNLIMITED, feed_of, helmet, patch, stock
from tests.contract.amazon_schemas import amazon_folder, amazon_schemas
from tests.contract.vendor_schemas import Inspector

SELLER = Seller()


class Detour(httpx.AsyncBaseTransport):
    """Leads every connection to the stand-in, whatever host was meant."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=self._url.host, port=self._url.port)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Foreign:
    """Makes that client's API objects for the seller of a stand-in."""

    def __init__(self, serving: Serving, stack: AsyncExitStack) -> None:
        self.serving = serving
        self._stack = stack

    async def api(self, kind: Any, refresh_token: str = SELLER.refresh_token) -> Any:
        credentials = {
            "refresh_token": refresh_token,
            "lwa_app_id": SELLER.client_id,
            "lwa_client_secret": SELLER.client_secret,
        }
        found = kind(marketplace=Marketplaces.IT, credentials=credentials)
        for part in (found, found._auth):
            await part._transport.aclose()
            part._transport._client = httpx.AsyncClient(transport=Detour(self.serving.url))
            self._stack.push_async_callback(part._transport.aclose)
        return found


@pytest.fixture
async def foreign() -> AsyncIterator[Foreign]:
    access_token_client.cache.clear()
    inspector = Inspector(amazon_schemas(), requests=False) if amazon_folder().is_dir() else None
    async with serve([SELLER], UNLIMITED, observer=inspector) as serving, AsyncExitStack() as stack:
        yield Foreign(serving, stack)
    if inspector is not None:
        inspector.assert_clean()


async def test_it_sells_changes_reads_and_takes_away(foreign: Foreign) -> None:
    items = await foreign.api(ListingsItems)
    place = {"marketplaceIds": [ITALY]}
    body = {"productType": "HELMET", "requirements": "LISTING", "attributes": helmet()}
    sku = "casco /1, rosso"
    preview = await items.put_listings_item(SELLER.merchant_id, sku, body=body, mode="VALIDATION_PREVIEW", **place)
    assert preview.payload["status"] == "VALID"
    assert (await items.put_listings_item(SELLER.merchant_id, sku, body=body, **place)).payload["status"] == "ACCEPTED"
    change = {"productType": "PRODUCT", "patches": [patch("merge", "fulfillment_availability", stock(2))]}
    changed = await items.patch_listings_item(SELLER.merchant_id, sku, body=change, **place)
    assert changed.payload["issues"] == []
    read = await items.get_listings_item(
        SELLER.merchant_id, sku, includedData=["summaries,fulfillmentAvailability,offers"], **place
    )
    assert read.payload["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 2}]
    assert read.payload["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]
    await items.delete_listings_item(SELLER.merchant_id, sku, **place)
    with pytest.raises(SellingApiNotFoundException):
        await items.get_listings_item(SELLER.merchant_id, sku, **place)


async def test_it_reads_product_types_and_where_the_seller_takes_part(foreign: Foreign) -> None:
    types = await foreign.api(ProductTypeDefinitions)
    found = await types.search_definitions_product_types(keywords=["helmet"], marketplaceIds=[ITALY])
    assert [one["name"] for one in found.payload["productTypes"]] == ["HELMET"]
    definition = await types.get_definitions_product_type("HELMET", marketplaceIds=[ITALY])
    assert definition.payload["schema"]["checksum"]
    participations = await (await foreign.api(Sellers)).get_marketplace_participation()
    assert [one["marketplace"]["id"] for one in participations.payload] == list(SELLER.marketplaces)


async def test_it_submits_a_feed_and_reads_the_report(foreign: Foreign) -> None:
    feeds = await foreign.api(Feeds)
    update = {"sku": "A1", "operationType": "UPDATE", "productType": "HELMET", "attributes": helmet()}
    document = json.dumps(feed_of([update, {**update, "sku": "A2", "attributes": {}}])).encode()
    _, created = await feeds.submit_feed(
        "JSON_LISTINGS_FEED", io.BytesIO(document), content_type=CONTENT_TYPE, marketplaceIds=[ITALY]
    )
    feed = (await feeds.get_feed(created.payload["feedId"])).payload
    assert feed["processingStatus"] == "DONE"
    report = json.loads(await feeds.get_feed_result_document(feed["resultFeedDocumentId"]))
    assert (report["summary"]["messagesAccepted"], report["summary"]["messagesInvalid"]) == (1, 1)


async def test_it_understands_every_refusal(foreign: Foreign) -> None:
    items = await foreign.api(ListingsItems)
    foreign.serving.sandbox.faults.switch_on({"kind": "rate_limited", "route": "get", "count": 1})
    with pytest.raises(SellingApiRequestThrottledException):
        await items.get_listings_item(SELLER.merchant_id, "A1", marketplaceIds=[ITALY])
    foreign.serving.sandbox.faults.switch_on({"kind": "token_expired", "count": 1})
    with pytest.raises(SellingApiForbiddenException):
        await items.get_listings_item(SELLER.merchant_id, "A1", marketplaceIds=[ITALY])
    access_token_client.cache.clear()
    stranger = await foreign.api(ListingsItems, refresh_token="Atzr|unknown")
    with pytest.raises(access_token_client.AuthorizationError, match="refresh_token"):
        await stranger.get_listings_item(SELLER.merchant_id, "A1", marketplaceIds=[ITALY])
