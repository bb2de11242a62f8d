"""What goes first, by what starving costs: a sold-out article still on sale, then a wrong price, then old text."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Generic, TypeVar

from consumer.events import Operation, ProductEvent
from consumer.listings.reader import ALIASES

Item = TypeVar("Item", bound=Hashable)

# So often a lane is passed over by more urgent ones, then one of its items goes first.
_PATIENCE = 16


class Lane(IntEnum):
    """Lower is more urgent."""

    WITHDRAW = 0
    OFFER = 1
    CONTENT = 2
    BACKGROUND = 3

    @property
    def urgent(self) -> bool:
        """Whether it may use what quotas keep in reserve: what starves here costs money."""
        return self <= Lane.OFFER


EVERY_LANE = tuple(Lane)
URGENT_LANES = tuple(lane for lane in Lane if lane.urgent)
ORDINARY_LANES = tuple(lane for lane in Lane if not lane.urgent)
LIVE_LANES = tuple(lane for lane in Lane if lane is not Lane.BACKGROUND)
LEAST_URGENT_FIRST = (Lane.CONTENT, Lane.OFFER, Lane.WITHDRAW)
"""Without background work."""

# Fields of a PIM product, with their aliases, that decide price and stock, or whether it is for sale at all.
_STOCK = frozenset({*ALIASES["quantity"], *ALIASES["locations"], "stock_status"})
_PRICE = frozenset({"pricing", "price", "packaging_options", "promotions"})
_FOR_SALE = frozenset({"status", "not_visible", "channels", "isCurrent", "is_parent", "variants_entity_code"})


def lane_of(event: ProductEvent, *, background: bool) -> Lane:
    """The lane of an event. background: it came as a read (snapshot, resync), nobody waits for it.

    This is a guess from the event alone, made before anything is planned: it decides who goes first and nothing else.
    """
    if background:
        return Lane.BACKGROUND
    product = event.product
    if event.operation is Operation.DELETED or product is None or _hidden(product):
        return Lane.WITHDRAW
    changed = None if event.changed is None else frozenset(event.changed)
    if (changed is None or changed & _STOCK) and _sold_out(product):
        return Lane.WITHDRAW
    if changed is not None and changed & (_STOCK | _PRICE | _FOR_SALE):
        return Lane.OFFER
    return Lane.CONTENT


def _hidden(product: Mapping[str, Any]) -> bool:
    return product.get("status") not in (None, "published") or product.get("not_visible") is True


def _sold_out(product: Mapping[str, Any]) -> bool:
    quantity = product.get("quantity", product.get("stock_quantity"))
    if isinstance(quantity, dict):  # an exact number in Extended JSON
        quantity = next(iter(quantity.values()), None)
    if isinstance(quantity, str):
        return quantity.strip("+-0.") == "" and "0" in quantity
    return isinstance(quantity, int | float) and quantity <= 0


class LaneQueue(Generic[Item]):
    """First in, first out inside a lane; a more urgent lane first, but no lane is passed over for ever.

    An item may stand in it twice (it moved to a more urgent lane, say): who pops checks that it is still wanted.
    """

    def __init__(self) -> None:
        self._lanes: tuple[deque[Item], ...] = tuple(deque() for _ in Lane)
        self._passed = [0 for _ in Lane]

    def __len__(self) -> int:
        return sum(map(len, self._lanes))

    def count(self, lanes: Sequence[Lane]) -> int:
        """How many stand in these lanes."""
        return sum(len(self._lanes[lane]) for lane in lanes)

    def push(self, item: Item, lane: Lane) -> None:
        """Put it at the end of its lane."""
        self._lanes[lane].append(item)

    def pop(self, lanes: Sequence[Lane] = EVERY_LANE) -> tuple[Item, Lane] | None:
        """The next one of these lanes and the lane it stood in, None when they are empty."""
        filled = [lane for lane in lanes if self._lanes[lane]]
        if not filled:
            return None
        chosen = next((lane for lane in reversed(filled) if self._passed[lane] >= _PATIENCE), filled[0])
        for lane in filled:
            self._passed[lane] += 1
        self._passed[chosen] = 0
        return self._lanes[chosen].popleft(), chosen

    def clear(self) -> None:
        """Forget all."""
        for queue in self._lanes:
            queue.clear()
