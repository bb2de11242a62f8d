"""What Amazon finds in a submission at once, and what its catalogue finds later, as issues. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from adapters.gtins import is_gtin, is_internal
from adapters.sandbox.amazon.errors import Json, issue
from adapters.sandbox.amazon.schemas import Violation

Attributes = Mapping[str, list[Json]]
_SHORT_TITLE = 75
_COUNTS = frozenset({"minItems", "maxItems", "minUniqueItems", "maxUniqueItems"})
_IMAGE = "image_locator"


def of_violations(found: Iterable[Violation]) -> list[Json]:
    """Breaches of a product type's schema in Amazon's words, each once."""
    issues = []
    for attribute, keyword, path, message in dict.fromkeys(map(_told, found)):
        if keyword == "required" and path == attribute:
            issues.append(
                issue("90220", f"'{attribute}' is required but not supplied.", "MISSING_ATTRIBUTE", [attribute])
            )
        elif keyword == "additionalProperties" and path == attribute:
            words = f"The attribute '{attribute}' is not valid for the product type."
            issues.append(issue("90000900", words, "INVALID_ATTRIBUTE", [attribute]))
        else:
            code = "99022" if keyword in _COUNTS or keyword == "required" else "4000001"
            category = "INVALID_PRICE" if attribute == "purchasable_offer" else "INVALID_ATTRIBUTE"
            issues.append(issue(code, f"The value at '{path}' {message}.", category, [attribute]))
    return issues


def _told(violation: Violation) -> tuple[str, str, str, str]:
    """Attribute, keyword, place and words of a violation."""
    path = ".".join(str(part) for part in violation.path if isinstance(part, str)) or "attributes"
    return path.split(".")[0], violation.keyword, path, violation.message


def of_content(attributes: Attributes, *, refuse_internal: bool) -> list[Json]:
    """What Amazon checks at once beyond the schema."""
    return [*_prices(attributes), *_titles(attributes), *_codes(attributes, refuse_internal), *_stock(attributes)]


def _prices(attributes: Attributes) -> Iterator[Json]:
    for offer in attributes.get("purchasable_offer", ()):
        price, lowest = _scheduled(offer, "our_price"), _scheduled(offer, "minimum_seller_allowed_price")
        if price is not None and lowest is not None and lowest > price:
            yield issue("18155", "The minimum price is above the price.", "INVALID_PRICE", ["purchasable_offer"])


def _titles(attributes: Attributes) -> Iterator[Json]:
    long = any(len(str(one.get("value"))) > _SHORT_TITLE for one in attributes.get("item_name", ()))
    if long and attributes.get("title_differentiation"):
        words = f"title_differentiation is only for an item_name of up to {_SHORT_TITLE} characters."
        yield issue("100476", words, "INVALID_ATTRIBUTE", ["title_differentiation", "item_name"])


def _codes(attributes: Attributes, refuse_internal: bool) -> Iterator[Json]:
    name = "externally_assigned_product_identifier"
    for code in attributes.get(name, ()):
        value = str(code.get("value", ""))
        if not is_gtin(value) or (refuse_internal and is_internal(value)):
            yield issue("4000001", f"The product identifier {value} is not valid.", "INVALID_ATTRIBUTE", [name])


def _stock(attributes: Attributes) -> Iterator[Json]:
    name = "fulfillment_availability"
    for stock in attributes.get(name, ()):
        if stock.get("fulfillment_channel_code") != "DEFAULT" and "quantity" in stock:
            words = "The quantity of stock that Amazon fulfils cannot be set."
            yield issue("4000001", words, "INVALID_ATTRIBUTE", [name])


def _scheduled(offer: Json, kind: str) -> Any:
    """The price of this kind, None where there is none."""
    try:
        return offer[kind][0]["schedule"][0]["value_with_tax"]
    except (KeyError, IndexError):
        return None


def of_catalogue(
    attributes: Attributes, *, brand: str, requirements: str, parent_exists: Callable[[str], bool]
) -> Iterator[Json]:
    """What is found after acceptance. brand: the catalogue's own for the ASIN. parent_exists: is there such a SKU?"""
    own = _first(attributes, "brand", "value")
    if own and brand and own != brand:
        words = f"The data for this SKU differs from the catalogue's for the matching ASIN: brand is '{brand}'."
        yield issue("8541", words, "INVALID_ATTRIBUTE", ["brand"], action="LISTING_SUPPRESSED")
    parent = _first(attributes, "child_parent_sku_relationship", "parent_sku")
    if parent and not parent_exists(parent):
        words = f"The parent SKU {parent} is not there."
        yield issue("8026", words, "INVALID_ATTRIBUTE", ["child_parent_sku_relationship"])
    yield from _images(attributes, requirements)
    if requirements != "LISTING_OFFER_ONLY" and "gpsr_manufacturer_reference" not in attributes:
        words = "Contact data of the manufacturer are required by the General Product Safety Regulation."
        yield issue("100528", words, "MISSING_ATTRIBUTE", ["gpsr_manufacturer_reference"], severity="WARNING")


def _images(attributes: Attributes, requirements: str) -> Iterator[Json]:
    main = "main_product_image_locator"
    if requirements != "LISTING_OFFER_ONLY" and main not in attributes:
        words = "The listing has no main image."
        yield issue("18027", words, "MISSING_IMAGE", [main], severity="WARNING", action="SEARCH_SUPPRESSED")
    for name, values in attributes.items():
        places = [str(one.get("media_location", "")) for one in values] if _IMAGE in name else []
        if any(not place.startswith(("https://", "http://", "s3://")) for place in places):
            yield issue("18027", f"The image at '{name}' cannot be fetched.", "INVALID_IMAGE", [name])


def _first(attributes: Attributes, name: str, part: str) -> str:
    values = attributes.get(name)
    return str(values[0].get(part, "")) if values else ""
