"""What eBay demands of a listing: pure checks over an item and its offer, and what a buyer then sees.

A value that is there and wrong is refused whenever it would reach a live listing; a value that is missing is refused
only when an offer is published (facts page, sections 1.2 and 1.4: a partial PUT of a live item answers 204).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from adapters.sandbox.ebay.errors import Json, RefusedError, refused, vendor_error
from adapters.sandbox.ebay.marketplaces import MARKETPLACES
from adapters.sandbox.ebay.pictures import mixed
from adapters.sandbox.ebay.state import Item, Listing, Offer, Shop
from adapters.sandbox.ebay.world import POLICY_KINDS

_TITLE, _SUBTITLE, _DESCRIPTION, _LISTING_DESCRIPTION = 80, 55, 4_000, 500_000
_ASPECT_NAME, _ASPECT_VALUE, _ASPECT_VALUES = 40, 50, 30
_IMAGES, _BRAND, _CONDITION_DESCRIPTION = 24, 65, 1_000
_POLICY_ERRORS = {"fulfillment": 25007, "payment": 25008, "return": 25009}
_IDENTIFIERS = ("ean", "upc", "isbn", "epid")


def refuse_unpublishable(shop: Shop, item: Item, offer: Offer, *, sold_out: bool = False) -> None:
    """Raises RefusedError listing everything that keeps the offer from being published. sold_out: it may be."""
    errors = [*_missing(shop, item, offer), *_policies(shop, offer), *invalid_values(item, offer)]
    new = offer.listing is None
    if new and shop.shown_quantity(offer) < 1 and not (sold_out or shop.rules.publish_sold_out):
        errors.append(vendor_error(25004, "A new listing needs a quantity of at least 1", name="quantity"))
    if item.locale not in MARKETPLACES[offer.marketplace].locales:
        errors.append(vendor_error(25604, f"The item is in {item.locale}, not in a language of {offer.marketplace}"))
    if errors:
        raise RefusedError(errors, 400)
    limit = shop.rules.listings_limit
    if new and limit is not None and sum(o.listing is not None for o in shop.offers.values()) >= limit:
        raise refused(25026, f"You may have {limit} listings")


def refuse_broken_revision(shop: Shop, item: Item, offer: Offer) -> None:
    """Raises RefusedError when a live listing would get a value that is there and wrong."""
    errors = list(invalid_values(item, offer))
    if not shop.rules.out_of_stock_control and item.quantity == 0:
        errors.append(vendor_error(25004, "Quantity 0 needs out-of-stock control", name="quantity"))
    if errors:
        raise RefusedError(errors, 400)


def count_revision(shop: Shop, listing: Listing) -> None:
    """One more revision of a live listing today. Raises RefusedError 25019 when the day's share is used up."""
    tally = listing.tally
    if tally.day != shop.today:
        tally.day, tally.revisions = shop.today, 0
    if tally.revisions >= shop.rules.revisions_per_day:
        raise refused(25019, f"It was revised {tally.revisions} times today", listingId=listing.listing_id)
    tally.revisions += 1


def content_shown(shop: Shop, item: Item, offer: Offer, before: Json | None = None) -> Json:
    """What a buyer sees apart from the quantity. before: the content so far; what is missing now stays as it was."""
    product, document = item.product, offer.document
    content = {
        "title": product.get("title"),
        "description": document.get("listingDescription") or product.get("description"),
        "price": offer.price.get("value"),
        "currency": offer.price.get("currency"),
        "images": product.get("imageUrls"),
        "aspects": product.get("aspects"),
        "condition": item.document.get("condition"),
        "category": document.get("categoryId"),
    }
    identifier = next((product[name] for name in _IDENTIFIERS if product.get(name)), None)
    if shop.rules.catalogue_match and identifier and document.get("includeCatalogProductDetails") is not False:
        code = identifier if isinstance(identifier, str) else identifier[0]
        content["title"] = content["description"] = f"Catalogue product {code}"
    if before is None:
        return content
    return {name: before[name] if value is None else value for name, value in content.items()}


def _missing(shop: Shop, item: Item, offer: Offer) -> Iterator[Json]:
    product, document, rules = item.product, offer.document, shop.rules
    if item.quantity is None:
        yield _missing_field("quantity")
    if not item.document.get("condition"):
        yield _missing_field("condition")
    if not product.get("title"):
        yield _missing_field("title")
    if not (product.get("description") or document.get("listingDescription")):
        yield _missing_field("description")
    if not product.get("imageUrls"):
        yield vendor_error(25002, "Add at least one picture", name="imageUrls")
    if not document.get("categoryId"):
        yield vendor_error(25005, "It is missing", name="categoryId")
    if document.get("listingDuration") != "GTC":
        yield _missing_field("listingDuration")
    if not offer.price:
        yield vendor_error(25003, "It is missing", name="price")
    yield from _missing_specifics(item, offer, shop)
    if rules.require_ean and not product.get("ean"):
        yield vendor_error(25002, "The EAN field is missing", name="ean")
    yield from _location(shop, document.get("merchantLocationKey"))


def _missing_specifics(item: Item, offer: Offer, shop: Shop) -> Iterator[Json]:
    aspects = item.product.get("aspects") or {}
    if shop.rules.require_aspects and not aspects:
        yield _missing_field("aspects")
    category = offer.document.get("categoryId") or ""
    asked = [aspect.name for aspect in shop.rules.category(category).aspects if aspect.required]
    for name in dict.fromkeys([*shop.rules.required_aspects.get(category, ()), *asked]):
        if not aspects.get(name):
            yield vendor_error(25002, f"The item specific {name} is missing", name=name)
    conditions = shop.rules.category(category).conditions
    if conditions and item.document.get("condition") not in (None, *conditions):
        yield vendor_error(25021, "It is not one of the category's", name="condition")
    leaves = shop.rules.leaf_categories
    if leaves is not None and category and category not in leaves:
        yield vendor_error(25005, "It is not a leaf category", name="categoryId", value=category)


def _location(shop: Shop, key: str | None) -> Iterator[Json]:
    if not key:
        yield vendor_error(25012, "No location is given", name="merchantLocationKey")
    elif key not in shop.locations:
        yield vendor_error(25012, "No such location", name="merchantLocationKey", value=key)
    elif shop.locations[key].get("merchantLocationStatus") == "DISABLED":
        yield vendor_error(25012, "The location is disabled", name="merchantLocationKey", value=key)


def _policies(shop: Shop, offer: Offer) -> Iterator[Json]:
    """Raises RefusedError 404/25713 for a policy of another marketplace, as was seen live."""
    named = offer.document.get("listingPolicies") or {}
    for kind in POLICY_KINDS:
        policy_id = named.get(f"{kind}PolicyId")
        policy = shop.policies.get(policy_id) if policy_id else None
        if not policy_id:
            yield vendor_error(_POLICY_ERRORS[kind], "It is missing", name=f"{kind}PolicyId")
        elif policy is None:
            yield vendor_error(25035, name=f"{kind}PolicyId", value=policy_id)
        elif policy["kind"] != kind:
            yield vendor_error(25036, name=f"{kind}PolicyId", value=policy_id)
        elif policy["marketplaceId"] != offer.marketplace:
            raise refused(25713, offerId=offer.offer_id)


def invalid_values(item: Item, offer: Offer) -> Iterator[Json]:
    """Values that are there and that eBay takes in no listing."""
    product, document = item.product, offer.document
    limits = (
        ("title", product.get("title"), _TITLE),
        ("subtitle", product.get("subtitle"), _SUBTITLE),
        ("description", product.get("description"), _DESCRIPTION),
        ("listingDescription", document.get("listingDescription"), _LISTING_DESCRIPTION),
        ("brand", product.get("brand"), _BRAND),
        ("mpn", product.get("mpn"), _BRAND),
        ("conditionDescription", item.document.get("conditionDescription"), _CONDITION_DESCRIPTION),
    )
    for name, value, limit in limits:
        if value is not None and len(value) > limit:
            yield vendor_error(25016, f"At most {limit} characters", name=name)
    yield from _invalid_pictures(product.get("imageUrls") or [])
    yield from _invalid_aspects(product.get("aspects") or {})
    if offer.price:
        yield from invalid_price(offer.price, offer.marketplace)
    for quantity in (item.quantity, document.get("availableQuantity")):
        if quantity is not None and quantity < 0:
            yield vendor_error(25004, "It is below 0", name="quantity")
    category = document.get("categoryId")
    if category is not None and not (category.isascii() and category.isdigit()):
        yield vendor_error(25005, "It is not a number", name="categoryId", value=category)


def invalid_price(price: Json, marketplace: str) -> Iterator[Json]:
    """Why a price {value, currency} cannot be asked on a marketplace."""
    currency = MARKETPLACES[marketplace].currency
    if price.get("currency") != currency:
        yield vendor_error(25003, f"The currency on {marketplace} is {currency}", name="currency")
    try:
        value = Decimal(price.get("value") or "")
    except InvalidOperation:
        yield vendor_error(25003, "It is not a number", name="price")
        return
    exponent = value.as_tuple().exponent
    if not value.is_finite() or value <= 0 or (isinstance(exponent, int) and exponent < -2):
        yield vendor_error(25003, "It must be above 0 with at most two decimals", name="price")


def _invalid_pictures(urls: list[str]) -> Iterator[Json]:
    if mixed(urls):
        yield vendor_error(25014, "Pictures of eBay's own server and others cannot be mixed", name="imageUrls")
    if len(urls) > _IMAGES:
        yield vendor_error(25014, f"At most {_IMAGES}", name="imageUrls")
    for url in urls:
        if not url.startswith("https://") or " " in url:
            yield vendor_error(25015, "It must be an https address", name="imageUrls", value=url)


def _invalid_aspects(aspects: dict[str, list[str]]) -> Iterator[Json]:
    for name, values in aspects.items():
        too_long = len(name) > _ASPECT_NAME or any(len(value) > _ASPECT_VALUE for value in values)
        if too_long or len(values) > _ASPECT_VALUES:
            yield vendor_error(25502, "Name, value or number of values is too long", name=name)


def _missing_field(name: str) -> Json:
    return vendor_error(25017, f"It is {name}", name=name)
