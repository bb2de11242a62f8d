"""Which call is served by what: the operations by method and path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapters.sandbox.amazon import feeds, order_desk, reads, subscriptions, type_reads, writes
from adapters.sandbox.amazon.lwa import NOTIFICATIONS_SCOPE
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.amazon.signatures import Signatures
from adapters.sandbox.amazon.submissions import Submission
from adapters.sandbox.server import Reply, Request


@dataclass(frozen=True, slots=True)
class Write:
    """A call that changes a listing."""

    name: str
    parse: Callable[[Shop, Request], Submission]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Any other call. limit: the bucket it takes from, where that is not its own. scope: of a grantless operation."""

    name: str
    answer: Callable[[Shop, Request, Signatures], Reply]
    limit: Callable[[Request], str] | None = None
    scope: str = ""


Operation = Write | Call


def _plain(answer: Callable[[Shop, Request], Reply]) -> Callable[[Shop, Request, Signatures], Reply]:
    return lambda shop, request, _: answer(shop, request)


def _notifications(name: str, answer: Callable[[Shop, Request], Reply], scope: str = "") -> Call:
    return Call(name, _plain(answer), lambda request: "notifications", scope)


_ITEM = ("listings", "2021-08-01", "items", "*", "*")
_FEEDS = ("feeds", "2021-06-30")
_ORDERS = ("orders", "2026-01-01", "orders")
_TYPES = ("definitions", "2020-09-01", "productTypes")
_NOTIFICATIONS = ("notifications", "v1")
_OPERATIONS: dict[tuple[str, ...], Operation] = {
    ("PUT", *_ITEM): Write("put", writes.parse("put")),
    ("PATCH", *_ITEM): Write("patch", writes.parse("patch")),
    ("DELETE", *_ITEM): Write("delete", writes.parse("delete")),
    ("GET", *_ITEM): Call("get", _plain(reads.get_item)),
    ("GET", *_ITEM[:-1]): Call("search", _plain(reads.search_items)),
    ("GET", *_TYPES): Call("search_product_types", _plain(type_reads.search_types)),
    ("GET", *_TYPES, "*"): Call("get_product_type", type_reads.get_type),
    ("POST", *_FEEDS, "documents"): Call("create_document", feeds.create_document),
    ("GET", *_FEEDS, "documents", "*"): Call("get_document", feeds.get_document),
    ("POST", *_FEEDS, "feeds"): Call("create_feed", _plain(feeds.create_feed), feeds.limit_of),
    ("GET", *_FEEDS, "feeds"): Call("list_feeds", _plain(feeds.list_feeds)),
    ("GET", *_FEEDS, "feeds", "*"): Call("get_feed", _plain(feeds.get_feed)),
    ("DELETE", *_FEEDS, "feeds", "*"): Call("cancel_feed", _plain(feeds.cancel_feed)),
    ("GET", *_ORDERS): Call("search_orders", _plain(order_desk.search_orders)),
    ("GET", *_ORDERS, "*"): Call("get_order", _plain(order_desk.get_order)),
    ("POST", "orders", "v0", "orders", "*", "shipmentConfirmation"): Call(
        "confirm_shipment", _plain(order_desk.confirm_shipment)
    ),
    ("GET", "sellers", "v1", "marketplaceParticipations"): Call("get_participations", _plain(reads.get_participations)),
    ("POST", *_NOTIFICATIONS, "destinations"): _notifications(
        "create_destination", subscriptions.create_destination, NOTIFICATIONS_SCOPE
    ),
    ("GET", *_NOTIFICATIONS, "destinations"): _notifications(
        "list_destinations", subscriptions.list_destinations, NOTIFICATIONS_SCOPE
    ),
    ("POST", *_NOTIFICATIONS, "subscriptions", "*"): _notifications("subscribe", subscriptions.subscribe),
    ("GET", *_NOTIFICATIONS, "subscriptions", "*"): _notifications("get_subscription", subscriptions.get_subscription),
    ("DELETE", *_NOTIFICATIONS, "subscriptions", "*", "*"): _notifications(
        "unsubscribe", subscriptions.unsubscribe, NOTIFICATIONS_SCOPE
    ),
}


def operation_of(request: Request) -> Operation | None:
    """The operation that a request asks for; None when there is no such path and method."""
    parts = request.segments
    for key in ((request.method, *template) for template in _templates(parts)):
        found = _OPERATIONS.get(key)
        if found is not None:
            return found
    return None


def _templates(parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The path as it is, with its last one or two parts free, and with the one before the last, as templates have
    them."""
    return [parts, (*parts[:-1], "*"), (*parts[:-2], "*", "*"), (*parts[:-2], "*", *parts[-1:])]
