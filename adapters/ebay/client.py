"""eBay's REST calls, one method each: HTTP in, typed entries and `AdapterError` out. Knows nothing of listings.

Every call of the Inventory API carries Content-Language and Accept-Language: the contract asks for them on some
calls only, the servers were seen to refuse others without. Posts without content send `{}`, else eBay's edge says 411.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import SecretStr

from adapters.ebay.faults import (
    entry_error,
    error_of,
    existing_offer,
    numbers_of,
    warnings_of,
)
from adapters.ebay.settings import NEW_CONSENT, EbayAccount
from adapters.errors import AdapterError, AuthenticationError, ChannelUnavailableError, UnknownListingError
from adapters.exchange import Answer, Request
from adapters.http import HttpClient
from adapters.oauth import TokenSource

PAGE_SIZE = 100  # items that getInventoryItems is asked for at once; it gives 200 at most
BULK_SIZE = 25  # entries that every bulk call of the Inventory API takes at most
_INVENTORY = "/sell/inventory/v1"
_ACCOUNT = "/sell/account/v1"
_INSUFFICIENT_PERMISSIONS = 1100  # also what eBay says of a token that has ended
_ALREADY_PUBLISHED = 25402


@dataclass(frozen=True, slots=True)
class Entry:
    """What eBay says of one entry of a bulk call. existing_offer_id: the offer that was in the way of a new one."""

    sku: str = ""
    offer_id: str = ""
    listing_id: str = ""
    error: AdapterError | None = None
    warnings: tuple[str, ...] = ()
    existing_offer_id: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


class EbayClient:
    """Calls eBay for one account. A call that is refused for its token is repeated once with a fresh one."""

    def __init__(self, http: HttpClient, tokens: TokenSource, account: EbayAccount) -> None:
        self._http = http
        self._tokens = tokens
        self._account = account

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._http.close()

    async def check_credentials(self) -> None:
        """Have an access token, or raise what `TokenSource.token` raises."""
        await self._tokens.token()

    async def replace_items(self, items: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """bulkCreateOrReplaceInventoryItem: whole items; a live listing changes at once."""
        return await self._bulk("bulk_create_or_replace_inventory_item", items)

    async def create_offers(self, offers: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """bulkCreateOffer: offers that are not published yet."""
        return await self._bulk("bulk_create_offer", offers)

    async def publish_offers(self, offer_ids: Iterable[str]) -> list[Entry]:
        """bulkPublishOffer. A published one keeps its listing and says so in a remark, which is left out here."""
        requests = [{"offerId": offer_id} for offer_id in offer_ids]
        return await self._bulk("bulk_publish_offer", requests, unsaid=(_ALREADY_PUBLISHED,))

    async def revise_prices_and_quantities(self, entries: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """bulkUpdatePriceQuantity: published offers only. Answers one entry per offer."""
        return await self._bulk("bulk_update_price_quantity", entries)

    async def get_items(self, skus: Iterable[str]) -> list[Entry]:
        """bulkGetInventoryItem; the item is the body's `inventoryItem`."""
        return await self._bulk("bulk_get_inventory_item", [{"sku": sku} for sku in skus], harmless=True)

    async def list_items(self, page: int) -> tuple[list[Mapping[str, Any]], bool]:
        """getInventoryItems: one page of the seller's items, from 0, and whether there is another."""
        answer = await self._call("GET", f"{_INVENTORY}/inventory_item?limit={PAGE_SIZE}&offset={page}")
        body = _mapping(answer)
        total = body.get("total")
        items = body.get("inventoryItems", [] if total == 0 else None)
        if not isinstance(items, list) or not isinstance(total, int):
            # Not to be taken for an account without items.
            words = f"eBay: getInventoryItems was answered without items or their number: {answer.excerpt}"
            raise ChannelUnavailableError(words, status=answer.status)
        return [item for item in items if isinstance(item, Mapping)], (page + 1) * PAGE_SIZE < total

    async def update_offer(self, offer_id: str, offer: Mapping[str, Any]) -> tuple[str, ...]:
        """updateOffer: replaces the whole offer. Returns eBay's remarks. UnknownListingError when it does not exist."""
        answer = await self._call("PUT", f"{_INVENTORY}/offer/{_quoted(offer_id)}", offer)
        return warnings_of(answer.json(), answer)

    async def withdraw_offer(self, offer_id: str) -> tuple[str, ...]:
        """withdrawOffer: ends the listing, keeps the offer unpublished. Returns eBay's remarks."""
        answer = await self._call("POST", f"{_INVENTORY}/offer/{_quoted(offer_id)}/withdraw", {})
        return warnings_of(answer.json(), answer)

    async def find_offer(self, sku: str) -> Mapping[str, Any] | None:
        """getOffers: the fixed-price offer of this SKU on the account's marketplace, None if there is none."""
        marketplace = self._account.marketplace_id
        query = f"sku={_quoted(sku)}&marketplace_id={marketplace}&format=FIXED_PRICE"
        try:
            answer = await self._call("GET", f"{_INVENTORY}/offer?{query}")
        except UnknownListingError:
            return None
        body = answer.json()
        offers = body.get("offers") if isinstance(body, Mapping) else None
        for offer in offers or ():
            same_place = offer.get("marketplaceId", marketplace) == marketplace
            if same_place and offer.get("format", "FIXED_PRICE") == "FIXED_PRICE" and offer.get("offerId"):
                return dict(offer)
        return None

    async def get_policy(self, kind: str, policy_id: str) -> Mapping[str, Any]:
        """getFulfillmentPolicy, getPaymentPolicy or getReturnPolicy. kind: fulfillment, payment or return."""
        return _mapping(await self._call("GET", f"{_ACCOUNT}/{kind}_policy/{_quoted(policy_id)}"))

    async def get_location(self, key: str) -> Mapping[str, Any]:
        """getInventoryLocation."""
        return _mapping(await self._call("GET", f"{_INVENTORY}/location/{_quoted(key)}"))

    async def _bulk(
        self,
        operation: str,
        requests: Sequence[Mapping[str, Any]],
        *,
        harmless: bool = False,
        unsaid: Iterable[int] = (),
    ) -> list[Entry]:
        answer = await self._call("POST", f"{_INVENTORY}/{operation}", {"requests": requests}, harmless=harmless)
        body = answer.json()
        entries = body.get("responses") if isinstance(body, Mapping) else None
        if not isinstance(entries, list):
            raise ChannelUnavailableError(
                f"eBay: {operation} was answered without results: {answer.excerpt}",
                status=answer.status,
                effect_unknown=not harmless,
            )
        return [
            Entry(
                sku=str(entry.get("sku") or ""),
                offer_id=str(entry.get("offerId") or ""),
                listing_id=str(entry.get("listingId") or ""),
                error=entry_error(entry, answer, writes=not harmless),
                warnings=warnings_of(entry, answer, without=unsaid),
                existing_offer_id=existing_offer(entry),
                body=entry,
            )
            for entry in entries
            if isinstance(entry, Mapping)
        ]

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, harmless: bool = False
    ) -> Answer:
        token = await self._tokens.token()
        request = self._request(method, path, body, harmless)
        answer = await self._http.send(_with_token(request, token))
        if _token_is_refused(answer):
            answer = await self._http.send(_with_token(request, await self._tokens.renew(token)))
            if _token_is_refused(answer):
                raise _refused_again(answer)
        if not 200 <= answer.status < 300:
            raise error_of(answer, writes=request.writes)
        return answer

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, harmless: bool) -> Request:
        headers = {
            "Accept": "application/json",
            "Accept-Language": self._account.locale,
            "Content-Language": self._account.locale,
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = b"" if body is None else orjson.dumps(body)
        return Request(method, self._account.api_url + path, headers=headers, body=content, harmless=harmless)


def _with_token(request: Request, token: SecretStr) -> Request:
    return Request(
        request.method,
        request.url,
        headers=request.headers,
        body=request.body,
        authorization=SecretStr(f"Bearer {token.get_secret_value()}"),
        harmless=request.harmless,
    )


def _token_is_refused(answer: Answer) -> bool:
    return answer.status == 401 or (answer.status == 403 and _INSUFFICIENT_PERMISSIONS in numbers_of(answer))


def _refused_again(answer: Answer) -> AuthenticationError:
    """The consent was taken back, or does not cover this call."""
    error = error_of(answer, writes=False)
    words = f"{error.message.rstrip('.')}. A fresh access token was refused too. {NEW_CONSENT}"
    dead = AuthenticationError(words, code=error.code, status=error.status)
    dead.known = error.known
    return dead


def _mapping(answer: Answer) -> Mapping[str, Any]:
    body = answer.json()
    return body if isinstance(body, Mapping) else {}


def _quoted(text: str) -> str:
    """For a path or a query: slashes, spaces, commas and plus signs of a SKU must arrive as they are."""
    return quote(text, safe="")
