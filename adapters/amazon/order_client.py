"""Amazon's order calls: Orders 2026-01-01 for what is read, confirmShipment of v0 for parcels, which stays.

Orders 2026-01-01 asks for no restricted data token: whether the application may see a buyer is decided by its roles,
and what it may not see is absent. v0, which did ask for one, is read by nobody here. It ends on 2027-03-27.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.amazon.client import AmazonClient, quoted
from adapters.amazon.settings import AmazonAccount
from adapters.errors import ChannelUnavailableError, RejectedListingError
from adapters.order_amounts import time_of, utc_text
from adapters.orders import ExpiredCursorError

PAGE_SIZE = 100
_ORDERS = "/orders/2026-01-01/orders"
_INCLUDED = "BUYER,RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES,TAX"


@dataclass(frozen=True, slots=True)
class Found:
    """A page of searchOrders. token: of the next page, "" = none. until: what Amazon says the search reaches to."""

    orders: tuple[Mapping[str, Any], ...]
    token: str
    until: datetime | None


class OrderClient:
    """Calls of one account."""

    def __init__(self, client: AmazonClient, account: AmazonAccount) -> None:
        self._client = client
        self._account = account

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._client.close()

    async def search(self, since: datetime, token: str) -> Found:
        """searchOrders by last change. The filters of later pages are those of the first, as Amazon demands."""
        url = (
            f"{self._account.api_url}{_ORDERS}?lastUpdatedAfter={quoted(utc_text(since))}"
            f"&marketplaceIds={self._account.marketplace_id}&maxResultsPerPage={PAGE_SIZE}&includedData={_INCLUDED}"
        )
        if token:
            url += f"&paginationToken={quoted(token)}"
        try:
            answer = await self._client.call("searchOrders", "GET", url)
        except RejectedListingError as error:
            if not token:
                raise
            raise ExpiredCursorError(f"{error.message}. Tokens of pages last 24 hours", code=error.code) from None
        body = answer.json()
        orders = body.get("orders") if isinstance(body, Mapping) else None
        if not isinstance(orders, list):
            # Not to be taken for an account without orders, and not to be quoted: it may hold people.
            raise ChannelUnavailableError("Amazon: searchOrders was answered without orders")
        told = body.get("pagination")
        following = str(told.get("nextToken") or "") if isinstance(told, Mapping) else ""
        return Found(tuple(orders), following, time_of(body.get("lastUpdatedBefore")))

    async def get(self, order_id: str) -> Mapping[str, Any]:
        """getOrder. UnknownListingError where there is none."""
        url = f"{self._account.api_url}{_ORDERS}/{quoted(order_id)}?includedData={_INCLUDED}"
        answer = await self._client.call("getOrder", "GET", url)
        body = answer.json()
        order = body.get("order") if isinstance(body, Mapping) else None
        if not isinstance(order, Mapping):
            raise ChannelUnavailableError("Amazon: getOrder was answered without an order")
        return order

    async def confirm_shipment(self, order_id: str, package: Mapping[str, Any]) -> None:
        """confirmShipment (v0): a package of the order. The same packageReferenceId again changes that package."""
        url = f"{self._account.api_url}/orders/v0/orders/{quoted(order_id)}/shipmentConfirmation"
        body = {"marketplaceId": self._account.marketplace_id, "packageDetail": package}
        await self._client.call("confirmShipment", "POST", url, body)
