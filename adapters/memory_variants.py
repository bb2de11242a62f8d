"""Groups of variants on the channel in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from adapters.model import ChannelListing, Listing, Variant

Stocked = TypeVar("Stocked", Variant, ChannelListing)


def content_of_variants(listing: Listing) -> dict[str, Any]:
    """All but prices and stocks; nothing for what is sold as it is."""
    if not listing.variants:
        return {}
    variants = {
        variant.sku: {
            "attributes": {name: list(values) for name, values in sorted(variant.attributes.items())},
            "images": list(variant.images),
            "gtins": list(variant.gtins),
            "mpn": variant.mpn,
        }
        for variant in listing.variants
    }
    return {"axes": list(listing.axes), "variants": variants}


def offers_of_variants(listing: Listing) -> dict[str, Any]:
    """Their prices and stocks; nothing for what is sold as it is."""
    if not listing.variants:
        return {}
    return {"variants": {each.sku: [str(each.price.amount), each.quantity] for each in listing.variants}}


def reoffered(shown: Listing, listing: Listing) -> tuple[Variant, ...]:
    """The variants that are shown, at the new prices and stocks."""
    offers = {variant.sku: variant for variant in listing.variants}
    return tuple(
        replace(each, price=offers[each.sku].price, quantity=offers[each.sku].quantity) if each.sku in offers else each
        for each in shown.variants
    )


def variant_listing(variant: Variant, title: str) -> ChannelListing:
    """What is told of one variant when somebody asks."""
    return ChannelListing(
        sku=variant.sku,
        live=True,
        title=variant.title or title,
        price=variant.price,
        quantity=variant.quantity,
        gtins=variant.gtins,
    )


def restocked(variants: Iterable[Stocked], stocks: Mapping[str, int]) -> tuple[Stocked, ...]:
    """The variants, those that are named with that stock."""
    return tuple(replace(each, quantity=stocks[each.sku]) if each.sku in stocks else each for each in variants)


def twice(listing: Listing, there: Iterable[ChannelListing]) -> list[str]:
    """SKUs of this listing that are on sale in another one: marketplaces take a SKU once."""
    wanted = {variant.sku for variant in listing.variants} or {listing.sku}
    others = [other for other in there if other.live and other.sku != listing.sku]
    shown = {sku for other in others for sku in ([each.sku for each in other.variants] or [other.sku])}
    return sorted(wanted & shown)
