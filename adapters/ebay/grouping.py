"""A listing with variants -> eBay's inventory item group and its members. Pure.

Each variant is an inventory item with an offer of its own; the group makes one listing of them. A group is written
whole, with all of its members: a member that a write leaves out is gone from the listing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.ebay.mapping import amount, aspects, item_document, offer_document, one_line
from adapters.ebay.settings import EbayAccount
from adapters.model import Listing, Rendered, Variant

_IMAGES_MOST, _IMAGES_OF_MEMBER = 24, 12


def members(listing: Listing) -> list[Listing]:
    """Each variant as a listing of its own, in the group's words: a text that differs would replace the group's."""
    return [_member(listing, variant) for variant in listing.variants]


def group_document(
    listing: Listing,
    account: EbayAccount,
    *,
    kept: Iterable[str] = (),
    pictures: Mapping[str, str] | None = None,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Body of createOrReplaceInventoryItemGroup.

    kept: further members that eBay does not let go, whose choices are those of the group `before`. pictures: address by
    source, where they are uploaded.
    """
    shared = {name: values for name, values in aspects(listing, account).items() if name not in listing.axes}
    known = pictures or {}
    return {
        "inventoryItemGroupKey": listing.sku,
        "title": one_line(listing.title),
        "description": listing.description,
        "imageUrls": [known.get(image, image) for image in group_images(listing)],
        "aspects": shared,
        "variantSKUs": [*(variant.sku for variant in listing.variants), *kept],
        "variesBy": {
            "aspectsImageVariesBy": [pictured_axis(listing)],
            "specifications": _specifications(listing, before or {}),
        },
    }


def render_group(listing: Listing, account: EbayAccount) -> Rendered:
    """Everything that would be sent for a group, split like `mapping.render`."""
    items, offer = [], {}
    for member in members(listing):
        item = item_document(member, account)
        del item["availability"]
        items.append(item)
        offer[member.sku] = {"price": amount(member.price), "quantity": member.quantity}
    shared = offer_document(listing, account)
    del shared["availableQuantity"], shared["pricingSummary"]
    content = {"group": group_document(listing, account), "items": items, "offer": shared}
    return Rendered(
        content=content,
        offer={"price": amount(listing.price), "quantity": listing.quantity, "variants": offer},
    )


def group_images(listing: Listing) -> list[str]:
    """The group's own pictures, then the first one of each variant: eBay wants one for each choice among them."""
    firsts = [variant.images[0] for variant in listing.variants if variant.images]
    return list(dict.fromkeys([*listing.images, *firsts]))[:_IMAGES_MOST]


def pictured_axis(listing: Listing) -> str:
    """The axis that pictures differ in: the first whose choices each have pictures of their own, else the first."""
    for axis in listing.axes:
        shown: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for variant in listing.variants:
            shown.setdefault(variant.choice([axis]), set()).add(variant.images)
        if len(shown) > 1 and all(len(images) == 1 and any(images) for images in shown.values()):
            return axis
    return listing.axes[0] if listing.axes else ""


def _specifications(listing: Listing, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = {
        str(axis.get("name")): list(axis.get("values") or ())
        for axis in (before.get("variesBy") or {}).get("specifications") or ()
    }
    return [{"name": axis, "values": _values(listing.variants, axis, known.get(axis, []))} for axis in listing.axes]


def _values(variants: Sequence[Variant], axis: str, more: Sequence[str]) -> list[str]:
    """The choices on an axis, in the order of the variants."""
    return list(dict.fromkeys([value for variant in variants for value in variant.choice([axis]) if value] + [*more]))


def _member(listing: Listing, variant: Variant) -> Listing:
    return replace(
        listing,
        sku=variant.sku,
        price=variant.price,
        quantity=variant.quantity,
        attributes={**listing.attributes, **variant.attributes},
        images=variant.images or listing.images[:_IMAGES_OF_MEMBER],
        gtins=variant.gtins,
        mpn=variant.mpn or listing.mpn,
        variants=(),
        axes=(),
    )
