"""Listing -> Amazon's attributes. Pure, and equal listings give equal documents.

A PUT replaces: attributes left out are gone, without an error. So a PUT carries everything, price and stock included.
Names and shapes: "Map product attributes" and "Submit modular titles" of Amazon's developer documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.amazon.marketplaces import MERCHANT_CHANNEL
from adapters.amazon.pricing import NO_PRICES, Prices, read_prices
from adapters.amazon.settings import AmazonAccount
from adapters.amazon.shaping import Shapes
from adapters.amazon.titles import split_title
from adapters.model import Listing, Money, Rendered, Variant

Attributes = dict[str, Any]
GENERIC_TYPE = "PRODUCT"  # of patches that touch no product facts
OTHER_IMAGES = 8
_CENT = Decimal("0.01")
_WITHOUT_CENTS = frozenset({"JPY"})
_CONDITIONS: Mapping[str, str] = {"NEW": "new_new", "USED": "used_good", "REFURBISHED": "refurbished_refurbished"}


def condition_of(listing: Listing) -> str:
    """Amazon's word for the condition; its own words stay."""
    return _CONDITIONS.get(listing.condition.upper(), listing.condition.lower())


def render(listing: Listing, account: AmazonAccount, shapes: Shapes) -> Rendered:
    """Everything that would be sent, split into what changes seldom and what changes often."""
    said: dict[str, Any] = {"productType": listing.category, "attributes": content(listing, account, shapes)}
    if not listing.variants:
        return Rendered(said, _figures(listing, account))
    variants = listing.variants
    said["children"] = {each.sku: child_content(listing, each, account, shapes) for each in variants}
    return Rendered(said, {"children": {each.sku: _figures(sold_alone(listing, each), account) for each in variants}})


def put_bodies(
    listing: Listing, account: AmazonAccount, shapes: Shapes, channel: str
) -> Iterator[tuple[str, Attributes]]:
    """Every SKU that is written for a listing, and the body of its PUT: of a group the parent first."""
    product_type = listing.category or ""
    shared = content(listing, account, shapes)
    if not listing.variants:
        terms = sales_terms(listing, account, channel)
        yield listing.sku, put_body(product_type, {**shared, **terms})
        return
    yield listing.sku, put_body(product_type, shared, parent=True)
    for variant in listing.variants:
        terms = sales_terms(sold_alone(listing, variant), account, channel)
        child = child_content(listing, variant, account, shapes)
        yield variant.sku, put_body(product_type, {**child, **terms})


def content(listing: Listing, account: AmazonAccount, shapes: Shapes) -> Attributes:
    """Everything but price and stock of a listing that is sold as it is, or of what all versions of one share."""
    given = {**account.attributes, **listing.attributes}
    given = {name: values for name, values in given.items() if name not in account.prices.names}
    attributes: Attributes = {
        **_safety(account, shapes),
        **shapes.shaped(given),
        **_texts(listing, account, shapes),
        **_identity(listing, account, shapes),
        **_images(listing.images, shapes),
    }
    if listing.variants:
        attributes.update(_parent(listing, account, shapes))
    else:
        attributes["condition_type"] = shapes.value(condition_of(listing))
    return {name: value for name, value in sorted(attributes.items()) if shapes.takes(name)}


def child_content(listing: Listing, variant: Variant, account: AmazonAccount, shapes: Shapes) -> Attributes:
    """Everything but price and stock of one version."""
    attributes = content(sold_alone(listing, variant), account, shapes)
    attributes["parentage_level"] = shapes.value("child")
    attributes["variation_theme"] = shapes.parts(name=theme_of(listing, account, shapes))
    relation = shapes.parts(child_relationship_type="variation", parent_sku=listing.sku)
    attributes["child_parent_sku_relationship"] = relation
    return {name: value for name, value in sorted(attributes.items()) if shapes.takes(name)}


def sold_alone(listing: Listing, variant: Variant) -> Listing:
    """One version as a listing of its own."""
    return replace(
        listing,
        sku=variant.sku,
        title=variant.title or _with_choice(listing.title, variant.choice(listing.axes)),
        price=variant.price,
        quantity=variant.quantity,
        gtins=variant.gtins,
        mpn=variant.mpn,
        images=variant.images or listing.images,
        attributes={**listing.attributes, **variant.attributes},
        variants=(),
        axes=(),
    )


def sales_terms(listing: Listing, account: AmazonAccount, channel: str) -> Attributes:
    """Prices and stock of what is sold as it is, as a PUT carries them. channel: whose stock it is."""
    prices = read_prices(listing.attributes, account.prices)
    return {
        "fulfillment_availability": stock(listing.quantity, account, channel),
        "purchasable_offer": offer(listing.price, account, prices),
    }


def stock(quantity: int, account: AmazonAccount, channel: str) -> list[Attributes]:
    """The stock. What lies in Amazon's warehouses Amazon counts: its number is never sent."""
    if channel != MERCHANT_CHANNEL:
        return [{"fulfillment_channel_code": channel}]
    days = {} if account.lead_time is None else {"lead_time_to_ship_max_days": account.lead_time}
    return [{"fulfillment_channel_code": MERCHANT_CHANNEL, "quantity": quantity, **days}]


def offer(price: Money, account: AmazonAccount, prices: Prices = NO_PRICES) -> list[Attributes]:
    """The whole offer with all of its selectors: marketplace, currency, audience. What is left out ends."""
    selectors = {"marketplace_id": account.marketplace_id, "currency": price.currency}
    named = {
        "minimum_seller_allowed_price": prices.minimum,
        "maximum_seller_allowed_price": prices.maximum,
        "list_price": prices.list_price,
    }
    further = {name: _schedule(amount, price) for name, amount in named.items() if amount is not None}
    if (sale := prices.sale) is not None:
        days = {"start_at": sale.first.isoformat(), "end_at": sale.last.isoformat()}
        further["discounted_price"] = _schedule(sale.price, price, **days)
    offers = [{**selectors, "audience": "ALL", "our_price": _schedule(price.amount, price), **further}]
    if prices.business is not None:
        offers.append({**selectors, "audience": "B2B", "our_price": _schedule(prices.business, price)})
    return offers


def _schedule(amount: Decimal, price: Money, **days: str) -> list[Attributes]:
    """An amount in the price's currency."""
    return [{"schedule": [{"value_with_tax": figure(Money(amount, price.currency)), **days}]}]


def figure(price: Money) -> float:
    """A price as JSON's number: two decimals, half a cent upwards; none where the currency has none."""
    step = Decimal(1) if price.currency in _WITHOUT_CENTS else _CENT
    return float(price.amount.quantize(step, ROUND_HALF_UP))


def put_body(product_type: str, attributes: Mapping[str, Any], *, parent: bool = False) -> Attributes:
    """Body of putListingsItem. A parent cannot be bought, so it has product facts only."""
    requirements = "LISTING_PRODUCT_ONLY" if parent else "LISTING"
    return {"productType": product_type, "requirements": requirements, "attributes": attributes}


def offer_patches(listing: Listing, account: AmazonAccount, channel: str) -> list[Attributes]:
    """Prices and stock in one submission, so that no stock comes back at an old price."""
    offers = offer(listing.price, account, read_prices(listing.attributes, account.prices))
    replaced = {"op": "replace", "path": "/attributes/purchasable_offer", "value": offers}
    return [*stock_patches(listing.quantity, account, channel), replaced]


def stock_patches(quantity: int, account: AmazonAccount, channel: str) -> list[Attributes]:
    """The stock alone; nothing where it is in Amazon's warehouses."""
    if channel != MERCHANT_CHANNEL:
        return []
    value = stock(quantity, account, channel)
    return [{"op": "merge", "path": "/attributes/fulfillment_availability", "value": value}]


def patch_body(patches: Sequence[Attributes]) -> Attributes:
    """Body of patchListingsItem for what every product type has."""
    return {"productType": GENERIC_TYPE, "patches": list(patches)}


def theme_of(listing: Listing, account: AmazonAccount, shapes: Shapes) -> str:
    """The name of the combination of attributes in which the versions differ; of the product type's own the one that
    fits, e.g. COLOR_NAME/SIZE_NAME for colour and size."""
    if (chosen := account.variation_themes.get(listing.category or "")) is not None:
        return chosen
    axes = [(shapes.name_of(axis) or axis).upper() for axis in listing.axes]
    wanted = {_bare(axis) for axis in axes}
    fitting = [theme for theme in shapes.themes() if {_bare(part) for part in theme.split("/")} == wanted]
    return min(fitting, key=len, default="/".join(axes))


def _figures(listing: Listing, account: AmazonAccount) -> Attributes:
    price, prices = listing.price, read_prices(listing.attributes, account.prices)
    figures = {"price": figure(price), "currency": price.currency, "quantity": listing.quantity}
    return figures if prices == NO_PRICES else {**figures, "offers": offer(price, account, prices)}


def _bare(part: str) -> str:
    return part.upper().removesuffix("_NAME").replace(" ", "_")


def _parent(listing: Listing, account: AmazonAccount, shapes: Shapes) -> Attributes:
    return {
        "parentage_level": shapes.value("parent"),
        "variation_theme": shapes.parts(name=theme_of(listing, account, shapes)),
    }


def _texts(listing: Listing, account: AmazonAccount, shapes: Shapes) -> Attributes:
    modular = account.modular_titles and shapes.takes("title_differentiation")
    title = " ".join(listing.title.split())
    name, differentiation = split_title(title) if modular else (title, "")
    texts = {"item_name": name, "title_differentiation": differentiation, "product_description": listing.description}
    return {attribute: shapes.text(text) for attribute, text in texts.items() if text}


def _identity(listing: Listing, account: AmazonAccount, shapes: Shapes) -> Attributes:
    found: Attributes = {}
    if listing.brand:
        found["brand"] = shapes.text(listing.brand)
    if listing.mpn:
        found["part_number"] = shapes.standard("part_number", listing.mpn)
    if account.shipping_group and not listing.variants:
        found["merchant_shipping_group"] = shapes.value(account.shipping_group)
    if listing.gtins:
        code = listing.gtins[0]
        found["externally_assigned_product_identifier"] = shapes.parts(type=_kind_of(code), value=code)
    elif account.without_gtin and not listing.variants:
        found["supplier_declared_has_product_identifier_exemption"] = shapes.value(True)
    return found


def _kind_of(code: str) -> str:
    return {12: "upc", 14: "gtin"}.get(len(code), "ean")


def _images(images: Sequence[str], shapes: Shapes) -> Attributes:
    names = ["main_product_image_locator", *(f"other_product_image_locator_{n}" for n in range(1, OTHER_IMAGES + 1))]
    return {name: shapes.parts(media_location=image) for name, image in zip(names, images, strict=False)}


def _safety(account: AmazonAccount, shapes: Shapes) -> Attributes:
    """What the General Product Safety Regulation asks for; attributes of the account or product may say more."""
    found: Attributes = {}
    if account.gpsr_manufacturer:
        name = "gpsr_manufacturer_reference"
        found[name] = shapes.parts(gpsr_manufacturer_email_address=account.gpsr_manufacturer)
    if account.gpsr_responsible:
        found["dsa_responsible_party_address"] = shapes.value(account.gpsr_responsible)
    if account.gpsr_safety_attestation:
        found["gpsr_safety_attestation"] = shapes.value(True)
    return found


def _with_choice(title: str, choice: Sequence[str]) -> str:
    said = ", ".join(value for value in choice if value)
    return f"{title} ({said})" if said and said.casefold() not in title.casefold() else title
