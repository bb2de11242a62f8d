"""Whether a listing may be sent: what no channel may see, then what this channel is known to refuse.

The same for a delivery, a dry run, a preview and `marketsync validate`, so that they tell the same problems. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from adapters.base import Adapter
from adapters.gtins import is_gtin, is_internal
from adapters.model import Listing, Problem, Variant
from adapters.values import replace
from consumer.events import Kin, ProductEvent
from consumer.listings.accounts import Account
from consumer.listings.figures import shown
from consumer.listings.images import is_placeholder
from consumer.listings.kinship import Role, read_family, role_of
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted, Why, wanted
from consumer.listings.rules.groups import wanted_group

Examined = Listing | Unwanted | list[Problem]
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


def examine(product: Product, account: Account, adapter: Adapter, at: datetime) -> Examined:
    """What would be sent for a product, that nothing would be, or all that is in the way. at: now, UTC."""
    target = wanted(product, account, at).target
    return ready(target, adapter) if isinstance(target, Listing) else target


def examine_event(event: ProductEvent, account: Account, adapter: Adapter, at: datetime) -> Examined:
    """The same for what was read of a product, with its relatives; deleted ones are not asked about."""
    product = read_product(event.product or {}, event.entity_code, text_language=account.text_language)
    role = role_of(product, event.kin or Kin(), None) if account.sells_groups else Role.ALONE
    if role is Role.VARIANT:
        return Unwanted(f"a variant of {product.parent}, sold in its listing", Why.VARIANT)
    if role is not Role.GROUP:
        return examine(product, account, adapter, at)
    family = read_family(product, event.kin, account)
    target = wanted_group(family, account, at, shown=frozenset()).found.target
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
    yield from _gtins(listing.gtins)
    yield from _images(listing.images, listing.sku)
    yield from _texts(listing)
    seen: dict[str, str] = {}
    for variant in listing.variants:
        yield from (_of_variant(problem, variant) for problem in _of_one(variant))
        for code in variant.gtins:
            other = seen.setdefault(code, variant.sku)
            if other != variant.sku:
                words = "two variants have the same barcode"
                cure = "Give each variant its own EAN in the PIM, or leave it out."
                yield Problem("gtin", "same_barcode", words, cure, f"variants {other} and {variant.sku}: {code}")


def _of_one(variant: Variant) -> Iterator[Problem]:
    yield from _gtins(variant.gtins)
    yield from _images(variant.images, variant.sku)
    if variant.price.amount <= 0:
        yield Problem("price", "not_positive", "the price is not above 0", "Set a price.", str(variant.price.amount))


def _of_variant(problem: Problem, variant: Variant) -> Problem:
    return replace(problem, value=f"variant {variant.sku}: {problem.value}")


def _gtins(codes: Iterable[str]) -> Iterator[Problem]:
    for code in codes:
        if not is_gtin(code):
            words = "the barcode is no EAN or UPC (wrong length or check digit)"
            yield Problem("gtin", "malformed", words, "Correct the number or leave it out.", shown(code))
        elif is_internal(code):
            words = "the barcode is out of a number range for use inside a shop"
            cure = "Ask the maker for the product's own EAN, or leave the number out."
            yield Problem("gtin", "internal", words, cure, code)


def _images(addresses: Iterable[str], sku: str) -> Iterator[Problem]:
    for address in addresses:
        if is_placeholder(address, sku):
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
