"""The PIM's promotions: prices that hold for a time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from adapters.model import Problem
from consumer.listings.product import Product
from consumer.listings.rules.vat import Taxes, gross
from consumer.listings.rules.windows import earliest

PATH = "promotions.promo_price"


def running_price(product: Product, taxes: Taxes, at: datetime) -> Decimal | Problem | None:
    """The lowest price of the promotions that run at this moment, as a buyer pays it; None where none runs."""
    if isinstance(product.promotions, Problem):
        return product.promotions
    lowest: Decimal | None = None
    for promotion in product.promotions:
        if not promotion.runs(at):
            continue
        price = gross(promotion.price, PATH, product.prices, taxes)
        if isinstance(price, Problem):
            return price
        lowest = price if lowest is None else min(lowest, price)
    return lowest


def next_change(product: Product, at: datetime) -> datetime | None:
    """When next one of them begins or ends."""
    if isinstance(product.promotions, Problem):
        return None
    return earliest((moment for each in product.promotions for moment in (each.starts, each.ends)), at)
