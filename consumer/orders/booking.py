"""What an order takes is kept back from what every account offers, and given free when it is cancelled.

A line is booked once: the order remembers it, so that a sale which the PIM has taken off by now does not come back when
the channel shows the order again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from adapters.orders import Order, OrderLine
from adapters.values import replace
from consumer.listings.sales import Product, SalesBook
from consumer.listings.sold import Sale


class Sku(NamedTuple):
    """What a SKU stands for: the product, how many of its pieces, the group it is sold in, and the PIM's stock now;
    None = not known."""

    product: Product
    pieces: int
    parent: str
    stock: int | None


class Booked(Protocol):
    """Which lines were booked: `consumer.orders.store.OrderStore`. Methods raise PyMongoError."""

    async def booked(self, order: str) -> frozenset[str]:
        """Line ids of an order."""

    async def book(self, order: str, lines: Iterable[str], freed: Iterable[str]) -> None:
        """These were booked, and those given free."""


class Booking:
    """hold: seconds after the order that a sale is kept back at the longest. now: UTC.

    find: what SKUs of an account stand for; those it does not know are left out. owe: makes what every account of these
    products offers due, in the stock lane.
    """

    def __init__(
        self,
        sales: SalesBook,
        booked: Booked,
        *,
        hold: float,
        now: Callable[[], datetime],
        find: Callable[[str, Iterable[str]], Awaitable[Mapping[str, Sku]]],
        owe: Callable[[Iterable[tuple[Product, str]]], Awaitable[object]],
    ) -> None:
        self._sales = sales
        self._booked = booked
        self._hold = timedelta(seconds=hold)
        self._now = now
        self._find = find
        self._owe = owe

    async def book(self, account: str, order: Order) -> int:
        """Returns how many lines were booked or given free. Raises PyMongoError, MarketsyncError."""
        if order.by_channel or order.placed_at + self._hold <= self._now():
            return 0
        id_ = f"{account}/{order.order_id}"
        known = await self._booked.booked(id_)
        due = [line for line in order.lines if line.sku and (taken(order, line) > 0) != (line.line_id in known)]
        if not due:
            return 0
        found = await self._find(account, {line.sku for line in due})
        changed = [(line, found[line.sku]) for line in due if line.sku in found]
        for line, sku in changed:
            await self._change(id_, order, line, sku)
        # Marked as due before the order remembers it: who dies in between does it again.
        await self._owe([(sku.product, sku.parent) for _, sku in changed])
        lines = {line.line_id for line, _ in changed}
        await self._booked.book(id_, lines - known, lines & known)
        return len(changed)

    async def _change(self, id_: str, order: Order, line: OrderLine, sku: Sku) -> None:
        sale_id, pieces = f"{id_}/{line.line_id}", taken(order, line) * sku.pieces
        if not pieces:
            await self._sales.change(sku.product, lambda reserved: reserved.without(sale_id))
            return
        now = self._now()
        sale = Sale(sale_id, pieces, order.placed_at + self._hold)
        await self._sales.change(
            sku.product, lambda reserved: replace(reserved, parent=sku.parent).with_sale(sale, sku.stock, now)
        )


def taken(order: Order, line: OrderLine) -> int:
    """Units of the line that are sold, or spoken for."""
    if not (order.status.takes_stock and line.status.takes_stock):
        return 0
    return max(0, line.quantity - line.canceled)
