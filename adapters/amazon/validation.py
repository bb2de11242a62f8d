"""What Amazon is known to refuse, found before anything is sent. Pure.

First what holds for every listing, then the schema of its product type, where it is known. A schema is half a megabyte
of conditions, and takes tens of milliseconds: so what it said of a content is remembered, and price and stock, which
change often, are checked here and stand in what the schema sees as fixed figures.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

import orjson

from adapters.amazon.definitions import Definition
from adapters.amazon.mapping import (
    OTHER_IMAGES,
    child_content,
    content,
    figure,
    offer,
    sales_terms,
    sold_alone,
    theme_of,
)
from adapters.amazon.marketplaces import MERCHANT_CHANNEL
from adapters.amazon.pricing import price_problems, read_prices
from adapters.amazon.schema import problems_of
from adapters.amazon.settings import AmazonAccount
from adapters.amazon.titles import TITLE_LONGEST
from adapters.gtins import is_gtin
from adapters.model import Listing, Money, Problem

SKU_LONGEST = 40
PRICE_HIGHEST = 10_000_000  # ours: beyond this it is a slip
REMEMBERED = 4096  # contents of which it is remembered what the schema said
_SHOWN = 80


class SchemaChecks:
    """What the schemas said of contents, the latest ones."""

    def __init__(self) -> None:
        self._said: OrderedDict[bytes, tuple[Problem, ...]] = OrderedDict()

    def of(self, definition: Definition, attributes: Mapping[str, Any]) -> tuple[Problem, ...]:
        """The rules of a product type that these attributes break."""
        if definition.validator is None:
            return ()
        key = blake2b(definition.checksum.encode() + orjson.dumps(attributes), digest_size=16).digest()
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = tuple(problems_of(definition.validator, attributes))
            if len(self._said) > REMEMBERED:
                self._said.popitem(last=False)
        return said


def validate(listing: Listing, account: AmazonAccount, definition: Definition, checks: SchemaChecks) -> list[Problem]:
    """Every known reason why Amazon would refuse this listing; empty = may be sent."""
    problems = [
        *_sku("sku", listing.sku),
        *_category(listing, definition),
        *_title(listing),
        *_images(listing.images),
    ]
    prices = [variant.price for variant in listing.variants] or [listing.price]
    quantities = [variant.quantity for variant in listing.variants] or [listing.quantity]
    problems += [problem for price in prices for problem in _price(price, account)]
    problems += [problem for sold in _sold(listing) for problem in _further_prices(sold, listing, account)]
    problems += [problem for quantity in quantities for problem in _quantity(quantity)]
    problems += _codes(listing)
    problems += _group(listing, account, definition)
    told = {(problem.field, problem.rule) for problem in problems}
    problems += [one for one in _by_schema(listing, account, definition, checks) if (one.field, one.rule) not in told]
    return list(dict.fromkeys(problems))


def _by_schema(
    listing: Listing, account: AmazonAccount, definition: Definition, checks: SchemaChecks
) -> Iterator[Problem]:
    """Every document that would be sent, against the product type."""
    if definition.validator is None:
        return
    shared = content(listing, account, definition.shapes)
    if not listing.variants:
        yield from checks.of(definition, {**shared, **_terms(listing, account)})
        return
    yield from checks.of(definition, shared)
    for variant in listing.variants:
        terms = _terms(sold_alone(listing, variant), account)
        yield from checks.of(definition, {**child_content(listing, variant, account, definition.shapes), **terms})


def _terms(listing: Listing, account: AmazonAccount) -> dict[str, Any]:
    """Price and stock as fixed figures; further prices as they are, for a product type may not take them."""
    prices = read_prices(listing.attributes, account.prices)
    terms = sales_terms(replace(listing, quantity=1), account, MERCHANT_CHANNEL)
    return {**terms, "purchasable_offer": offer(Money(Decimal(1), account.place.currency), account, prices)}


def _sku(field: str, sku: str) -> Iterator[Problem]:
    if not sku.strip():
        yield _problem(field, "missing", f"Missing required field: {field}", "Give the product a SKU in the PIM.")
    elif len(sku) > SKU_LONGEST:
        yield _problem(
            field,
            "too_long",
            f"SKU must be at most {SKU_LONGEST} characters",
            f"Shorten it by {len(sku) - SKU_LONGEST}.",
            sku,
        )
    elif sku != sku.strip():
        yield _problem(field, "blanks", "SKU begins or ends with a blank", "Remove it in the PIM.", repr(sku))
    elif any(unicodedata.category(sign).startswith("C") for sign in sku):
        yield _problem(field, "characters", "SKU contains invisible characters", "Type it anew in the PIM.", sku)


def _category(listing: Listing, definition: Definition) -> Iterator[Problem]:
    category = listing.category or ""
    if not category:
        cure = "Map the product's category, or one above it, to an Amazon product type."
        yield _problem("category", "missing", "Invalid category", cure)
    elif not (category.isascii() and category.replace("_", "").isalnum() and category == category.upper()):
        cure = "Map it to the name of an Amazon product type, such as HOME_LIGHTING_AND_LAMPS."
        yield _problem("category", "malformed", "Invalid category", cure, category)
    elif definition.refusal:
        cure = "Map it to a product type that Amazon has on this marketplace."
        yield _problem("category", "unknown", f"Amazon has no such product type: {definition.refusal}", cure, category)


def _title(listing: Listing) -> Iterator[Problem]:
    title = " ".join(listing.title.split())
    if not title:
        cure = "Give the product a name in one of the account's languages."
        yield _problem("title", "missing", "Missing required field: title", cure)
    elif len(title) > TITLE_LONGEST:
        words = f"Title must be at most {TITLE_LONGEST} characters"
        yield _problem("title", "too_long", words, f"Shorten it by {len(title) - TITLE_LONGEST}.", title)


def _price(price: Money, account: AmazonAccount) -> Iterator[Problem]:
    amount = price.amount
    if amount.is_finite() and amount > PRICE_HIGHEST:
        yield _problem("price", "too_high", "Price is impossibly high", "Correct the price in the PIM.", str(amount))
    elif not amount.is_finite() or figure(price) <= 0:
        cure = "Give the product a price in the PIM."
        yield _problem("price", "not_positive", "Price must be greater than 0", cure, str(amount))
    elif price.currency != account.place.currency:
        words = f"Amazon sells in {account.place.currency} in {account.place.country}"
        yield _problem("price", "currency", words, "Give a price in that currency.", price.currency)


def _sold(listing: Listing) -> list[Listing]:
    return [sold_alone(listing, variant) for variant in listing.variants] or [listing]


def _further_prices(sold: Listing, listing: Listing, account: AmazonAccount) -> Iterator[Problem]:
    of = sold.sku if listing.variants else ""
    return price_problems(sold.attributes, account.prices, sold.price.amount, of)


def _quantity(quantity: int) -> Iterator[Problem]:
    if quantity < 0:
        cure = "Correct the stock in the PIM; 0 means sold out."
        yield _problem("quantity", "negative", "Quantity must be 0 or more", cure, str(quantity))


def _images(images: tuple[str, ...]) -> Iterator[Problem]:
    if not images:
        yield _problem("image", "missing", "Missing required field: image", "Add at least one picture.")
    if len(images) > OTHER_IMAGES + 1:
        cure = "Leave out the ones that say least."
        yield _problem("image", "too_many", f"At most {OTHER_IMAGES + 1} images", cure, str(len(images)))
    for image in images:
        if not _is_web_address(image):
            cure = "Serve the picture publicly by https."
            yield _problem("image", "not_https", "Image address must start with https://", cure, image)


def _codes(listing: Listing) -> Iterator[Problem]:
    for code in (*listing.gtins, *(code for variant in listing.variants for code in variant.gtins)):
        if not is_gtin(code):
            yield _problem("gtin", "malformed", "Invalid EAN", "Correct the number or remove it.", code)


def _group(listing: Listing, account: AmazonAccount, definition: Definition) -> Iterator[Problem]:
    if not listing.variants:
        return
    for variant in listing.variants:
        yield from _sku("variants.sku", variant.sku)
    themes = definition.shapes.themes()
    theme = theme_of(listing, account, definition.shapes)
    if themes and theme not in themes:
        cure = f"Choose one under variation_themes of the account: {', '.join(themes[:10])}."
        words = f"Amazon's product type has no variation theme for {', '.join(listing.axes)}"
        yield _problem("variants", "theme", words, cure, theme)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and url.split() == [url]


def _problem(field: str, rule: str, message: str, cure: str, value: str = "") -> Problem:
    shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return Problem(field=field, rule=rule, message=message, cure=cure, value=shown)
