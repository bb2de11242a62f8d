"""From a parent and its variants to the one listing that an account should show of them.

Every variant is judged, priced and counted by itself, as if it were sold alone, with its parent's data where it has
none of its own. The parent gives the text, and what it says of price, stock and barcodes counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from adapters.model import Listing, Money, Problem, Variant
from adapters.values import replace, value_object
from consumer.listings.product import Product
from consumer.listings.rules.draft import Values
from consumer.listings.rules.prices import Priced
from consumer.listings.rules.selection import Unwanted, judge_parent
from consumer.listings.rules.stock import Stock
from consumer.listings.rules.units import sold_as
from consumer.listings.rules.variations import choose_axes
from consumer.listings.rules.wanted import Wanted, shown_by, wanted

if TYPE_CHECKING:
    from consumer.listings.accounts import Account

_INHERITED = (
    "names",
    "descriptions",
    "short_descriptions",
    "brand",
    "category",
    "channels",
    "channel_categories",
    "product_type",
    "product_status",
    "features",
    "specifications",
)
# Told in one line.
_REASONS = 3


class Family(NamedTuple):
    """A parent and the products that name it as theirs."""

    parent: Product
    children: tuple[Product, ...]


@value_object
class WantedGroup:
    """What an account should show of a family. found: as for one product. stocks: SKU of a variant -> what can be sold.

    A variant that is not sold has 0 there; one whose stock cannot be told is missing.
    """

    found: Wanted
    stocks: Mapping[str, int]


class _Judged(NamedTuple):
    child: Product
    found: Wanted


def wanted_group(
    family: Family, account: Account, at: datetime, *, shown: AbstractSet[str], taken: AbstractSet[str] = frozenset()
) -> WantedGroup:
    """Decide for a family on one account, at this moment, UTC.

    shown: SKUs of variants that buyers may see now: one of these that has a problem keeps the group from being sent,
    for it would go by that; any other is left out until it is mended. taken: SKUs that another listing of the account
    shows still; they are left out too.
    """
    parent = family.parent
    # In an order of their own, so that the same family is the same listing, however it was read.
    children = sorted((_heir(child, parent) for child in family.children), key=lambda child: child.entity_code)
    judged = [_Judged(child, wanted(child, account, at, also_as=parent.entity_code)) for child in children]
    stocks = _stocks(judged)
    stock = Stock(
        sum(each.found.stock.raw for each in judged if isinstance(each.found.stock, Stock)), sum(stocks.values())
    )
    verdict = judge_parent(parent, account.selection)
    if isinstance(verdict, Unwanted):
        return WantedGroup(Wanted(verdict, stock), dict.fromkeys(stocks, 0))
    priced = _priced(judged)
    sold = [each for each in judged if isinstance(each.found.target, Listing) and each.child.sku not in taken]
    wrong = [problem for each in judged for problem in _problems(each) if not sold or each.child.sku in shown]
    if wrong or verdict:
        return WantedGroup(Wanted([*verdict, *wrong], stock, priced), stocks)
    if not sold:
        return WantedGroup(Wanted(_none_sold(judged), stock, priced), stocks)
    target = _listing(parent, sold, [each for each in judged if each not in sold], account)
    return WantedGroup(Wanted(target, stock, priced), stocks)


def _heir(child: Product, parent: Product) -> Product:
    """With its parent's data where it has none of its own."""
    blank = {name: getattr(parent, name) for name in _INHERITED if not getattr(child, name)}
    own = {attribute.key for attributes in child.attributes.values() for attribute in attributes}
    attributes = {
        language: (
            *child.attributes.get(language, ()),
            *(each for each in parent.attributes.get(language, ()) if each.key not in own),
        )
        for language in (*child.attributes, *(other for other in parent.attributes if other not in child.attributes))
    }
    if not child.images:
        blank["images"] = parent.images
    return replace(child, attributes=attributes, variants=0, **blank)


def _stocks(judged: Sequence[_Judged]) -> dict[str, int]:
    stocks = {}
    for child, found in judged:
        if isinstance(found.target, Unwanted):
            stocks[child.sku] = 0
        elif isinstance(found.stock, Stock):
            stocks[child.sku] = found.stock.offered
    return stocks


def _priced(judged: Sequence[_Judged]) -> Priced | None:
    """Of the cheapest variant, and the first time at which the price of any may change."""
    priced = [found.priced for _, found in judged if found.priced is not None]
    if not priced:
        return None
    cheapest = min(priced, key=lambda each: (not isinstance(each.price, Money), _amount(each)))
    return replace(cheapest, due=min((each.due for each in priced if each.due is not None), default=None))


def _amount(priced: Priced) -> object:
    return priced.price.amount if isinstance(priced.price, Money) else 0


def _problems(judged: _Judged) -> list[Problem]:
    """Those of one variant; its number stands in the value, so that the same problem of many is one kind."""
    target = judged.found.target
    if not isinstance(target, list):
        return []
    sku = judged.child.sku
    return [
        replace(problem, value=f"variant {sku}: {problem.value}" if problem.value else f"variant {sku}")
        for problem in target
    ]


def _none_sold(judged: Sequence[_Judged]) -> Unwanted | list[Problem]:
    unwanted = [each.found.target for each in judged if isinstance(each.found.target, Unwanted)]
    reasons = "; ".join(dict.fromkeys(each.reason for each in unwanted[:_REASONS]))
    first = unwanted[0] if unwanted else Unwanted("its variants are shown by other listings")
    same = all((each.why, each.policy) == (first.why, first.policy) for each in unwanted)
    return replace(first, reason=f"none of its variants is sold: {reasons}", policy=first.policy if same else "end")


def _listing(
    parent: Product, sold: Sequence[_Judged], left: Sequence[_Judged], account: Account
) -> Listing | list[Problem]:
    listings = [each.found.target for each in sold if isinstance(each.found.target, Listing)]
    base = _base(parent, sold[0], listings[0], account)
    if not isinstance(base, Listing):
        return base
    axes = choose_axes([listing.attributes for listing in listings], account.variations.axes)
    variants = tuple(_variant(listing, axes, base) for listing in listings)
    names = tuple(dict.fromkeys(axes.values()))
    problems = list(_axis_problems(variants, names))
    if problems:
        return problems
    common = {
        name: values
        for name, values in listings[0].attributes.items()
        if name not in axes and all(listing.attributes.get(name) == values for listing in listings)
    }
    remarks = [f"variant {each.child.sku} is left out: {_why(each)}" for each in left]
    return replace(
        base,
        price=min((variant.price for variant in variants), key=lambda price: price.amount),
        quantity=sum(variant.quantity for variant in variants),
        gtins=(),
        attributes=common,
        remarks=(*base.remarks, *remarks),
        variants=tuple(_apart(variant, common) for variant in variants),
        axes=names,
    )


def _base(parent: Product, first: _Judged, listing: Listing, account: Account) -> Listing | list[Problem]:
    """What the group says as a whole: the parent's, and where it has none, its first variant's."""
    heir = _heir(parent, first.child)
    unit = sold_as(
        replace(heir, barcodes=(), prices=first.child.prices, packagings=first.child.packagings), account.selection.unit
    )
    if isinstance(unit, Problem):
        return [unit]
    return shown_by(replace(unit, problems=parent.problems), account, [], listing.price, Stock(0, 0))


def _variant(listing: Listing, axes: Mapping[str, str], base: Listing) -> Variant:
    attributes: dict[str, Values] = {name: values for name, values in listing.attributes.items() if name not in axes}
    attributes |= {name: listing.attributes[source] for source, name in axes.items() if source in listing.attributes}
    return Variant(
        sku=listing.sku,
        price=listing.price,
        quantity=listing.quantity,
        attributes=attributes,
        images=() if listing.images == base.images else listing.images,
        gtins=listing.gtins,
        mpn=listing.mpn,
        title=listing.title,
    )


def _apart(variant: Variant, common: Mapping[str, Values]) -> Variant:
    attributes = {name: values for name, values in variant.attributes.items() if common.get(name) != values}
    return replace(variant, attributes=attributes)


def _axis_problems(variants: Sequence[Variant], axes: Sequence[str]) -> list[Problem]:
    problems = []
    first: dict[tuple[str, ...], Variant] = {}
    for variant in variants:
        lacking = [axis for axis in axes if len(variant.attributes.get(axis, ())) != 1]
        if lacking:
            words = f"a variant has not exactly one value for {' and '.join(lacking)}, by which buyers choose"
            cure = "Fill the attribute of the variant in the PIM, or choose other axes in the account's variations."
            problems.append(Problem("variations", "axis_missing", words, cure, f"variant {variant.sku}"))
            continue
        choice = variant.choice(axes)
        twin = first.setdefault(choice, variant)
        if twin is not variant:
            problems.append(_twins(twin, variant, axes, choice))
    return problems


def _twins(first: Variant, second: Variant, axes: Sequence[str], choice: Sequence[str]) -> Problem:
    same = ", ".join(f"{axis} {value}" for axis, value in zip(axes, choice, strict=True))
    words = "two variants are the same choice for a buyer" if same else "no attribute tells the variants apart"
    return Problem(
        field="variations",
        rule="same_choice",
        message=words,
        cure="Give them different values in the PIM, or name the attributes that tell them apart in the account's"
        " variations.",
        value=f"variants {first.sku} and {second.sku}" + (f": {same}" if same else ""),
    )


def _why(judged: _Judged) -> str:
    target = judged.found.target
    if isinstance(target, Unwanted):
        return target.reason
    if isinstance(target, list):
        return "; ".join(problem.message for problem in target[:_REASONS])
    return "another listing of the account shows it still"
