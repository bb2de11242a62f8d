"""Inventory items: create or replace (one or up to 25), delete, and what reads return."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adapters.sandbox.ebay.errors import Json, refused, vendor_error
from adapters.sandbox.ebay.marketplaces import NEW_CONDITIONS
from adapters.sandbox.ebay.publication import content_shown, count_revision, refuse_broken_revision
from adapters.sandbox.ebay.state import Item, Shop

_SKU_LENGTH = 50


@dataclass(slots=True)
class Entry:
    """One thing to do: a call has one, a bulk call up to 25. Fields that an operation has no use for stay empty."""

    sku: str = ""
    offer_id: str = ""
    marketplace: str = ""
    format: str = ""
    locale: str = ""
    document: Json = field(default_factory=dict)


@dataclass(slots=True)
class Result:
    """What became of an entry. fields: the ids that the answer names."""

    status: int = 200
    fields: Json = field(default_factory=dict)
    warnings: list[Json] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)


def replace_item(shop: Shop, entry: Entry) -> Result:
    """createOrReplaceInventoryItem: whole replacement, live listings of the SKU change at once."""
    fields: Json = {"sku": entry.sku, "locale": entry.locale}
    refuse_bad_sku(shop, entry.sku)
    document = {name: value for name, value in entry.document.items() if value is not None}
    warnings = []
    if document.get("condition") in NEW_CONDITIONS and document.pop("conditionDescription", None):
        warnings.append(vendor_error(25402, "conditionDescription was dropped", name="conditionDescription"))
    status = 200 if entry.sku in shop.items else 201
    put_item(shop, Item(sku=entry.sku, locale=entry.locale, document=document))
    return Result(status=status, fields=fields, warnings=warnings)


def put_item(shop: Shop, item: Item) -> None:
    """Make this the item of its SKU and revise what is live. Raises RefusedError before anything changes."""
    live = shop.live_offers_of(item.sku)
    for offer in live:
        refuse_broken_revision(shop, item, offer)
    for offer in live:
        if offer.listing is not None:
            count_revision(shop, offer.listing)
    shop.items[item.sku] = item
    for offer in live:
        if offer.listing is not None:
            offer.listing.content = content_shown(shop, item, offer, offer.listing.content)


def delete_item(shop: Shop, entry: Entry) -> Result:
    """deleteInventoryItem: takes the SKU's offers and listings with it."""
    if entry.sku not in shop.items:
        raise refused(25710, sku=entry.sku)
    for offer in shop.offers_of(entry.sku):
        shop.remove_offer(offer)
    group = shop.group_of(entry.sku)
    if group is not None:
        left = [sku for sku in group.skus if sku != entry.sku]
        shop.put_group(replace(group, document={**group.document, "variantSKUs": left}))
    del shop.items[entry.sku]
    return Result(status=204)


def refuse_bad_sku(shop: Shop, sku: str) -> None:
    """Raises RefusedError 25707 for a SKU that eBay takes for no item."""
    alphanumeric = sku.isascii() and sku.isalnum()
    if not 0 < len(sku) <= _SKU_LENGTH or (shop.rules.alphanumeric_skus and not alphanumeric):
        raise refused(25707, f"1 to {_SKU_LENGTH} characters", sku=sku)


def item_document(shop: Shop, item: Item, *, with_ids: bool = False) -> Json:
    """The item as reads return it. with_ids: as the reads of one item do, which name its group twice."""
    document = {**item.document, "sku": item.sku, "locale": item.locale}
    group = shop.group_of(item.sku)
    if group is not None:
        document["inventoryItemGroupKeys"] = [group.key]
        if with_ids:
            document["groupIds"] = [group.key]
    return document
