"""Listing -> one offer of the file. Pure, and equal listings give equal offers.

Fields and rules: the official "Requisiti tecnici" (2015-03-31) and what generators of 2026 that quote the version of
2025-12-23 write. Tags in use: the official example's, and those that other generators add (OriginalPrice, Weight,
Image4, Image5, MINSANCode, Size, Color, Material, Gender). Unknown tags are ignored there without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, urlsplit

from adapters.feeds import FeedItem
from adapters.html import plain_text
from adapters.model import Listing, Money, Rendered
from adapters.trovaprezzi import shipping
from adapters.trovaprezzi.settings import WORDS, TrovaprezziAccount
from adapters.xml import element, writable

DESCRIPTION_LONGEST = 255
IMAGES_MOST = 5
# The order of the official example, with the others where they belong.
TAGS = (
    "Name", "Brand", "Description", "OriginalPrice", "Price", "Code", "Link", "Stock", "Categories", "Image",
    "ShippingCost", "PartNumber", "EanCode", "Weight", "Image2", "Image3", "Image4", "Image5", "MINSANCode", "Size",
    "Color", "Material", "Gender",
)  # fmt: skip
OFFER_TAGS = frozenset({"OriginalPrice", "Price", "Stock", "ShippingCost"})
_CENT, _GRAM = Decimal("0.01"), Decimal("0.001")
Texts = dict[str, str]


def render(listing: Listing, account: TrovaprezziAccount) -> Rendered:
    """The offer's fields, those that change often apart."""
    return Rendered(content=content(listing, account), offer=offer(listing, account))


def feed_item(sku: str, content_texts: Mapping[str, str], offer_texts: Mapping[str, str], shown: Listing) -> FeedItem:
    """The item of these fields. shown: what they were made of, for the figures that buyers see."""
    parts = {"content": dict(content_texts), "offer": dict(offer_texts)}
    return FeedItem(
        key=folded(sku),
        sku=sku,
        listing=sku,
        body=body(parts),
        parts=parts,
        title=content_texts["Name"],
        price=Money(Decimal(offer_texts["Price"]), shown.price.currency),
        quantity=shown.quantity,
        gtins=shown.gtins,
        category=content_texts["Categories"],
    )


def body(parts: Mapping[str, Any]) -> bytes:
    """The offer's element, with a line break behind it."""
    texts = {**parts["content"], **parts["offer"]}
    return element("Offer", [(tag, texts[tag]) for tag in TAGS if texts.get(tag)]) + b"\n"


def folded(code: str) -> str:
    """A code as Trovaprezzi compares it: capitals do not count, and double quotes are removed."""
    return code.replace('"', "").casefold()


def content(listing: Listing, account: TrovaprezziAccount) -> Texts:
    """Everything but price, stock and shipping. What is empty is left out."""
    images = list(_images(listing, account))
    names = account.fields
    texts = {
        "Name": one_line(listing.title),
        "Brand": one_line(listing.brand or ""),
        "Description": description(listing),
        "Code": listing.sku,
        "Link": link(listing, account),
        "Categories": categories(listing.category or "", account),
        "PartNumber": one_line(listing.mpn or ""),
        "EanCode": next(iter(listing.gtins), ""),
        "Weight": str(listing.weight.quantize(_GRAM, ROUND_HALF_UP)) if listing.weight else "",
        "MINSANCode": attribute(listing, names.minsan),
        "Size": attribute(listing, names.size),
        "Color": attribute(listing, names.color),
        "Material": attribute(listing, names.material),
        "Gender": attribute(listing, names.gender),
    }
    texts.update({"Image" if place == 1 else f"Image{place}": image for place, image in enumerate(images, 1)})
    return {tag: text for tag, text in texts.items() if text}


def offer(listing: Listing, account: TrovaprezziAccount) -> Texts:
    """Price, stock and shipping: all amounts with VAT, a point and two decimals."""
    texts = {"Price": amount(listing.price.amount), "Stock": stock(listing.quantity, account)}
    word = attribute(listing, account.fields.availability).lower()
    if word in WORDS:
        texts["Stock"] = word
    original = original_price(listing, account)
    if original is not None and original > listing.price.amount:
        texts["OriginalPrice"] = amount(original)
    costs = shipping.cost(listing, account.shipping)
    if costs is not None:
        texts["ShippingCost"] = amount(costs)
    return texts


def stock(quantity: int, account: TrovaprezziAccount) -> str:
    """Pieces, or the words that Trovaprezzi shows for them."""
    if account.stock == "number":
        return str(quantity)
    if quantity >= 2:
        return "disponibile"
    return "limitata" if quantity == 1 else "non disponibile"


def categories(category: str, account: TrovaprezziAccount) -> str:
    """All levels from the top, ";" between them. The same category is always the same string, however it was typed."""
    levels = [one_line(level) for level in category.split(account.category_separator)]
    text = ";".join(level for level in levels if level)
    return text.lower() if account.lower_case_categories else text


def link(listing: Listing, account: TrovaprezziAccount) -> str:
    """The offer's page, "" where the template asks for something that the listing has not."""
    values = {placeholder: placeholder_value(name, listing) for placeholder, name in account.placeholders.items()}
    if not all(values.values()):
        return ""
    if account.link in values:
        return values[account.link]
    address = account.link
    for placeholder, value in values.items():
        address = address.replace(placeholder, quote(value, safe=""))
    return address


def placeholder_value(name: str, listing: Listing) -> str:
    """What stands for a placeholder, "" where the listing has nothing for it."""
    if name == "sku":
        return listing.sku
    if name == "mpn":
        return listing.mpn or ""
    if name == "gtin":
        return next(iter(listing.gtins), "")
    return attribute(listing, name)


def description(listing: Listing) -> str:
    """Without markup, cut at a word where it is too long; empty where it only repeats the name."""
    text = without_markup(listing.description)
    if len(text) > DESCRIPTION_LONGEST:
        cut = text[: DESCRIPTION_LONGEST - 1]
        text = (cut.rpartition(" ")[0] or cut) + "…"
    return "" if text == one_line(listing.title) else text


def without_markup(text: str) -> str:
    """A description as plain text, also where markup was written as text. Doing it again changes nothing."""
    while (plain := plain_text(text)) != text:
        text = plain
    return typed(text)


def typed(text: str) -> str:
    """Without the signs that would be taken for markup, or for the end of a field in the text format."""
    return one_line(text.translate(_SIGNS))


_SIGNS = str.maketrans({"<": "‹", ">": "›", "|": "/"})


def original_price(listing: Listing, account: TrovaprezziAccount) -> Decimal | None:
    """The price before a reduction; None where there is none, or it is no number."""
    try:
        price = Decimal(attribute(listing, account.fields.original_price).replace(",", "."))
    except InvalidOperation:
        return None
    return price if price.is_finite() else None


def attribute(listing: Listing, name: str) -> str:
    """The first value of an attribute in one line, "" where there is none."""
    return typed(next(iter(listing.attributes.get(name, ())), "")) if name else ""


def amount(figure: Decimal) -> str:
    """12.50: never a thousands separator, half a cent upwards."""
    return str(figure.quantize(_CENT, ROUND_HALF_UP))


def one_line(text: str) -> str:
    """Text without line breaks, repeated spaces, and what XML cannot hold."""
    return " ".join(writable(text).split())


def _images(listing: Listing, account: TrovaprezziAccount) -> Iterator[str]:
    """The first pictures. A picture that changed needs another address, else it is not read again."""
    version = attribute(listing, account.fields.image_version)
    for address in listing.images[:IMAGES_MOST]:
        if not version:
            yield address
            continue
        bare, _, fragment = address.partition("#")
        mark = "&" if urlsplit(bare).query else "?"
        yield f"{bare}{mark}v={quote(version, safe='')}" + (f"#{fragment}" if fragment else "")
