"""What an account has no mapping for: categories, values that tables do not know, attributes the channel requires.

Counted over products, so that a person begins with the line that frees most of them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from adapters.model import Problem
from consumer.listings.accounts import Account
from consumer.listings.product import Category, Product
from consumer.listings.rules import Unwanted
from consumer.listings.rules.categories import name_of
from consumer.listings.rules.selection import judge

Kind = Literal["category", "value", "attribute"]

_EXAMPLES = 3
_NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is to be mapped.

    kind: category = a PIM category that leads to none of the channel; value = one that a table does not know;
    attribute = one that the channel requires and the product does not fill. name: the PIM category's id, or the
    listing's field. value: the value, or the category in words.
    """

    kind: Kind
    name: str
    value: str = ""


@dataclass(slots=True)
class Count:
    """How many products lack it. examples: the entity codes of the first few."""

    products: int
    examples: tuple[str, ...]


class Unmapped:
    """Counts over products, one after the other."""

    def __init__(self, account: Account) -> None:
        self.products = 0
        self._account = account
        self._found: dict[Missing, Count] = {}

    def add(self, product: Product) -> None:
        """Look at one more product; those the account does not sell do not count."""
        if isinstance(judge(product, self._account.selection), Unwanted):
            return
        self.products += 1
        for missing in dict.fromkeys(missing_of(product, self._account)):
            count = self._found.setdefault(missing, Count(0, ()))
            count.products += 1
            if len(count.examples) < _EXAMPLES:
                count.examples += (product.entity_code,)

    def counts(self) -> list[tuple[Missing, Count]]:
        """Most products first."""
        return sorted(self._found.items(), key=lambda entry: (-entry[1].products, entry[0].kind, entry[0].name))


def count_unmapped(products: Iterable[Product], account: Account) -> list[tuple[Missing, Count]]:
    """All of it at once, most products first."""
    unmapped = Unmapped(account)
    for product in products:
        unmapped.add(product)
    return unmapped.counts()


def missing_of(product: Product, account: Account) -> Iterator[Missing]:
    """What one product lacks on this account."""
    draft = account.content.draft(product, account.languages)
    category = account.categories.find(product.category, draft.languages)
    if isinstance(category, Problem):
        yield _category(product.category, account)
    else:
        account.categories.fill(draft, category)
    for value in draft.unmapped:
        yield Missing("value", value.field, value.value)
    for problem in draft.problems:
        if problem.rule == "required":
            yield Missing("attribute", problem.field, f"in category {category}")


def _category(category: Category | None, account: Account) -> Missing:
    if category is None:
        return Missing("category", _NONE, "the product has no category in the PIM")
    above = " > ".join(reversed(category.ancestors))
    words = " ".join(filter(None, (name_of(category, account.languages), f"(below {above})" if above else "")))
    return Missing("category", category.id, words)
