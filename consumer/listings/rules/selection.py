"""Which products an account sells, and what becomes of a listing whose product it sells no longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from adapters.model import Problem
from adapters.values import value_object
from consumer.listings.product import Product
from consumer.listings.rules.conditions import Band, Choice, Names, WordChoice, attribute_values
from consumer.listings.rules.section import Section
from consumer.listings.rules.units import SalesUnit

Policy = Literal["end", "zero", "keep"]
"""What becomes of the listing: it is taken down; it stays with stock 0; it stays, and its stock can only go down."""


class Why(StrEnum):
    """Why an account does not show a product."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    UNPUBLISHED = "unpublished"
    HIDDEN = "hidden"
    CHANNEL_REMOVED = "channel_removed"
    OUT_OF_STOCK = "out_of_stock"
    DESELECTED = "deselected"
    GROUP = "group"
    """It groups variants, which are sold one by one: to keep it would sell them twice."""
    VARIANT = "variant"
    """It is sold in its parent's listing: to keep its own would sell it twice."""
    OLD_VERSION = "old_version"
    """The document is not the current version of the product."""
    WITHHELD = "withheld"
    """A person took it down, until it is asked for again."""


class Delisting(Section):
    """What becomes of a listing, by the reason its product is no longer sold."""

    deleted: Policy = Field("end", description="The product was deleted in the PIM.")
    archived: Policy = Field("end", description="Its status became archived.")
    unpublished: Policy = Field("end", description="Its status became draft, or another that is not published.")
    hidden: Policy = Field("end", description="It was hidden in the PIM (not_visible).")
    channel_removed: Policy = Field("end", description="It was taken out of the sales channels of the selection.")
    out_of_stock: Literal["end", "zero"] = Field("zero", description="The account has no piece of it to sell.")
    deselected: Policy = Field("end", description="The rest of the selection no longer takes it.")

    def policy(self, why: Why) -> Policy:
        """What becomes of a listing. What must never be sold beside something else ends."""
        if why in (Why.GROUP, Why.VARIANT, Why.OLD_VERSION, Why.WITHHELD):
            return "end"
        policy: Policy = getattr(self, why.value)
        return policy


@value_object
class Unwanted:
    """The account should not show this product. reason: in words. policy: what becomes of a listing that is there."""

    reason: str
    why: Why = Why.DESELECTED
    policy: Policy = "end"


class Selection(Section):
    """Which products an account sells: those the PIM publishes and shows, and that every line given here takes."""

    channels: Names = Field((), description="PIM sales channels; the product has to be in one of them.")
    product_statuses: WordChoice = Field(WordChoice(), description="Values of the PIM's free product_status.")
    codes: Choice = Field(Choice(), description="Entity codes.")
    also: Names = Field(
        (), description="Entity codes that are sold whatever product_statuses, categories, brands and attributes say."
    )
    categories: Choice = Field(Choice(), description="PIM category ids, with all that is below them.")
    brands: WordChoice = Field(WordChoice(), description="Brands as the PIM writes them; capitals do not count.")
    attributes: Mapping[str, WordChoice] = Field(
        default_factory=dict, description="Attribute of the PIM (its key or label) -> its values."
    )
    price: Band | None = Field(None, description="What the buyer would pay on this account.")
    in_stock: bool = Field(False, description="Only products are listed of which the account has a piece to sell.")
    unit: SalesUnit = Field(SalesUnit(), description="The packaging that is sold, and which barcodes name it.")
    delisting: Delisting = Field(Delisting(), description="What becomes of listings whose products are not sold.")

    def unwanted(self, why: Why, reason: str) -> Unwanted:
        """The verdict, with the policy for it. reason: in words."""
        return Unwanted(reason, why, self.delisting.policy(why))


def judge(product: Product, selection: Selection, also_as: str = "") -> Unwanted | list[Problem]:
    """Whether the account sells the product, as far as price and stock do not matter. No problems = it does.

    What cannot be read takes nothing down: it is a problem for a person. also_as: see `wanted`.
    """
    codes = (product.entity_code, also_as) if also_as else (product.entity_code,)
    return _verdict(selection, _by_state(product) or _by_group(product) or _by_choice(product, selection, codes))


def judge_parent(product: Product, selection: Selection) -> Unwanted | list[Problem]:
    """The same for a parent whose variants are one listing: what the PIM says of it. The rest is asked of each."""
    found: tuple[Why, str] | Problem | None = _by_state(product)
    if found is None and selection.channels and product.channels is not None:
        found = _by_channel(product, selection.channels)
    return _verdict(selection, found)


def _verdict(selection: Selection, found: tuple[Why, str] | Problem | None) -> Unwanted | list[Problem]:
    if isinstance(found, tuple):
        return selection.unwanted(*found)
    return [] if found is None else [found]


def judge_offer(selection: Selection, price: Decimal | None, quantity: int | None) -> Unwanted | None:
    """The same by what the buyer would pay and could buy. None for a figure = not known, which takes nothing down."""
    if price is not None and selection.price is not None and not selection.price.holds(price):
        return selection.unwanted(Why.DESELECTED, f"its price {price} is not {selection.price}")
    sold_out_goes = selection.in_stock or selection.delisting.out_of_stock == "end"
    if quantity is not None and quantity <= 0 and sold_out_goes:
        return selection.unwanted(Why.OUT_OF_STOCK, "the account has no piece of it to sell")
    return None


def _by_state(product: Product) -> tuple[Why, str] | None:
    """What the PIM itself says. Whoever takes a product out of sale there means every account."""
    if not product.current:
        return Why.OLD_VERSION, "not the current version of the product"
    if product.status == "archived":
        return Why.ARCHIVED, "archived in the PIM"
    if product.status and product.status != "published":
        return Why.UNPUBLISHED, f"not published in the PIM (status {product.status})"
    if product.hidden:
        return Why.HIDDEN, "hidden in the PIM (not_visible)"
    return None


def _by_group(product: Product) -> tuple[Why, str] | None:
    # The PIM sets is_parent on every stand-alone product too; only children make a group.
    if product.variants:
        return Why.GROUP, f"groups {product.variants} variants, which are sold one by one"
    return None


def _by_choice(product: Product, selection: Selection, codes: tuple[str, ...]) -> tuple[Why, str] | Problem | None:
    if selection.channels:
        found = _by_channel(product, selection.channels)
        if found is not None:
            return found
    refusal = selection.codes.refuses(codes)
    if refusal is not None:
        return Why.DESELECTED, f"entity code {refusal} in the account's selection"
    if any(code in selection.also for code in codes):
        return None
    return next(_refusals(product, selection), None)


def _by_channel(product: Product, channels: Names) -> tuple[Why, str] | Problem | None:
    if isinstance(product.channels, Problem):
        return product.channels
    if product.channels is None or product.channels.isdisjoint(channels):
        among = ", ".join(sorted(product.channels or ())) or "none"
        return Why.CHANNEL_REMOVED, f"not in the PIM's sales channel {' or '.join(channels)} (it is in {among})"
    return None


def _refusals(product: Product, selection: Selection) -> Iterator[tuple[Why, str] | Problem]:
    # What could not be read is a problem of its own already, and nothing follows from it.
    unread = {problem.field for problem in product.problems}
    for field, name, choice, found in _choices(product, selection):
        refusal = None if field in unread else choice.refuses(found)
        if refusal is not None:
            yield Why.DESELECTED, f"{name}: {refusal} in the account's selection"
    if selection.categories.include and product.category is None and "category" not in unread:
        yield _no_category()


def _choices(product: Product, selection: Selection) -> Iterator[tuple[str, str, Choice, tuple[str, ...]]]:
    """Field, name for people, what the account chose, what the product has."""
    status, brand = product.product_status, product.brand
    yield "product_status", "product_status", selection.product_statuses, (status,) if status else ()
    yield "brand", "brand", selection.brands, (brand,) if brand else ()
    if product.category is not None:
        yield "category", "category", selection.categories, product.category.lineage
    for name, choice in selection.attributes.items():
        yield "attributes", f"attribute {name}", choice, tuple(sorted(attribute_values(product, name)))


def _no_category() -> Problem:
    return Problem(
        field="category",
        rule="missing",
        message="the product has no category, and the account's selection goes by category",
        cure="Give the product a category in the PIM, or name it in the selection's line `also`.",
    )
