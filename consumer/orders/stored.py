"""An order as it is kept, and what a reading of it changes. Pure.

The order's document carries the events that were not published yet, so that a change and its event are stored by one
write. Personal data stands apart from the rest: only the rest is ever published.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from adapters.orders import Order, OrderStatus
from adapters.values import replace, value_object

PERSONAL = frozenset({"buyer", "ship_to", "bill_to"})
"""Fields of an order that tell who somebody is."""


class Happening(StrEnum):
    """What became of an order. The words stand in the type of its event."""

    PLACED = "placed"
    CHANGED = "changed"
    CANCELED = "canceled"
    REFUNDED = "refunded"


@value_object
class OrderEvent:
    """To be published. number: counts the events of the order, from 1. order: without personal data. at: when we saw
    it."""

    number: int
    happening: Happening
    at: datetime
    order: dict[str, Any] = field(hash=False)


@value_object
class StoredOrder:
    """revision: of what is stored, 0 = nothing. number: of its last event. order: all but the personal data, as JSON
    has it. unpublished: oldest first."""

    order: dict[str, Any] = field(hash=False)
    changed_at: datetime
    revision: int = 0
    number: int = 0
    unpublished: tuple[OrderEvent, ...] = ()


def public(order: Order) -> dict[str, Any]:
    """The order without what tells who somebody is."""
    return order.model_dump(mode="json", exclude=set(PERSONAL))


def personal(order: Order) -> dict[str, Any]:
    """What tells who somebody is."""
    return order.model_dump(mode="json", include=set(PERSONAL))


def read(before: StoredOrder | None, order: Order, at: datetime) -> StoredOrder | None:
    """What to store now that the channel showed this; None = it is no news, or older than what is known."""
    shown = public(order)
    if before is None:
        event = OrderEvent(1, Happening.PLACED, at, shown)
        return StoredOrder(shown, order.changed_at, number=1, unpublished=(event,))
    if order.changed_at < before.changed_at or shown == before.order:
        return None
    event = OrderEvent(before.number + 1, _happening(before.order, shown), at, shown)
    return replace(
        before,
        order=shown,
        changed_at=order.changed_at,
        number=event.number,
        unpublished=(*before.unpublished, event),
    )


def _happening(before: dict[str, Any], now: dict[str, Any]) -> Happening:
    gone = {OrderStatus.CANCELED.value, OrderStatus.REFUSED.value}
    if now["status"] in gone and before["status"] not in gone:
        return Happening.CANCELED
    if now["refunded"] != before["refunded"] or OrderStatus.REFUNDED.value == now["status"] != before["status"]:
        return Happening.REFUNDED
    return Happening.CHANGED
