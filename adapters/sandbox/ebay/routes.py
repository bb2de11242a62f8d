"""Which call is served by what: the operations of the Inventory and Account APIs by method and path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from adapters.sandbox.ebay import asks, groups, items, media, offers, order_desk, reads, requests
from adapters.sandbox.ebay.asks import Ask
from adapters.sandbox.ebay.errors import Json
from adapters.sandbox.ebay.items import Entry, Result
from adapters.sandbox.ebay.state import Shop
from adapters.sandbox.ebay.world import POLICY_KINDS, Rules
from adapters.sandbox.server import Reply, Request


@dataclass(frozen=True, slots=True)
class Write:
    """A call that changes listings: parsed to entries, performed entry by entry, joined to one answer.

    names: the ids that the answer names, of the whole call or of each entry. success: the status of a clean single
    call that answers with a body; None answers 204 without one.
    """

    name: str
    parse: Callable[[Request, Rules], list[Entry]]
    perform: Callable[[Shop, Entry], Result]
    names: tuple[str, ...] = ()
    bulk: bool = False
    success: int | None = None
    scope: str = "sell.inventory"

    def join(self, entries: Sequence[Entry], results: Sequence[Result]) -> Reply:
        """The answer of the whole call: 207 for a bulk call that failed in any entry."""
        if self.bulk:
            responses = [self._response(entry, result) for entry, result in zip(entries, results, strict=True)]
            clean = all(result.status < 300 for result in results)
            return Reply(200 if clean else 207, {"responses": responses})
        (result,) = results
        if result.errors:
            return Reply(result.status, {"errors": result.errors})
        body: Json = {name: result.fields[name] for name in self.names}
        if result.warnings:
            body["warnings"] = result.warnings
        if self.success is None:
            return Reply(result.status, body) if body else Reply(204)
        return Reply(self.success, body)

    def _response(self, entry: Entry, result: Result) -> Json:
        known = {
            "sku": entry.sku,
            "locale": entry.locale,
            "offerId": entry.offer_id,
            "marketplaceId": entry.marketplace,
            "format": entry.format,
            **result.fields,
        }
        response: Json = {name: known[name] for name in self.names if known.get(name)}
        return {**response, "statusCode": result.status, "errors": result.errors, "warnings": result.warnings}


@dataclass(frozen=True, slots=True)
class Read:
    """A call answered in one step. write: it needs the scope that may write."""

    name: str
    answer: Callable[[Shop, Request], Reply]
    scope: str = "sell.inventory"
    write: bool = False


Operation = Write | Read | Ask

_ITEM, _OFFER = ("sku", "locale"), ("sku", "marketplaceId", "format", "offerId")
_WRITES: dict[tuple[str, ...], Write] = {
    ("PUT", "inventory_item", "*"): Write("replace_item", requests.parse_item, items.replace_item),
    ("POST", "bulk_create_or_replace_inventory_item"): Write(
        "bulk_replace_item", requests.parse_bulk_items, items.replace_item, _ITEM, bulk=True
    ),
    ("DELETE", "inventory_item", "*"): Write("delete_item", requests.parse_sku, items.delete_item),
    ("POST", "offer"): Write("create_offer", requests.parse_offer, offers.create_offer, ("offerId",), success=201),
    ("POST", "bulk_create_offer"): Write(
        "bulk_create_offer", requests.parse_bulk_offers, offers.create_offer, _OFFER, bulk=True
    ),
    ("PUT", "offer", "*"): Write("update_offer", requests.parse_offer_update, offers.update_offer),
    ("DELETE", "offer", "*"): Write("delete_offer", requests.parse_offer_id, offers.delete_offer),
    ("POST", "offer", "*", "publish"): Write(
        "publish", requests.parse_offer_id, offers.publish_offer, ("listingId",), success=200
    ),
    ("POST", "offer", "*", "withdraw"): Write(
        "withdraw", requests.parse_offer_id, offers.withdraw_offer, ("listingId",), success=200
    ),
    ("POST", "bulk_publish_offer"): Write(
        "bulk_publish", requests.parse_bulk_publish, offers.publish_offer, ("offerId", "listingId"), bulk=True
    ),
    ("PUT", "inventory_item_group", "*"): Write("replace_group", requests.parse_group, groups.replace_group),
    ("DELETE", "inventory_item_group", "*"): Write("delete_group", requests.parse_sku, groups.delete_group),
    ("POST", "offer", "publish_by_inventory_item_group"): Write(
        "publish_group", requests.parse_group_place, groups.publish_group, ("listingId",), success=200
    ),
    ("POST", "offer", "withdraw_by_inventory_item_group"): Write(
        "withdraw_group", requests.parse_group_place, groups.withdraw_group
    ),
    ("POST", "bulk_update_price_quantity"): Write(
        "bulk_price_quantity",
        requests.parse_price_quantity,
        offers.update_price_quantity,
        ("sku", "offerId"),
        bulk=True,
    ),
}
_READS: dict[tuple[str, ...], Read] = {
    ("GET", "inventory_item", "*"): Read("get_item", reads.get_item),
    ("GET", "inventory_item"): Read("list_items", reads.list_items),
    ("POST", "bulk_get_inventory_item"): Read("bulk_get_item", reads.bulk_get_items),
    ("GET", "inventory_item_group", "*"): Read("get_group", groups.get_group),
    ("GET", "offer", "*"): Read("get_offer", reads.get_offer),
    ("GET", "offer"): Read("list_offers", reads.list_offers),
    ("POST", "location", "*"): Read("create_location", reads.create_location, write=True),
    ("GET", "location", "*"): Read("get_location", reads.get_location),
    ("GET", "location"): Read("list_locations", reads.list_locations),
}
_ACCOUNT_READS: dict[tuple[str, ...], Read] = {
    ("GET", "privilege"): Read("get_privileges", reads.get_privileges, "sell.account"),
    ("GET", "program", "*"): Read("get_programs", reads.get_programs, "sell.account"),
    **{
        key: Read(f"get_{kind}_policy", partial(reads.policy_reader, kind), "sell.account")
        for kind in POLICY_KINDS
        for key in (("GET", f"{kind}_policy"), ("GET", f"{kind}_policy", "*"))
    },
}
_SELLING = "sell.fulfillment"
_ORDER_READS: dict[tuple[str, ...], Read] = {
    ("GET", "order"): Read("list_orders", order_desk.list_orders, _SELLING),
    ("GET", "order", "*"): Read("get_order", order_desk.get_order, _SELLING),
    ("GET", "order", "*", "shipping_fulfillment"): Read("list_parcels", order_desk.list_parcels, _SELLING),
    ("POST", "order", "*", "shipping_fulfillment"): Read("ship", order_desk.create_parcel, _SELLING, write=True),
}
_TREE = ("GET", "category_tree", "*")
_PLACE = ("GET", "marketplace", "*")
_FAMILIES: dict[tuple[str, ...], dict[tuple[str, ...], Operation]] = {
    ("sell", "inventory", "v1"): {**_WRITES, **_READS},
    ("sell", "account", "v1"): {**_ACCOUNT_READS},
    ("sell", "fulfillment", "v1"): {**_ORDER_READS},
    ("commerce", "media", "v1_beta"): {
        ("POST", "image", "create_image_from_url"): Read("upload", media.upload, write=True),
        ("GET", "image", "*"): Read("get_picture", media.get_picture),
    },
    ("commerce", "taxonomy", "v1"): {
        ("GET", "get_default_category_tree_id"): Ask("get_tree", asks.default_tree),
        (*_TREE, "get_item_aspects_for_category"): Ask("get_aspects", asks.item_aspects),
        (*_TREE, "get_category_suggestions"): Ask("get_suggestions", asks.suggestions),
    },
    ("sell", "metadata", "v1"): {
        (*_PLACE, "get_item_condition_policies"): Ask("get_conditions", asks.condition_policies),
        (*_PLACE, "get_listing_structure_policies"): Ask("get_structures", asks.structure_policies),
    },
    ("developer", "analytics", "v1_beta"): {("GET", "rate_limit"): Ask("get_rate_limits", asks.rate_limits)},
    ("commerce", "notification", "v1"): {("GET", "public_key", "*"): Ask("get_key", asks.public_key)},
}


def operation_of(request: Request) -> Operation | None:
    """The operation that a request asks for; None when there is no such path and method."""
    served = _FAMILIES.get(request.segments[:3])
    if served is None:
        return None
    rest = request.segments[3:]
    if (exact := served.get((request.method, *rest))) is not None:
        return exact
    template = tuple("*" if place == 1 else part for place, part in enumerate(rest))
    return served.get((request.method, *template))
