"""Whether a listing may be sent: what no channel may see, then what this channel is known to refuse.

The same for a delivery, a dry run, a preview and `marketsync validate`, so that they tell the same problems. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from adapters.base import Adapter
from adapters.gtins import is_gtin, is_internal
from adapters.model import Listing, Problem
from consumer.listings.accounts import Account
from consumer.listings.figures import shown
from consumer.listings.images import is_placeholder
from consumer.listings.product import Product
from consumer.listings.rules import Unwanted, wanted

_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


def examine(product: Product, account: Account, adapter: Adapter, at: datetime) -> Listing | Unwanted | list[Problem]:
    """What would be sent for a product, that nothing would be, or all that is in the way. at: now, UTC."""
    target = wanted(product, account, at).target
    return ready(target, adapter) if isinstance(target, Listing) else target


def ready(listing: Listing, adapter: Adapter) -> Listing | list[Problem]:
    """The listing within the channel's grammar, or every reason why it may not be sent."""
    fitted = adapter.fit(listing)
    problems = [*_common(fitted), *adapter.validate(fitted)]
    if not problems:
        return fitted
    distinct: dict[tuple[str, str, str], Problem] = {}
    for problem in problems:  # what both know of is told once, in our words
        distinct.setdefault((problem.field, problem.rule, problem.value), problem)
    return list(distinct.values())


def _common(listing: Listing) -> Iterator[Problem]:
    yield from _gtins(listing)
    yield from _images(listing)
    yield from _texts(listing)


def _gtins(listing: Listing) -> Iterator[Problem]:
    for code in listing.gtins:
        if not is_gtin(code):
            words = "the barcode is no EAN or UPC (wrong length or check digit)"
            yield Problem("gtin", "malformed", words, "Correct the number or leave it out.", shown(code))
        elif is_internal(code):
            words = "the barcode is out of a number range for use inside a shop"
            cure = "Ask the maker for the product's own EAN, or leave the number out."
            yield Problem("gtin", "internal", words, cure, code)


def _images(listing: Listing) -> Iterator[Problem]:
    for address in listing.images:
        if is_placeholder(address, listing.sku):
            words = "the image is the placeholder of a product without images"
            yield Problem("image", "placeholder", words, "Add a picture of the product in the PIM.", shown(address))
        elif not _is_public(address):
            words = "the channel cannot fetch the image: its address is of a private network"
            yield Problem("image", "not_public", words, "Serve it under a public name.", shown(address))


def _is_public(address: str) -> bool:
    """Whether the address may be reachable from outside; one that cannot be read is for the channel's own check."""
    try:
        host = urlsplit(address).hostname or ""
        if host[-1:].isdigit() or ":" in host:
            return ip_address(host).is_global
    except ValueError:
        return True
    return not host or ("." in host and not host.endswith((".local", ".internal", ".localhost")))


def _texts(listing: Listing) -> Iterator[Problem]:
    """Fields that are shown as they are: a tag in them would be shown as a tag."""
    for field, text in (("title", listing.title), ("brand", listing.brand or "")):
        if "<" in text and _TAG.search(text):
            words = f"the {field} has HTML in it, which buyers would see as it is written"
            yield Problem(field, "markup", words, "Take the tags out in the PIM.", shown(text))
