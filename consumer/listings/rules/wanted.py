"""From a product to what one account should show: a listing, a reason to show nothing, or problems for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from adapters.model import Listing, Money, Problem
from adapters.values import value_object
from consumer.listings.product import Product
from consumer.listings.rules.draft import Draft
from consumer.listings.rules.prices import Priced, wanted_price
from consumer.listings.rules.selection import Unwanted, judge, judge_offer
from consumer.listings.rules.stock import Stock, offered_stock
from consumer.listings.rules.units import sold_as
from consumer.listings.rules.weight import kilograms

if TYPE_CHECKING:
    from consumer.listings.accounts import Account


@value_object
class Wanted:
    """What an account should show of a product, and the figures it came from.

    stock: what there is and what is told, whatever becomes of the listing; a Problem where it is not known.
    priced: None where it was not asked. due: when this may change although nobody changes anything (a promotion or a
    rule begins or ends), UTC; None = never.
    """

    target: Listing | Unwanted | list[Problem]
    stock: Stock | Problem
    priced: Priced | None = None

    @property
    def due(self) -> datetime | None:
        """When the price may be another."""
        return None if self.priced is None else self.priced.due


def wanted(product: Product, account: Account, at: datetime, *, also_as: str = "") -> Wanted:
    """Decide for one product on one account, at this moment, UTC.

    also_as: another entity code by which the account's selection may mean it, its parent's; "" = none.

    Whether it is wanted comes first: a product taken out of sale goes off the channel whatever else is wrong with it.
    Of the rest every problem is reported, not only the first.
    """
    verdict = judge(product, account.selection, also_as)
    unit = sold_as(product, account.selection.unit)
    if isinstance(unit, Problem):
        return Wanted(verdict if isinstance(verdict, Unwanted) else [*verdict, *_unread(product), unit], unit)
    stock = offered_stock(unit.quantity, unit.locations, account.stock, unit.sold)
    if isinstance(verdict, Unwanted):
        return Wanted(verdict, stock)
    priced = wanted_price(unit, account.price, at)
    unwanted = judge_offer(
        account.selection,
        priced.price.amount if isinstance(priced.price, Money) else None,
        stock.offered if isinstance(stock, Stock) else None,
    )
    target = unwanted or shown_by(unit, account, verdict, priced.price, stock)
    return Wanted(target, stock, priced)


def shown_by(
    unit: Product, account: Account, problems: list[Problem], price: Money | Problem, stock: Stock | Problem
) -> Listing | list[Problem]:
    """The listing of what is wanted, or all that is in the way. problems: those that are known already."""
    draft = account.content.draft(unit, account.languages)
    category = account.categories.find(unit.category, draft.languages)
    if isinstance(category, str):
        account.categories.fill(draft, category)
    found = [*problems, *_unread(unit), *draft.problems]
    found.extend(each for each in (category, price, stock) if isinstance(each, Problem) and each not in found)
    if found or isinstance(category, Problem) or isinstance(price, Problem) or isinstance(stock, Problem):
        return found
    return _listing(draft, category, price, stock.offered)


def _listing(draft: Draft, category: str, price: Money, quantity: int) -> Listing:
    return Listing(
        sku=draft.product.sku,
        title=draft.text("title"),
        description=draft.text("description"),
        price=price,
        quantity=quantity,
        category=category,
        condition=draft.text("condition"),
        images=draft.get("images"),
        language=draft.languages[0],
        brand=draft.text("brand") or None,
        mpn=draft.text("mpn") or None,
        gtins=draft.get("gtins"),
        attributes=draft.attributes,
        remarks=(*draft.product.remarks, *draft.remarks),
        weight=kilograms(draft.product.size.weight),
    )


def _unread(product: Product) -> Iterator[Problem]:
    if not product.status and not any(problem.field == "status" for problem in product.problems):
        yield Problem(
            field="status",
            rule="missing",
            message="the PIM does not say whether the product is published",
            cure="Publish the product in the PIM, or archive it.",
        )
    yield from product.problems
