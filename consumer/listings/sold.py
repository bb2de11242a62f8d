"""What channels sold and the PIM has not taken off its stock yet: it is kept back from what every account offers. Pure.

A sale is open until the PIM's stock has fallen by its pieces, the oldest sale first, or until its time is over. The
PIM does not say why a stock falls, so any fall counts; when it rises, what is open stays open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from adapters.values import replace, value_object
from consumer.listings.product import Product


@value_object
class Sale:
    """Pieces of a product that a line of an order took. id: account, order and line. until: UTC; then it is open no
    more."""

    id: str
    pieces: int
    until: datetime


@value_object
class Reserved:
    """The open sales of one product. seen: the PIM's stock as it was counted last; None = it was not known.

    parent: the entity code of the group that it is sold in; "" = alone. revision: of what is stored; 0 = nothing is.
    """

    seen: int | None = None
    sales: tuple[Sale, ...] = ()
    parent: str = ""
    revision: int = 0

    def open(self, stock: int | None, at: datetime) -> int:
        """Pieces to keep back from this stock of the PIM."""
        left = sum(sale.pieces for sale in self.saw(stock, at).sales)
        return max(0, left)

    def saw(self, stock: int | None, at: datetime) -> Reserved:
        """The PIM's stock was read. Sales that it has taken off by now, or whose time is over, are gone."""
        fallen = 0 if stock is None or self.seen is None else max(0, self.seen - stock)
        left: list[Sale] = []
        for sale in self.sales:
            booked = min(fallen, sale.pieces)
            fallen -= booked
            if sale.pieces > booked and sale.until > at:
                left.append(replace(sale, pieces=sale.pieces - booked))
        return replace(self, seen=self.seen if stock is None else stock, sales=tuple(left))

    def with_sale(self, sale: Sale, stock: int | None, at: datetime) -> Reserved:
        """One more was sold, at this stock of the PIM. The same sale again changes nothing."""
        now = self.saw(stock, at)
        if any(each.id == sale.id for each in self.sales):
            return now
        return replace(now, sales=(*now.sales, sale))

    def without(self, sale_id: str) -> Reserved:
        """The sale was cancelled."""
        return replace(self, sales=tuple(sale for sale in self.sales if sale.id != sale_id))


Sold = Mapping[str, Reserved]
"""Entity code → what is open of it."""

NOTHING_SOLD: Sold = MappingProxyType({})


def stock_of(product: Product) -> int | None:
    """The PIM's stock; None where it is not known."""
    return product.quantity if isinstance(product.quantity, int) else None


def less_sold(product: Product, sold: Sold, at: datetime) -> Product:
    """The product with what is sold of it by now."""
    reserved = sold.get(product.entity_code)
    pieces = 0 if reserved is None else reserved.open(stock_of(product), at)
    return replace(product, sold=pieces) if pieces else product
