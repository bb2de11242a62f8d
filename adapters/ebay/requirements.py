"""What a category asks of a listing, and whether a listing gives it. Pure.

Sources: commerce_taxonomy_v1 (1.1.1), where only `aspectRequired` says that an item specific is required (its
`aspectUsage` says "recommended" of required ones too), and sell_metadata_v1 (1.13.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from hashlib import blake2b

import orjson

from adapters.ebay.mapping import aspects
from adapters.ebay.settings import EbayAccount
from adapters.model import Listing, Problem
from adapters.values import value_object

# ItemConditionEnum of the Inventory API -> condition id of the Metadata API.
CONDITION_IDS: Mapping[str, str] = {
    "NEW": "1000", "NEW_OTHER": "1500", "NEW_WITH_DEFECTS": "1750", "CERTIFIED_REFURBISHED": "2000",
    "EXCELLENT_REFURBISHED": "2010", "VERY_GOOD_REFURBISHED": "2020", "GOOD_REFURBISHED": "2030",
    "SELLER_REFURBISHED": "2500", "LIKE_NEW": "2750", "PRE_OWNED_EXCELLENT": "2990", "USED_EXCELLENT": "3000",
    "PRE_OWNED_FAIR": "3010", "USED_VERY_GOOD": "4000", "USED_GOOD": "5000", "USED_ACCEPTABLE": "6000",
    "FOR_PARTS_OR_NOT_WORKING": "7000",
}  # fmt: skip
_SHOWN = 8  # values that a cure names


@value_object
class Dependence:
    """A value that may be chosen only beside one of `beside`, values of another item specific, the control."""

    value: str
    control: str
    beside: tuple[str, ...]


@value_object
class Aspect:
    """One item specific. longest: signs of a value, None = not said. number: values are numbers. selection: only one of
    `values` will do; otherwise they are suggestions. depends: which values need certain others beside them."""

    name: str
    required: bool
    multi: bool
    longest: int | None
    number: bool
    variations: bool
    selection: bool
    values: tuple[str, ...]
    depends: tuple[Dependence, ...] = ()


@value_object
class Requirements:
    """What is known of a category. leaf: False = nothing can be listed in it. conditions: ids of those that it takes,
    empty = not known. variations: whether it takes listings with choices, None = not known. print: of all this."""

    leaf: bool = True
    aspects: tuple[Aspect, ...] = ()
    conditions: frozenset[str] = frozenset()
    variations: bool | None = None
    print: str = ""


def printed(found: Requirements) -> str:
    """A print that changes when what the category asks for does."""
    rows = [
        (
            one.name,
            one.required,
            one.multi,
            one.longest,
            one.number,
            one.variations,
            one.selection and one.values,
            [(each.value, each.control, each.beside) for each in one.depends],
        )
        for one in found.aspects
    ]
    whole = (found.leaf, rows, sorted(found.conditions), found.variations)
    return blake2b(orjson.dumps(whole), digest_size=8).hexdigest()


def unmet(listing: Listing, account: EbayAccount, asked: Requirements) -> Iterator[Problem]:
    """What the listing's category asks for and the listing does not give."""
    if not asked.leaf:
        words = "eBay lists nothing in this category: it is not one of its leaves"
        yield Problem("category", "not_leaf", words, "Map it to a category below it.", listing.category or "")
        return
    yield from _condition(listing, asked)
    if listing.variants:
        yield from _axes(listing, asked)
    given = {_key(name): values for name, values in aspects(listing, account).items()}
    for aspect in asked.aspects:
        found = [(values, "") for values in [given.get(_key(aspect.name), [])]]
        if listing.variants:
            found = [
                (_of_variant(variant.attributes, aspect.name) or found[0][0], variant.sku)
                for variant in listing.variants
            ]
        for values, sku in _different(found):
            yield from _values(aspect, values, sku)
    yield from _unfitting(listing, given, asked)


def _condition(listing: Listing, asked: Requirements) -> Iterator[Problem]:
    number = CONDITION_IDS.get(listing.condition)
    if asked.conditions and number is not None and number not in asked.conditions:
        names = [name for name, one in CONDITION_IDS.items() if one in asked.conditions]
        words = "The category does not take this condition"
        yield Problem("condition", "not_in_category", words, f"It takes: {', '.join(names)}.", listing.condition)


def _axes(listing: Listing, asked: Requirements) -> Iterator[Problem]:
    if asked.variations is False:
        words = "The category takes no listings with choices"
        cure = "Map the product to another category, or sell its variants as listings of their own."
        yield Problem("variants", "not_in_category", words, cure, listing.category or "")
    fixed = {_key(aspect.name) for aspect in asked.aspects if not aspect.variations}
    for axis in listing.axes:
        if _key(axis) in fixed:
            words = f"In this category the variants of a listing cannot differ in {axis}"
            yield Problem("variants", "axis", words, "Sell the variants as listings of their own.", axis)


def _values(aspect: Aspect, values: Sequence[str], sku: str) -> Iterator[Problem]:
    of = f"{aspect.name} of variant {sku}" if sku else aspect.name
    if not values:
        if aspect.required:
            cure = f"Give the product this attribute, or map one of its own to it{_offered(aspect)}."
            yield Problem("attributes", "required", f"The category requires {of}", cure, "")
        return
    if len(values) > 1 and not aspect.multi:
        yield Problem("attributes", "too_many", f"{of} takes one value", "Keep one.", ", ".join(values))
    known = {_key(value) for value in aspect.values} if aspect.selection and aspect.values else None
    for value in values:
        if aspect.longest is not None and len(value) > aspect.longest:
            cure = f"Shorten it by {len(value) - aspect.longest}."
            yield Problem("attributes", "too_long", f"{of} takes {aspect.longest} characters", cure, value)
        if known is not None and _key(value) not in known:
            cure = f"Choose one of eBay's values{_offered(aspect, value)}."
            yield Problem("attributes", "not_allowed", f"{of} does not take this value", cure, value)
        elif aspect.number and not _is_number(value):
            yield Problem("attributes", "not_a_number", f"{of} takes a number", "Give it without a unit.", value)


def _unfitting(listing: Listing, given: Mapping[str, Sequence[str]], asked: Requirements) -> Iterator[Problem]:
    """Values that may not be chosen beside what the listing, or a variant of it, gives elsewhere."""
    dependent = [aspect for aspect in asked.aspects if aspect.selection and aspect.depends]
    if not dependent:
        return
    sold = [(variant.sku, variant.attributes) for variant in listing.variants] or [("", {})]
    told: set[tuple[str, str]] = set()
    for sku, own in sold:
        whole = {**given, **{_key(name): values for name, values in own.items()}}
        for aspect in dependent:
            for value in whole.get(_key(aspect.name), ()):
                if (aspect.name, value) not in told and (refusing := _refusing(aspect, value, whole)):
                    told.add((aspect.name, value))
                    of = f"{aspect.name} of variant {sku}" if sku else aspect.name
                    control, allowed = refusing
                    words = f"{of} takes this value only beside certain values of {control}"
                    cure = f"Choose another, or one of these for {control}: {', '.join(allowed[:_SHOWN])}."
                    yield Problem("attributes", "not_beside", words, cure, value)


def _refusing(aspect: Aspect, value: str, given: Mapping[str, Sequence[str]]) -> tuple[str, tuple[str, ...]] | None:
    """The control whose values do not go with this one, and those that would; None where one does, or none is given."""
    found = None
    for each in aspect.depends:
        chosen = {_key(one) for one in given.get(_key(each.control), ())}
        if _key(each.value) != _key(value) or not chosen:
            continue
        if chosen & {_key(one) for one in each.beside}:
            return None
        found = found or (each.control, each.beside)
    return found


def _offered(aspect: Aspect, near: str = "") -> str:
    if not aspect.values:
        return ""
    close = get_close_matches(near, aspect.values, n=_SHOWN, cutoff=0.5) if near else []
    shown = close or list(aspect.values[:_SHOWN])
    more = ", ..." if len(shown) < len(aspect.values) else ""
    return f" (e.g. {', '.join(shown)}{more})"


def _different(found: Sequence[tuple[Sequence[str], str]]) -> Iterator[tuple[Sequence[str], str]]:
    """Each set of values once, with the first variant that has it."""
    seen: set[tuple[str, ...]] = set()
    for values, sku in found:
        if tuple(values) not in seen:
            seen.add(tuple(values))
            yield values, sku


def _of_variant(attributes: Mapping[str, Sequence[str]], name: str) -> list[str]:
    return [value for other, values in attributes.items() if _key(other) == _key(name) for value in values if value]


def _key(text: str) -> str:
    """eBay tells names and values apart by their letters, not by their case or blanks."""
    return " ".join(text.split()).casefold()


def _is_number(text: str) -> bool:
    try:
        return Decimal(text.strip().replace(",", ".")).is_finite()
    except InvalidOperation:
        return False
