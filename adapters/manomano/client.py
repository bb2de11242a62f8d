"""ManoMano's REST calls, one method each: HTTP in, typed values and `AdapterError` out. Knows nothing of listings.

Every call carries the key and the name of the integration. The contract stands in the query of most calls, and in the
body of PATCH.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from adapters.errors import AdapterError, ChannelUnavailableError
from adapters.exchange import Answer, Request
from adapters.http import HttpClient
from adapters.manomano.faults import error_of
from adapters.manomano.order_results import order_results
from adapters.manomano.results import Result, results_of
from adapters.manomano.settings import ManomanoAccount

SKUS_PER_READ = 50  # our choice, and that of a client in production: the query must stay short
FIELDS_PER_PAGE = 50  # the most that feeds/fields gives at once
_ORDERS = "/orders/v1"
_OFFERS = "/api/v1/offer-information/offers"
_SENT = 300


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. pages: how many there are; items: how many entries in all, None where it is not said."""

    content: tuple[Mapping[str, Any], ...]
    pages: int
    items: int | None = None


class ManomanoClient:
    """Calls ManoMano for one contract."""

    def __init__(self, http: HttpClient, account: ManomanoAccount) -> None:
        self._http = http
        self._account = account

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._http.close()

    async def put_offers(self, offers: Sequence[Mapping[str, Any]]) -> dict[str, Result]:
        """Create or replace up to 20 offers. SKU -> what came of it."""
        path = f"/api/v1/offers?{self._contract}"
        answer = await self._call("PUT", path, offers)
        return results_of(answer, {str(offer["sku"]): offer for offer in offers}, every=True)

    async def patch_offers(self, items: Sequence[Mapping[str, Any]]) -> dict[str, Result]:
        """Change price, stock or both of offers that exist. ManoMano freezes what is sent here: imports of a feed leave
        it alone from then on. SKU -> what came of it."""
        body = {"content": [{"seller_contract_id": self._account.seller_contract_id, "items": list(items)}]}
        answer = await self._call("PATCH", "/api/v2/offer-information/offers", body)
        return results_of(answer, {str(item["sku"]): item for item in items}, every=False)

    async def find_offers(self, skus: Sequence[str]) -> list[Mapping[str, Any]]:
        """What ManoMano holds for up to 50 SKUs; none of them may have a comma."""
        query = _query(page=1, limit=SKUS_PER_READ, skus=",".join(skus))
        return list(_pages(await self._call("GET", f"{_OFFERS}?{self._contract}&{query}")).content)

    async def list_offers(self, page: int) -> Page:
        """One page of all offers, from 1."""
        query = _query(page=page, limit=self._account.page_size)
        return _pages(await self._call("GET", f"{_OFFERS}?{self._contract}&{query}"))

    async def list_fields(self, page: int) -> Page:
        """One page of the columns that the content feed may have, from 1."""
        query = _query(type="product", page=page, limit=FIELDS_PER_PAGE)
        return _pages(await self._call("GET", f"/api/v2/feeds/fields?{query}"))

    async def list_categories(self) -> tuple[Mapping[str, Any], ...]:
        """The roots of the category tree, with all below them."""
        answer = await self._call("GET", "/api/v1/products/categories")
        return _content(_body(answer), answer)

    async def list_orders(self, page: int, limit: int, window: Mapping[str, str]) -> Page:
        """One page of orders, from 1. window: ManoMano's names of times, and ISO 8601."""
        query = _query(page=page, limit=limit, **window)
        return _pages(await self._call("GET", f"{_ORDERS}/orders?{self._contract}&{query}"), quote_it=False)

    async def get_order(self, reference: str) -> Mapping[str, Any]:
        """One order. UnknownListingError where the contract has none of this number."""
        answer = await self._call("GET", f"{_ORDERS}/orders/{quote(reference, safe='')}?{self._contract}")
        content = _body(answer).get("content")
        if not isinstance(content, Mapping):
            raise ChannelUnavailableError("ManoMano answered without an order", status=answer.status)
        return content

    async def post_orders(self, call: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, AdapterError | None]:
        """accept-orders, refuse-orders or shippings. Order -> what was wrong with it, None = done."""
        answer = await self._call("POST", f"{_ORDERS}/{call}", entries)
        return order_results(answer, [str(entry["order_reference"]) for entry in entries])

    @property
    def _contract(self) -> str:
        return _query(seller_contract_id=self._account.seller_contract_id)

    async def _call(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Accept": "application/json", "x-thirdparty-name": self._account.thirdparty_name}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = b"" if body is None else orjson.dumps(body)
        request = Request(
            method,
            self._account.api_url + path,
            headers=headers,
            body=content,
            secret_headers={"x-api-key": self._account.api_key},
        )
        answer = await self._http.send(request)
        if not 200 <= answer.status < 300:
            raise error_of(answer, writes=request.writes, sent=content[:_SENT].decode("utf-8", "replace"))
        return answer


def _pages(answer: Answer, *, quote_it: bool = True) -> Page:
    """Raises ChannelUnavailableError where the number of pages is not told: this one must not be taken for the last.

    quote_it: whether its message may have the answer's words. Those of orders tell of people.
    """
    body = _body(answer)
    told = body.get("pagination")
    pages, items = (told.get("pages"), told.get("items")) if isinstance(told, Mapping) else (None, None)
    if not isinstance(pages, int):
        words = answer.excerpt if quote_it else "an answer that tells of people"
        raise ChannelUnavailableError(f"ManoMano does not say how many pages: {words}", status=answer.status)
    return Page(_content(body, answer, quote_it=quote_it), pages, items if isinstance(items, int) else None)


def _content(body: Mapping[str, Any], answer: Answer, *, quote_it: bool = True) -> tuple[Mapping[str, Any], ...]:
    """Raises ChannelUnavailableError for an answer without a list: it must not be taken for an empty one."""
    content = body.get("content")
    if not isinstance(content, list):
        words = answer.excerpt if quote_it else "an answer that tells of people"
        raise ChannelUnavailableError(f"ManoMano answered without a list: {words}", status=answer.status)
    return tuple(entry for entry in content if isinstance(entry, Mapping))


def _body(answer: Answer) -> Mapping[str, Any]:
    body = answer.json()
    return body if isinstance(body, Mapping) else {}


def _query(**values: object) -> str:
    return urlencode(values, quote_via=quote)
