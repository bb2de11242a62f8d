"""What Amazon would put into a seller's queue: notifications on listings and feeds (facts page, section 5; shapes are
those of the vendor's notification schemas). No queue is served here: the control plane shows what would be in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.times import moment
from adapters.sandbox.amazon.world import Seller

if TYPE_CHECKING:
    from adapters.sandbox.amazon.listing import Listing

STATUS, ISSUES = "LISTINGS_ITEM_STATUS_CHANGE", "LISTINGS_ITEM_ISSUES_CHANGE"
QUANTITY, FEED = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "FEED_PROCESSING_FINISHED"
PAYLOAD_VERSIONS = {
    STATUS: "1.0",
    ISSUES: "2023-12-13",
    QUANTITY: "1.0",
    FEED: "2020-09-04",
    "ITEM_PRODUCT_TYPE_CHANGE": "1.0",
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": "1.0",
}
_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification to be. due: seconds since the epoch; kind: its type; number: within the seller's."""

    number: int
    due: float
    kind: str
    payload: Json


class Notices:
    """A seller's subscriptions and notifications, the newest ones only. Without a subscription nothing is kept."""

    def __init__(self, seller: Seller, clock: Callable[[], float]) -> None:
        self._seller = seller
        self._clock = clock
        self._number = 0
        self._kept: deque[Notice] = deque(maxlen=_LIMIT)
        self.subscriptions: dict[str, Json] = {}

    def submitted(self, listing: Listing, due: float) -> None:
        """A listing will be changed at `due`."""
        if not self.subscriptions:
            return
        stocks = (listing.attributes or {}).get("fulfillment_availability", ())
        for stock in stocks:
            if stock["fulfillment_channel_code"] == "DEFAULT" and "quantity" in stock:
                payload = {"SellerId": self._seller.merchant_id, "FulfillmentChannelCode": "DEFAULT"}
                self._add(due, QUANTITY, {**payload, "Sku": listing.sku, "Quantity": stock["quantity"]})
        for at, status in ((listing.discoverable, ["DISCOVERABLE"]), (listing.buyable, ["BUYABLE", "DISCOVERABLE"])):
            if at >= listing.updated and not listing.silent:
                self._add(at, STATUS, {**self._about(listing), "Status": status})

    def judged(self, listing: Listing, severities: list[str], actions: list[str]) -> None:
        """The catalogue will have found something."""
        payload = {**self._about(listing), "Severities": severities, "EnforcementActions": actions}
        del payload["CreatedDate"]
        self._add(listing.judged, ISSUES, payload)

    def deleted(self, listing: Listing, due: float) -> None:
        """A listing will be gone at `due`."""
        self._add(due, STATUS, {**self._about(listing), "Status": ["DELETED"]})

    def feed_ended(self, due: float, feed: Json) -> None:
        """A feed has ended. feed: feedId, feedType, processingStatus, resultFeedDocumentId?"""
        merchant = self._seller.merchant_id
        account = {"sellerId": merchant, "accountId": f"amzn1.merchant.o.{merchant}"}
        self._add(due, FEED, {"feedProcessingFinishedNotification": {**account, **feed}})

    def due(self, after: int) -> list[Json]:
        """The notifications that have been sent by now and have a number above `after`, in Amazon's shape."""
        now = self._clock()
        ready = sorted((one for one in self._kept if one.due <= now and one.number > after), key=lambda one: one.due)
        return [self._shaped(one) for one in ready]

    def _add(self, due: float, kind: str, payload: Json) -> None:
        if kind in self.subscriptions:
            self._number += 1
            self._kept.append(Notice(self._number, due, kind, payload))

    def _about(self, listing: Listing) -> Json:
        return {
            "SellerId": self._seller.merchant_id,
            "MarketplaceId": listing.marketplace,
            "Asin": listing.asin,
            "Sku": listing.sku,
            "CreatedDate": moment(listing.created),
        }

    def _shaped(self, notice: Notice) -> Json:
        shaped = {
            "NotificationVersion": "1.0",
            "NotificationType": notice.kind,
            "PayloadVersion": PAYLOAD_VERSIONS[notice.kind],
            "EventTime": moment(notice.due),
            "Payload": notice.payload,
            "NotificationMetadata": {
                "ApplicationId": self._seller.client_id,
                "SubscriptionId": self.subscriptions.get(notice.kind, {}).get("subscriptionId", ""),
                "PublishTime": moment(notice.due),
                "NotificationId": f"{self._seller.merchant_id}-{notice.number}",
            },
        }
        # the case of keys differs by type: facts page, section 5
        return _camel(shaped) if notice.kind == FEED else shaped


def _camel(document: Json) -> Json:
    return {
        name[0].lower() + name[1:]: _camel(value) if name == "NotificationMetadata" else value
        for name, value in document.items()
    }
