"""A listing as ManoMano sells it: every version of a group is an offer and a record of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from adapters.manomano.columns import WEIGHT
from adapters.model import Listing, Money, Variant
from adapters.values import value_object

_MEASURE = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s].*?)?\s*")
_KILOGRAMS = {"": Decimal(1), "KG": Decimal(1), "KILOGRAM": Decimal(1), "G": Decimal("0.001"), "GR": Decimal("0.001")}


@value_object
class Version:
    """What one buyer's click buys. parent: SKU of the group it belongs to, "" = it is sold as it is."""

    sku: str
    title: str
    price: Money
    quantity: int
    weight: Decimal | None
    images: tuple[str, ...]
    gtins: tuple[str, ...]
    mpn: str | None
    attributes: Mapping[str, tuple[str, ...]]
    parent: str = ""
    parent_title: str = ""


def versions_of(listing: Listing) -> tuple[Version, ...]:
    """The listing itself, or each of its variants."""
    if listing.variants:
        return tuple(_version(listing, variant) for variant in listing.variants)
    return (
        Version(
            sku=listing.sku,
            title=listing.title,
            price=listing.price,
            quantity=listing.quantity,
            weight=_weight(listing, listing.attributes),
            images=listing.images,
            gtins=listing.gtins,
            mpn=listing.mpn,
            attributes=listing.attributes,
        ),
    )


def measure(text: str) -> tuple[Decimal, str] | None:
    """A number and its unit, "" where there is none: "2,5 kg" is 2.5 and kg. None for what is no number."""
    found = _MEASURE.fullmatch(text)
    if found is None:
        return None
    try:
        return Decimal(found[1].replace(",", ".")), found[2] or ""
    except InvalidOperation:
        return None


def _version(listing: Listing, variant: Variant) -> Version:
    attributes = {**listing.attributes, **variant.attributes}
    return Version(
        sku=variant.sku,
        title=variant.title or _own_title(listing, variant),
        price=variant.price,
        quantity=variant.quantity,
        weight=_weight(listing, attributes),
        images=variant.images or listing.images,
        gtins=variant.gtins,
        mpn=variant.mpn,
        attributes=attributes,
        parent=listing.sku,
        parent_title=listing.title,
    )


def _own_title(listing: Listing, variant: Variant) -> str:
    """Each version needs a title of its own: the group's, with what one chooses."""
    chosen = ", ".join(value for value in variant.choice(listing.axes) if value)
    return f"{listing.title} {chosen}".strip() if chosen not in listing.title else listing.title


def _weight(listing: Listing, attributes: Mapping[str, tuple[str, ...]]) -> Decimal | None:
    """Kilograms: as a rule of the account or the version says, else as the product weighs."""
    for text in attributes.get(WEIGHT, ()):
        found = measure(text)
        if found is not None and found[1].upper().rstrip(".") in _KILOGRAMS:
            return found[0] * _KILOGRAMS[found[1].upper().rstrip(".")]
    return listing.weight
