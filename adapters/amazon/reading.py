"""What Amazon says of a listing -> ChannelListing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from adapters.amazon.faults import issue_words, issues_of
from adapters.amazon.marketplaces import MERCHANT_CHANNEL
from adapters.amazon.schema import FIELDS
from adapters.amazon.settings import AmazonAccount
from adapters.amazon.titles import joined
from adapters.amazon.work import CHILDREN, FULFILLMENT
from adapters.model import ChannelListing, Money, Problem

Item = Mapping[str, Any]
STOCK_PARTS = ("summaries", "fulfillmentAvailability")
ALL_PARTS = ("summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "relationships")
# What takes a listing, or its offer, away from buyers although its data were accepted.
_TAKEN_DOWN = frozenset({"LISTING_SUPPRESSED", "CATALOG_ITEM_REMOVED", "SEARCH_SUPPRESSED"})


def channel_of(item: Item, account: AmazonAccount) -> str:
    """Whose stock the listing is; Amazon's as soon as any of it is."""
    codes = [str(one.get("fulfillmentChannelCode") or "") for one in _list(item.get("fulfillmentAvailability"))]
    ours = next((code for code in codes if code.startswith("AMAZON")), MERCHANT_CHANNEL)
    return account.stock_channel or ours


def child_skus(item: Item) -> list[str]:
    """The versions of a group, by what Amazon says of the group; none of anything else."""
    relations = [one for place in _list(item.get("relationships")) for one in _list(place.get("relationships"))]
    return [str(sku) for one in relations if one.get("type") == "VARIATION" for sku in one.get("childSkus") or ()]


def is_parent(item: Item) -> bool:
    """Whether it stands for a group, and cannot be bought itself."""
    return _first(_attributes(item).get("parentage_level")).get("value") == "parent" or bool(child_skus(item))


def listing_of(item: Item, account: AmazonAccount, children: Sequence[ChannelListing] = ()) -> ChannelListing:
    """One listing as Amazon shows it. children: of a group, its versions.

    Without a summary, or without an ASIN in it, Amazon has not put the listing into its catalogue yet. What is sold out
    is not buyable and counts as live.
    """
    if is_parent(item):
        return _group(item, account, children)
    summary = _summary(item, account)
    channel = channel_of(item, account)
    quantity = merchant_quantity(item) if channel == MERCHANT_CHANNEL else None
    problems = tuple(problems_of(item))
    statuses = summary.get("status") or ()
    placed = bool(summary.get("asin"))
    sold_out = placed and quantity == 0 and not problems
    live = "BUYABLE" in statuses or sold_out
    return ChannelListing(
        sku=str(item.get("sku") or ""),
        live=live,
        title=_title(item, summary),
        price=_price(item, account),
        quantity=quantity,
        references={FULFILLMENT: channel},
        gtins=_gtins(item),
        problems=problems,
        under_review=not live and not problems,
    )


def _group(item: Item, account: AmazonAccount, children: Sequence[ChannelListing]) -> ChannelListing:
    """A group is live where any version is; a version's problem is the group's."""
    problems = [*problems_of(item), *(problem for child in children for problem in child.problems)]
    live = any(child.live for child in children)
    kept = {child.sku: child.references.get(FULFILLMENT, "") for child in sorted(children, key=lambda one: one.sku)}
    return ChannelListing(
        sku=str(item.get("sku") or ""),
        live=live,
        title=_title(item, _summary(item, account)),
        price=None,
        quantity=None,
        references={CHILDREN: orjson.dumps(kept).decode()} if kept else {},
        variants=tuple(children),
        problems=tuple(dict.fromkeys(problems)),
        under_review=not live and not problems,
    )


def problems_of(item: Item) -> Iterator[Problem]:
    """Issues that stand between the listing and its buyers: errors, and warnings that are enforced."""
    for issue in issues_of(item):
        if issue.get("severity") != "ERROR" and not _is_enforced(issue):
            continue
        names = [str(name) for name in issue.get("attributeNames") or ()]
        categories = [str(name) for name in issue.get("categories") or ()]
        yield Problem(
            field=next((FIELDS.get(name, "attributes") for name in names), "listing"),
            rule=str(issue.get("code") or "-"),
            message=f"Amazon: {issue_words(issue)}",
            cure=_cure(categories),
            value=", ".join(names),
        )


def _cure(categories: Sequence[str]) -> str:
    cures = {
        "MISSING_ATTRIBUTE": "Give the product this attribute, in the PIM or by a rule of the account.",
        "INVALID_ATTRIBUTE": "Correct this attribute, in the PIM or by a rule of the account.",
        "MISSING_IMAGE": "Give the product a picture.",
        "INVALID_IMAGE": "Replace the picture: white ground, no text, no frame.",
        "MISSING_PRICE": "Give the product a price.",
        "INVALID_PRICE": "Correct the price, or its bounds in Seller Central.",
        "DUPLICATE": "Compare the barcode with the product that Amazon has; list it there, or correct the barcode.",
        "QUALIFICATION_REQUIRED": "Ask Amazon for approval in Seller Central, or take the product off this account.",
    }
    return next((cures[name] for name in categories if name in cures), "Seller Central says more of this listing.")


def _is_enforced(issue: Mapping[str, Any]) -> bool:
    enforcements = issue.get("enforcements")
    if not isinstance(enforcements, Mapping):
        return False
    actions = {str(one.get("action")) for one in _list(enforcements.get("actions"))}
    exemption = enforcements.get("exemption")
    status = exemption.get("status") if isinstance(exemption, Mapping) else "NOT_EXEMPT"
    return bool(actions & _TAKEN_DOWN) and status == "NOT_EXEMPT"


def created_of(item: Item, account: AmazonAccount) -> str:
    """When Amazon made the listing, ISO 8601; "" where it does not say."""
    return str(_summary(item, account).get("createdDate") or "")


def _summary(item: Item, account: AmazonAccount) -> Mapping[str, Any]:
    summaries = _list(item.get("summaries"))
    return next((one for one in summaries if one.get("marketplaceId") == account.marketplace_id), {})


def _title(item: Item, summary: Mapping[str, Any]) -> str:
    attributes = _attributes(item)
    name = _first(attributes.get("item_name")).get("value") or summary.get("itemName") or ""
    return joined(str(name), str(_first(attributes.get("title_differentiation")).get("value") or ""))


def merchant_quantity(item: Item) -> int | None:
    """The seller's own stock; None where Amazon names none."""
    for one in _list(item.get("fulfillmentAvailability")):
        if one.get("fulfillmentChannelCode") == MERCHANT_CHANNEL and isinstance(one.get("quantity"), int):
            return int(one["quantity"])
    return None


def _price(item: Item, account: AmazonAccount) -> Money | None:
    """What a consumer pays."""
    for offer in _list(item.get("offers")):
        price = offer.get("price")
        here = offer.get("marketplaceId") == account.marketplace_id and offer.get("offerType") == "B2C"
        if here and isinstance(price, Mapping):
            try:
                return Money(Decimal(str(price.get("amount"))), str(price.get("currencyCode")))
            except InvalidOperation:
                return None
    return None


def _gtins(item: Item) -> tuple[str, ...]:
    codes = _list(_attributes(item).get("externally_assigned_product_identifier"))
    return tuple(dict.fromkeys(str(code["value"]) for code in codes if str(code.get("value") or "").isdigit()))


def _attributes(item: Item) -> Mapping[str, Any]:
    attributes = item.get("attributes")
    return attributes if isinstance(attributes, Mapping) else {}


def _first(values: object) -> Mapping[str, Any]:
    return next(iter(_list(values)), {})


def _list(values: object) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
