"""Inventory item groups: several items shown as one listing with choices (facts page, section 1.7).

The group's title, description and pictures are the listing's, unless an item or its offer says otherwise. A write of
the group replaces it whole: a member that it leaves out is gone from the live listing, unless it was sold from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adapters.sandbox.ebay.errors import Json, RefusedError, refused, vendor_error
from adapters.sandbox.ebay.items import Entry, Result
from adapters.sandbox.ebay.marketplaces import MARKETPLACES
from adapters.sandbox.ebay.publication import content_shown, count_revision, refuse_unpublishable
from adapters.sandbox.ebay.state import Group, Item, Listing, Offer, Shop, Tally
from adapters.sandbox.server import Reply, Request

_KEY_LENGTH, _MEMBERS, _AXES, _VALUES, _MEMBER_PICTURES = 50, 250, 5, 30, 12
_SHARED = ("categoryId", "merchantLocationKey", "listingPolicies")  # of all offers of one listing
_TEXTS = ("title", "description", "imageUrls")


def replace_group(shop: Shop, entry: Entry) -> Result:
    """createOrReplaceInventoryItemGroup: whole replacement, a live listing changes at once."""
    if not 0 < len(entry.sku) <= _KEY_LENGTH:
        raise refused(25709, f"1 to {_KEY_LENGTH} characters", name="inventoryItemGroupKey")
    document = {n: v for n, v in entry.document.items() if v is not None and n != "inventoryItemGroupKey"}
    old = shop.groups.get(entry.sku)
    wanted = Group(entry.sku, entry.locale, document)
    _refuse_members(shop, wanted)
    if old is not None and old.listing_id:
        wanted.listing_id, wanted.tally = old.listing_id, old.tally
        _revise(shop, old, wanted)
    shop.put_group(wanted)
    return Result(status=204)


def publish_group(shop: Shop, entry: Entry) -> Result:
    """publishOfferByInventoryItemGroup: makes one listing of all members that have an offer, or adds those that came
    since. Raises RefusedError for the whole group when the data of one member contradict it."""
    group = _group(shop, entry.sku)
    offers = _offers(shop, group, entry.marketplace)
    if not offers:
        raise refused(25713, f"No member of {group.key} has an offer on {entry.marketplace}")
    errors = [*_contradictions(shop, group, offers), *_wrong_axes(shop, group), *_incomplete(group)]
    if errors:
        raise RefusedError(errors, 400)
    if not group.listing_id and not any(shop.shown_quantity(offer) for offer in offers):
        raise refused(25004, "A new listing needs a quantity of at least 1", name="quantity")
    items = [_with_texts_of(group, shop.items[offer.sku]) for offer in offers]
    for item, offer in zip(items, offers, strict=True):
        refuse_unpublishable(shop, item, offer, sold_out=True)
    _show(shop, group, items, offers)
    return Result(fields={"listingId": group.listing_id})


def withdraw_group(shop: Shop, entry: Entry) -> Result:
    """withdrawOfferByInventoryItemGroup: the listing ends; the group and its offers stay."""
    group = shop.groups.get(entry.sku)
    if group is None:
        raise refused(25725, entry.sku, inventoryItemGroupKey=entry.sku)
    _end(shop, group)
    return Result(status=204)


def delete_group(shop: Shop, entry: Entry) -> Result:
    """deleteInventoryItemGroup: its listing, if there is one, ends with it; items and offers stay."""
    _end(shop, _group(shop, entry.sku))
    shop.remove_group(entry.sku)
    return Result(status=204)


def get_group(shop: Shop, request: Request) -> Reply:
    """getInventoryItemGroup. Raises RefusedError 404/25705 for an unknown one."""
    group = _group(shop, request.segments[4])
    return Reply(200, {**group.document, "inventoryItemGroupKey": group.key})


def _group(shop: Shop, key: str) -> Group:
    group = shop.groups.get(key)
    if group is None:
        raise RefusedError(refused(25705, key, inventoryItemGroupKey=key).errors, 404)
    return group


def _offers(shop: Shop, group: Group, marketplace: str) -> list[Offer]:
    found = (shop.offer_of(sku, marketplace, "FIXED_PRICE") for sku in group.skus)
    return [offer for offer in found if offer is not None]


def _refuse_members(shop: Shop, wanted: Group) -> None:
    skus = wanted.skus
    if not skus or len(set(skus)) != len(skus) or len(skus) > _MEMBERS:
        raise refused(25709, f"1 to {_MEMBERS} different SKUs", name="variantSKUs")
    for sku in skus:
        if sku not in shop.items:
            raise refused(25702, sku, sku=sku)
        other = shop.group_of(sku)
        if other is not None and other.key != wanted.key:
            raise refused(25703, sku, sku=sku, inventoryItemGroupKey=other.key)
        for offer in shop.live_offers_of(sku):
            if offer.listing is not None and not offer.listing.group:
                raise refused(25704, sku, sku=sku, listingId=offer.listing.listing_id)


def _revise(shop: Shop, old: Group, wanted: Group) -> None:
    """A live listing takes over the group's new state. Raises RefusedError before anything changes."""
    gone = [offer for sku in old.skus if sku not in wanted.skus for offer in shop.live_offers_of(sku)]
    for offer in gone:
        if offer.listing is not None and offer.listing.sold:
            raise refused(25013, f"{offer.sku} was sold from this listing and cannot be removed", sku=offer.sku)
    live = [offer for sku in wanted.skus for offer in shop.live_offers_of(sku) if offer.listing is not None]
    errors = [*_contradictions(shop, wanted, live), *_wrong_axes(shop, wanted), *_incomplete(wanted)]
    if errors:
        raise RefusedError(errors, 400)
    for offer in live[:1]:
        if offer.listing is not None:
            count_revision(shop, offer.listing)
    for offer in gone:
        offer.listing = None
    for offer in live:
        if offer.listing is not None:
            item = _with_texts_of(wanted, shop.items[offer.sku])
            offer.listing.content = content_shown(shop, item, offer, offer.listing.content)


def _incomplete(group: Group) -> Iterator[Json]:
    """What a live listing needs of its group."""
    varies = group.document.get("variesBy") or {}
    axes = varies.get("specifications") or []
    for name in ("title", "description", "aspects", "imageUrls"):
        if not group.document.get(name):
            yield vendor_error(25017, f"The group has no {name}", name=name)
    if not axes or len(axes) > _AXES or any(not axis.get("values") for axis in axes):
        yield vendor_error(25013, f"1 to {_AXES} specifications with values", name="variesBy.specifications")
    named = {axis.get("name") for axis in axes}
    pictured = varies.get("aspectsImageVariesBy") or []
    if not pictured or not set(pictured) <= named:
        yield vendor_error(25013, "It names an aspect that varies", name="aspectsImageVariesBy")


def _contradictions(shop: Shop, group: Group, offers: list[Offer]) -> Iterator[Json]:
    """Members that do not fit the group, or each other."""
    axes = (group.document.get("variesBy") or {}).get("specifications") or []
    chosen: dict[tuple[Any, ...], str] = {}
    for offer in offers:
        product = shop.items[offer.sku].product
        aspects = product.get("aspects") or {}
        for axis in axes:
            values = aspects.get(axis.get("name")) or []
            if len(values) != 1 or values[0] not in (axis.get("values") or []):
                yield vendor_error(25013, f"{offer.sku} has no value of {axis.get('name')}", sku=offer.sku)
        choice = tuple(tuple(aspects.get(axis.get("name")) or ()) for axis in axes)
        if axes and chosen.setdefault(choice, offer.sku) != offer.sku:
            yield vendor_error(25013, f"{offer.sku} and {chosen[choice]} are the same variation", sku=offer.sku)
        if len(product.get("imageUrls") or []) > _MEMBER_PICTURES:
            yield vendor_error(25014, f"At most {_MEMBER_PICTURES} for a variation", sku=offer.sku)
        for name in _SHARED:
            if offer.document.get(name) != offers[0].document.get(name):
                yield vendor_error(25013, f"{name} of {offer.sku} differs", name=name)


def _wrong_axes(shop: Shop, group: Group) -> Iterator[Json]:
    for axis in (group.document.get("variesBy") or {}).get("specifications") or []:
        if len(axis.get("values") or []) > _VALUES:
            yield vendor_error(25013, f"At most {_VALUES} values", name=str(axis.get("name")))
        if axis.get("name") in shop.rules.invariable_aspects:
            yield vendor_error(25002, f"{axis['name']} is not allowed as a variation specific", name=axis["name"])


def _show(shop: Shop, group: Group, items: list[Item], offers: list[Offer]) -> None:
    live = [offer for offer in offers if offer.listing is not None]
    if not live:
        group.listing_id, group.tally = str(next(shop.numbers.listings)), Tally()
    elif live[0].listing is not None:
        count_revision(shop, live[0].listing)
    for item, offer in zip(items, offers, strict=True):
        before = offer.listing.content if offer.listing is not None else None
        shown = offer.listing or Listing(group.listing_id, {}, group=group.key, tally=group.tally)
        shown.content = content_shown(shop, item, offer, before)
        offer.listing = shown


def _end(shop: Shop, group: Group) -> None:
    group.listing_id = ""
    for marketplace in MARKETPLACES:
        for offer in _offers(shop, group, marketplace):
            offer.listing = None


def _with_texts_of(group: Group, item: Item) -> Item:
    """The item with the group's title, text and pictures where it has none of its own."""
    own = {name: value for name, value in item.product.items() if value}
    texts = {name: group.document[name] for name in _TEXTS if group.document.get(name)}
    return replace(item, document={**item.document, "product": {**texts, **own}})
