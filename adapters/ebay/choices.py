"""What eBay is known to refuse about the variants of a listing. Pure.

Limits: facts of the Inventory API's contract (12 pictures for a variation), and of eBay's guide on listings with
variations (250 variations, 5 names, 30 values of a name), which was read second-hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from adapters.ebay.grouping import members
from adapters.model import Listing, Problem

VARIANTS_MOST, AXES_MOST, VALUES_MOST, IMAGES_MOST = 250, 5, 30, 12
Check = Callable[[Listing], Iterator[Problem]]
_SPLIT = "Split the product into several, or sell its variants as listings of their own."


def problems_of_variants(listing: Listing, checks: Iterable[Check]) -> Iterator[Problem]:
    """What is wrong with the choices, and with single variants. checks: of a listing, held against each of them."""
    if len(listing.variants) > VARIANTS_MOST:
        words = f"A listing has at most {VARIANTS_MOST} variants"
        yield Problem("variants", "too_many", words, _SPLIT, str(len(listing.variants)))
    if not 1 <= len(listing.axes) <= AXES_MOST:
        words = f"Variants differ in 1 to {AXES_MOST} attributes"
        yield Problem("variants", "axes", words, _SPLIT, ", ".join(listing.axes))
    yield from _choices(listing)
    for member in members(listing):
        for problem in _of_member(member, listing, checks):
            yield replace(problem, message=f"Variant {member.sku}: {problem.message}")


def _choices(listing: Listing) -> Iterator[Problem]:
    taken: dict[tuple[str, ...], str] = {}
    for variant in listing.variants:
        choice = variant.choice(listing.axes)
        for axis, value in zip(listing.axes, choice, strict=True):
            if len(variant.attributes.get(axis, ())) != 1 or not value:
                words = f"Variant {variant.sku} needs one value of {axis}"
                yield Problem("variants", "no_choice", words, "Give the variant its value in the PIM.", value)
        other = taken.setdefault(choice, variant.sku)
        if other != variant.sku:
            words = f"Variants {other} and {variant.sku} are the same choice"
            cure = "Give them different values, or remove one."
            yield Problem("variants", "same_choice", words, cure, ", ".join(choice))
    for axis in listing.axes:
        values = {variant.choice([axis]) for variant in listing.variants}
        if len(values) > VALUES_MOST:
            words = f"{axis} has more than {VALUES_MOST} values"
            yield Problem("variants", "too_many_values", words, _SPLIT, str(len(values)))


def _of_member(member: Listing, listing: Listing, checks: Iterable[Check]) -> Iterator[Problem]:
    if member.sku == listing.sku:
        words = "It has the SKU of the whole product"
        yield Problem("sku", "duplicate", words, "Give each variant a SKU of its own.", member.sku)
    if len(member.images) > IMAGES_MOST:
        words = f"At most {IMAGES_MOST} images"
        yield Problem("image", "too_many", words, "Remove the ones that say least.", str(len(member.images)))
    for check in checks:
        yield from check(member)
