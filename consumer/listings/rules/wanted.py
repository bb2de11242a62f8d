"""From a product to what one account should show: a listing, a reason to show nothing, or problems for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.model import Listing, Problem
from consumer.listings.product import Attribute, Category, Product, Texts
from consumer.listings.rules.prices import wanted_price

if TYPE_CHECKING:
    from consumer.listings.accounts import Account


@dataclass(frozen=True, slots=True)
class Unwanted:
    """The account should not show this product. reason: in words."""

    reason: str


def wanted(product: Product, account: Account) -> Listing | Unwanted | list[Problem]:
    """Decide for one product on one account.

    Whether it is wanted comes first: a product taken out of sale goes off the channel whatever else is wrong with it.
    Of the rest every problem is reported, not only the first.
    """
    reason = _unwanted(product, account)
    if reason:
        return Unwanted(reason)
    problems = [*_state_problems(product), *product.problems]
    language = _language(product.names, account.languages)
    if language is None:
        problems.append(_no_title(product, account))
    category = _category(product.category, account)
    price = wanted_price(product.prices, account.price)
    quantity = product.quantity
    problems.extend(found for found in (category, price, quantity) if isinstance(found, Problem))
    if problems or language is None or isinstance(category, Problem) or isinstance(price, Problem):
        return problems
    if isinstance(quantity, Problem):
        return problems
    texts_in = (language, *account.languages)
    return Listing(
        sku=product.sku,
        title=_text(product.names, (language,)),
        description=_text(product.descriptions, texts_in),
        price=price,
        # The PIM goes below zero when more was sold than there was: nothing is left to sell, and that is known.
        quantity=max(quantity, 0),
        category=category,
        condition=account.content.condition,
        images=product.images,
        language=language,
        brand=product.brand,
        mpn=product.model,
        gtins=product.barcodes,
        attributes=_attributes(product, texts_in),
    )


def _unwanted(product: Product, account: Account) -> str | None:
    if not product.current:
        return "not the current version of the product"
    if product.status == "archived":
        return "archived in the PIM"
    if product.status and product.status != "published":
        return f"not published in the PIM (status {product.status})"
    if product.hidden:
        return "hidden in the PIM (not_visible)"
    # The PIM sets is_parent on every stand-alone product too; only children make a group.
    if product.variants:
        return f"groups {product.variants} variants, which are sold one by one"
    if product.product_status in account.selection.unwanted_statuses:
        return f"product_status {product.product_status} is not sold on this account"
    return None


def _state_problems(product: Product) -> Iterator[Problem]:
    if not product.status and not any(problem.field == "status" for problem in product.problems):
        yield Problem(
            field="status",
            rule="missing",
            message="the PIM does not say whether the product is published",
            cure="Publish the product in the PIM, or archive it.",
        )


def _language(texts: Texts, languages: Iterable[str]) -> str | None:
    """The first language of the account the texts have; it matches it-it, and it-IT matches it."""
    for language in languages:
        if _find(texts, language) is not None:
            return language
    return None


def _text(texts: Texts, languages: Iterable[str]) -> str:
    return next((text for text in (_find(texts, language) for language in languages) if text), "")


def _find(texts: Mapping[str, str], language: str) -> str | None:
    key = language.lower()
    primary = key.split("-", 1)[0]
    if key in texts or primary in texts:
        return texts.get(key) or texts.get(primary)
    return next((texts[known] for known in sorted(texts) if known.split("-", 1)[0] == primary), None)


def _no_title(product: Product, account: Account) -> Problem:
    accepted = ", ".join(account.languages)
    if not product.names:
        return Problem("title", "missing", "the product has no name", f"Fill name in the PIM, in {accepted}.")
    return Problem(
        field="title",
        rule="no_language",
        message=f"the name is in none of the account's languages ({accepted})",
        cure="Translate name in the PIM, or add one of its languages to the account.",
        value=", ".join(sorted(product.names)),
    )


def _category(category: Category | None, account: Account) -> str | Problem:
    """The channel's category of the nearest mapped ancestor. There is no default."""
    if category is None:
        return Problem(
            field="category",
            rule="missing",
            message="the product has no category",
            cure="Give the product a category in the PIM.",
        )
    for candidate in (category.id, *category.ancestors):
        if candidate in account.categories.map:
            return account.categories.map[candidate]
    name = _text(category.names, account.languages) or next(iter(category.names.values()), "")
    return Problem(
        field="category",
        rule="unmapped",
        message="neither the PIM's category nor one above it is mapped to a category of the channel",
        cure=f"Map {category.id} or one of the categories above it in the account's categories.",
        value=f"{category.id} {name}".strip(),
    )


def _attributes(product: Product, languages: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Label -> values in the listing's language. The brand is the listing's own field; channels name it as they do."""
    found: dict[str, dict[str, None]] = {}
    for attribute in _attributes_in(product.attributes, languages):
        found.setdefault(attribute.label, {}).update(dict.fromkeys(attribute.values))
    return {label: tuple(values) for label, values in found.items()}


def _attributes_in(attributes: Mapping[str, tuple[Attribute, ...]], languages: Iterable[str]) -> tuple[Attribute, ...]:
    for language in languages:
        for key in (language.lower(), language.lower().split("-", 1)[0]):
            if key in attributes:
                return attributes[key]
    return attributes.get("", ())
