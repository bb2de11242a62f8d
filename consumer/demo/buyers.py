"""Buyers at the stand-ins, and the shop that books what they ordered.

Orders are read from each channel as the service reads them, and taken off the PIM's stock as a shop's own system does;
that the other accounts follow is then what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from random import Random

from adapters.orders import OrderChannel
from adapters.registry import find_channel
from consumer.demo.shops import Shop
from consumer.demo.windows import StandInWindow
from consumer.mongo import Collection, Document

_MOST_PIECES = 3
_BEFORE = timedelta(minutes=5)


def go_shopping(shops: Sequence[Shop], products: Sequence[Document], count: int, seed: int) -> Counter[str]:
    """So many buyers order something each, no two of them the same product. SKU -> pieces. Raises UnavailableError."""
    # The same purchases again, not secrecy.
    random = Random(seed)  # noqa: S311
    windows = [shop.window for shop in shops if isinstance(shop.window, StandInWindow)]
    there = [document for document in products if document["quantity"] > 0]
    bought: Counter[str] = Counter()
    for document in random.sample(there, min(count, len(there))):
        pieces = random.randint(1, min(_MOST_PIECES, document["quantity"]))
        if random.choice(windows).buy(document["sku"], pieces):
            bought[document["sku"]] += pieces
    return bought


async def orders_of(shops: Sequence[Shop]) -> Counter[str]:
    """What the accounts' channels say was ordered just now: SKU -> pieces. Raises AdapterError."""
    found: Counter[str] = Counter()
    since = datetime.now(UTC) - _BEFORE
    async with AsyncExitStack() as stack:
        for channel in _channels(shops):
            stack.push_async_callback(channel.close)
            found += await _ordered(channel, since)
    return found


def book(products: Collection[Document], sold: Mapping[str, int]) -> None:
    """Take what was sold off the PIM's stock."""
    for sku, pieces in sold.items():
        change = {"$inc": {"quantity": -pieces}, "$set": {"updated_at": datetime.now(UTC)}}
        products.update_one({"sku": sku, "isCurrent": True}, change)


async def _ordered(channel: OrderChannel, since: datetime) -> Counter[str]:
    pieces: dict[tuple[str, str], tuple[str, int]] = {}
    cursor = ""
    while True:
        page = await channel.orders(since, cursor)
        for order in page.orders:  # an order may come twice
            pieces |= {(order.order_id, line.line_id): (line.sku, line.quantity) for line in order.lines}
        if not page.next:
            break
        cursor = page.next
    found: Counter[str] = Counter()
    for sku, count in pieces.values():
        found[sku] += count
    return found


def _channels(shops: Sequence[Shop]) -> list[OrderChannel]:
    """The orders of each account; eBay's second marketplace is a seller of its own, Amazon's is asked by itself."""
    found = []
    for shop in shops:
        channel = find_channel(shop.document.channel)
        if channel.orders is not None:
            found.append(channel.orders(channel.settings(**shop.document.settings, **shop.credentials)))
    return found
