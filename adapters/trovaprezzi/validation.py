"""What Trovaprezzi is known to leave out or to refuse, found before an offer is written. Pure.

It drops an offer that misses a mandatory field without a word. Mandatory: name, price, code, link, categories (official
requirements); a picture and shipping costs are missing from no shop's file of 2026 that was seen, and are a remark of
people's, not a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from adapters.gtins import is_gtin
from adapters.model import Listing, Problem
from adapters.trovaprezzi import mapping, shipping
from adapters.trovaprezzi.settings import TrovaprezziAccount
from adapters.xml import Schema

CODE_LONGEST = 50
TEXT_LONGEST = 255
PRICE_HIGHEST = 10_000_000  # ours: beyond this it is a slip
SCHEMA = Path(__file__).with_name("feed.xsd")
_SHOWN = 80
_MARKUP = "<>|"

Check = Callable[[Listing, TrovaprezziAccount], Iterator[Problem]]


def validate(listing: Listing, account: TrovaprezziAccount, schema: Schema) -> list[Problem]:
    """Every known reason to leave this offer out; empty = it may be in the file."""
    problems = [problem for check in _CHECKS for problem in check(listing, account)]
    return problems or _by_schema(listing, account, schema)


def _code(listing: Listing, _: TrovaprezziAccount) -> Iterator[Problem]:
    code = listing.sku
    if not code.strip():
        yield _missing("sku", "Give the product a SKU in the PIM.")
    elif len(code) > CODE_LONGEST:
        yield _too_long("sku", "SKU", code, CODE_LONGEST)
    elif code != mapping.one_line(code) or set(_MARKUP) & set(code):
        words = "SKU has blanks at an end, two in a row, or one of < > |"
        yield _problem("sku", "characters", words, "Type it anew in the PIM.", repr(code))


def _name(listing: Listing, _: TrovaprezziAccount) -> Iterator[Problem]:
    name = mapping.one_line(listing.title)
    if not name:
        yield _missing("title", "Give the product a name in one of the account's languages.")
    elif len(name) > TEXT_LONGEST:
        yield _too_long("title", "Title", name, TEXT_LONGEST)
    elif set(_MARKUP) & set(name):
        yield _problem("title", "markup", "Title holds one of < > |", "Write it without HTML and without these.", name)


def _price(listing: Listing, account: TrovaprezziAccount) -> Iterator[Problem]:
    price = listing.price.amount
    if not price.is_finite() or Decimal(mapping.amount(price)) <= 0:
        yield _problem(
            "price", "not_positive", "Price must be greater than 0", "Give the product a price in the PIM.", str(price)
        )
    elif price > PRICE_HIGHEST:
        yield _problem("price", "too_high", "Price is impossibly high", "Correct the price in the PIM.", str(price))
    if listing.price.currency != account.currency:
        cure = "Give a price in that currency."
        yield _problem("price", "currency", f"The file is in {account.currency}", cure, listing.price.currency)


def _quantity(listing: Listing, _: TrovaprezziAccount) -> Iterator[Problem]:
    if listing.quantity < 0:
        cure = "Correct the stock in the PIM; 0 means sold out."
        yield _problem("quantity", "negative", "Quantity must be 0 or more", cure, str(listing.quantity))


def _link(listing: Listing, account: TrovaprezziAccount) -> Iterator[Problem]:
    link = mapping.link(listing, account)
    if not link:
        names = [name for name in account.placeholders.values() if not mapping.placeholder_value(name, listing)]
        cure = "Fill it in the PIM, have a rule fill that attribute, or change link in the account's settings."
        yield _problem("link", "missing", f"The link needs {', '.join(names)}, and the product has none", cure)
    elif not _is_address(link):
        cure = "Correct link in the account's settings, or the attribute it is taken from."
        yield _problem("link", "not_absolute", "The link is no address beginning with http", cure, link)


def _category(listing: Listing, account: TrovaprezziAccount) -> Iterator[Problem]:
    text = mapping.categories(listing.category or "", account)
    if not text:
        yield _missing("category", "Map the product's category, or one above it, to levels such as casa;tazze.")
    elif set(_MARKUP) & set(text):
        cure = "Map it to levels with ; between them."
        yield _problem("category", "characters", "Category holds one of < > |", cure, text)


def _images(listing: Listing, _: TrovaprezziAccount) -> Iterator[Problem]:
    for image in listing.images[: mapping.IMAGES_MOST]:
        if not _is_address(image):
            words = "Image address must begin with http:// or https://"
            yield _problem("image", "not_absolute", words, "Give the whole address, without blanks.", image)


def _identity(listing: Listing, _: TrovaprezziAccount) -> Iterator[Problem]:
    for name, value in (("brand", listing.brand), ("mpn", listing.mpn)):
        if value and len(value) > TEXT_LONGEST:
            yield _too_long(name, name.capitalize(), value, TEXT_LONGEST)
        elif value and set(_MARKUP) & set(value):
            yield _problem(name, "characters", f"{name} holds one of < > |", "Write it without these.", value)
    for code in listing.gtins:
        if not is_gtin(code):
            yield _problem("gtin", "malformed", "Invalid EAN", "Correct the number or remove it.", code)


def _shipping(listing: Listing, account: TrovaprezziAccount) -> Iterator[Problem]:
    if account.shipping.bands and shipping.cost(listing, account.shipping) is None:
        cure = (
            "Fill the weight in the PIM, or add a band or otherwise to the account's shipping."
            if listing.weight is None
            else "Add a band or otherwise to the account's shipping."
        )
        weight = "unknown weight" if listing.weight is None else f"{listing.weight} kg"
        words = "The table of shipping costs has no line for it"
        yield _problem("shipping", "no_band", words, cure, f"{listing.price.amount}, {weight}")


_CHECKS: tuple[Check, ...] = (
    _code, _name, _price, _quantity, _link, _category, _images, _identity, _shipping,
)  # fmt: skip


def _by_schema(listing: Listing, account: TrovaprezziAccount, schema: Schema) -> list[Problem]:
    """What the schema of the file says where our own checks say nothing: the last word before an offer is written."""
    rendered = mapping.render(listing, account)
    body = mapping.body({"content": rendered.content, "offer": rendered.offer})
    cure = "Correct the field that is named."
    return [_problem("offer", "schema", "Trovaprezzi's format refuses it", cure, words) for words in
            schema.complaints(body)]  # fmt: skip


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text.split() == [text] and "|" not in text


def _missing(field: str, cure: str) -> Problem:
    return _problem(field, "missing", f"Missing required field: {field}", cure)


def _too_long(field: str, name: str, value: str, longest: int) -> Problem:
    words = f"{name} must be at most {longest} characters"
    return _problem(field, "too_long", words, f"Shorten it by {len(value) - longest}.", value)


def _problem(field: str, rule: str, message: str, cure: str, value: str = "") -> Problem:
    shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return Problem(field=field, rule=rule, message=message, cure=cure, value=shown)
