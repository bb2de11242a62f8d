"""What eBay is known to refuse, found before anything is sent. Pure.

eBay itself tells late: a title that is too long is stored and only refused at publishing, a missing picture too.
Limits: sell_inventory_v1 (1.18.5) and its prose; the messages are those sellers know from the system before.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from urllib.parse import urlsplit

from adapters.ebay.choices import problems_of_variants
from adapters.ebay.mapping import aspects, one_line
from adapters.ebay.settings import EbayAccount
from adapters.gtins import is_gtin
from adapters.model import Listing, Problem

# eBay would take a title of one letter. Ten is what the system before asked for, and the sellers' data was cleaned by
# it: a shorter title is a code or a leftover, and nobody finds the item by it.
TITLE_SHORTEST, TITLE_LONGEST = 10, 80
SKU_LONGEST = 50
PRICE_HIGHEST = 10_000_000  # ours: eBay's own ceiling depends on site and seller; beyond this it is a slip
DESCRIPTION_LONGEST = 500_000
IMAGES_MOST = 24
BRAND_LONGEST = MPN_LONGEST = 65
ASPECT_NAME_LONGEST, ASPECT_VALUE_LONGEST, ASPECT_VALUES_MOST = 40, 50, 30
# MANUFACTURER_REFURBISHED is in the contract and valid on no marketplace any more.
CONDITIONS = frozenset({
    "NEW", "LIKE_NEW", "NEW_OTHER", "NEW_WITH_DEFECTS", "CERTIFIED_REFURBISHED", "EXCELLENT_REFURBISHED",
    "VERY_GOOD_REFURBISHED", "GOOD_REFURBISHED", "SELLER_REFURBISHED", "USED_EXCELLENT", "USED_VERY_GOOD",
    "USED_GOOD", "USED_ACCEPTABLE", "FOR_PARTS_OR_NOT_WORKING", "PRE_OWNED_EXCELLENT", "PRE_OWNED_FAIR",
})  # fmt: skip
_ACTIVE_TAGS = frozenset({
    "script", "form", "object", "iframe", "embed", "applet", "frame", "frameset", "meta", "base", "input", "button",
})  # fmt: skip
_SHOWN = 80  # characters of a bad value that a problem repeats


def validate(listing: Listing, account: EbayAccount) -> list[Problem]:
    """Every known reason why eBay would refuse this listing; empty = may be sent."""
    problems = [problem for check in _CHECKS for problem in check(listing)]
    problems.extend(_for_account(listing, account))
    if listing.variants:
        problems.extend(problems_of_variants(listing, _CHECKS_OF_VARIANTS))
        problems.extend(_currencies(listing, account))
    return problems


def _sku(listing: Listing) -> Iterator[Problem]:
    if not listing.sku.strip():
        yield _missing("sku", "Give the product a SKU in the PIM.")
    elif len(listing.sku) > SKU_LONGEST:
        yield _too_long("sku", "SKU", listing.sku, SKU_LONGEST)
    elif listing.sku != listing.sku.strip():
        yield _problem("sku", "blanks", "SKU begins or ends with a blank", "Remove it in the PIM.", repr(listing.sku))
    elif any(unicodedata.category(sign).startswith("C") for sign in listing.sku):
        yield _problem(
            "sku", "characters", "SKU contains invisible characters", "Type it anew in the PIM.", listing.sku
        )


def _title(listing: Listing) -> Iterator[Problem]:
    title = one_line(listing.title)
    if not title:
        yield _missing("title", "Give the product a name in one of the account's languages.")
    elif len(title) < TITLE_SHORTEST:
        words = f"Title must be at least {TITLE_SHORTEST} characters"
        yield _problem("title", "too_short", words, "Say what it is: brand, kind, size or colour.", title)
    elif len(title) > TITLE_LONGEST:
        yield _too_long("title", "Title", title, TITLE_LONGEST)


def _description(listing: Listing) -> Iterator[Problem]:
    text = listing.description
    if not text.strip():
        yield _missing("description", "Describe the product in one of the account's languages.")
    elif len(text) > DESCRIPTION_LONGEST:
        yield _too_long("description", "Description", text, DESCRIPTION_LONGEST)
    elif active := active_content(text):
        cure = "Remove scripts, forms, frames and plug-ins; plain tags may stay."
        yield _problem("description", "active_content", "Description contains active content", cure, active)


def _price(listing: Listing) -> Iterator[Problem]:
    price = listing.price.amount
    if price.is_finite() and price > PRICE_HIGHEST:
        yield _problem("price", "too_high", "Price is impossibly high", "Correct the price in the PIM.", str(price))
    elif not price.is_finite() or price.quantize(Decimal("0.01"), ROUND_HALF_UP) <= 0:
        cure = "Give the product a price in the PIM."
        yield _problem("price", "not_positive", "Price must be greater than 0", cure, str(price))


def _quantity(listing: Listing) -> Iterator[Problem]:
    if listing.quantity < 0:
        cure = "Correct the stock in the PIM; 0 means sold out."
        yield _problem("quantity", "negative", "Quantity must be 0 or more", cure, str(listing.quantity))


def _images(listing: Listing) -> Iterator[Problem]:
    if not listing.images:
        yield _missing("image", "Add at least one picture.")
    if len(listing.images) > IMAGES_MOST:
        cure = "Remove the ones that say least."
        yield _problem("image", "too_many", f"At most {IMAGES_MOST} images", cure, str(len(listing.images)))
    yield from _foreign_images(listing)


def _foreign_images(listing: Listing) -> Iterator[Problem]:
    for image in listing.images:
        if not _is_https(image):
            yield _problem("image", "not_https", "Image address must start with https://", "Serve it by https.", image)


def _category(listing: Listing) -> Iterator[Problem]:
    category = listing.category or ""
    if not category:
        cure = "Map the product's category, or one above it, to an eBay category."
        yield _problem("category", "missing", "Invalid category", cure)
    elif not (category.isascii() and category.isdigit()):
        cure = "Map it to the number of an eBay leaf category."
        yield _problem("category", "not_numeric", "Invalid category", cure, category)


def _condition(listing: Listing) -> Iterator[Problem]:
    if listing.condition not in CONDITIONS:
        cure = "Use one of eBay's condition names, e.g. NEW or USED_GOOD."
        yield _problem("condition", "unknown", "Invalid condition", cure, listing.condition)


def _gtins(listing: Listing) -> Iterator[Problem]:
    for code in listing.gtins:
        if not is_gtin(code):
            yield _problem("gtin", "malformed", "Invalid EAN", "Correct the number or remove it.", code)


def _identity(listing: Listing) -> Iterator[Problem]:
    if listing.brand and len(listing.brand) > BRAND_LONGEST:
        yield _too_long("brand", "Brand", listing.brand, BRAND_LONGEST)
    if listing.mpn and len(listing.mpn) > MPN_LONGEST:
        yield _too_long("mpn", "Manufacturer's part number", listing.mpn, MPN_LONGEST)
    yield from _gtins(listing)


def _attributes(listing: Listing) -> Iterator[Problem]:
    for name, values in listing.attributes.items():
        if not name.strip() or len(name) > ASPECT_NAME_LONGEST:
            words = f"Attribute name must have 1 to {ASPECT_NAME_LONGEST} characters"
            yield _problem("attributes", "name_length", words, "Give it a shorter name.", name)
        if len(values) > ASPECT_VALUES_MOST:
            words = f"Attribute {name} has more than {ASPECT_VALUES_MOST} values"
            yield _problem("attributes", "too_many", words, "Remove some.", str(len(values)))
        for value in values:
            if len(value) > ASPECT_VALUE_LONGEST:
                yield _too_long("attributes", f"Attribute {name}", value, ASPECT_VALUE_LONGEST)


def _currencies(listing: Listing, account: EbayAccount) -> Iterator[Problem]:
    for currency in {variant.price.currency for variant in listing.variants} - {listing.price.currency}:
        words = f"Variants with prices in another currency; {account.marketplace_id} sells in {account.site.currency}"
        yield _problem("price", "currency", words, "Give all variants prices in that currency.", currency)


def _for_account(listing: Listing, account: EbayAccount) -> Iterator[Problem]:
    """What depends on the marketplace: its currency, and at least one item specific."""
    site = account.site
    if site.currency and listing.price.currency != site.currency:
        words = f"{account.marketplace_id} sells in {site.currency}"
        yield _problem("price", "currency", words, "Give a price in that currency.", listing.price.currency)
    if not aspects(listing, account):
        yield _missing("attributes", "Give the product a brand or at least one attribute.")


_CHECKS: tuple[Callable[[Listing], Iterator[Problem]], ...] = (
    _sku, _title, _description, _price, _quantity, _images, _category, _condition, _identity, _attributes,
)  # fmt: skip
_CHECKS_OF_VARIANTS = (_sku, _price, _quantity, _foreign_images, _gtins, _attributes)


def active_content(html: str) -> str:
    """The first thing in a text that runs, loads or asks for input; "" when there is none."""
    if "<" not in html:
        return ""
    reader = _ActiveContentReader()
    reader.feed(html)
    reader.close()
    return reader.found


class _ActiveContentReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.found:
            return
        if tag in _ACTIVE_TAGS:
            self.found = f"<{tag}>"
        for name, value in attrs:
            if name.startswith("on") or _runs(value or ""):
                self.found = self.found or f"<{tag} {name}=…>"


def _runs(value: str) -> bool:
    """A javascript: address, also with the blanks and control characters in it that browsers ignore."""
    bare = "".join(sign for sign in value if sign > " ").lower()
    return bare.startswith(("javascript:", "vbscript:", "data:text/html"))


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and url.split() == [url]  # without blanks


def _missing(field: str, cure: str) -> Problem:
    return _problem(field, "missing", f"Missing required field: {field}", cure)


def _too_long(field: str, name: str, value: str, longest: int) -> Problem:
    words = f"{name} must be at most {longest} characters"
    return _problem(field, "too_long", words, f"Shorten it by {len(value) - longest}.", value)


def _problem(field: str, rule: str, message: str, cure: str, value: str = "") -> Problem:
    shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return Problem(field=field, rule=rule, message=message, cure=cure, value=shown)
