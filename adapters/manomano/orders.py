"""Orders of one ManoMano contract: read by change and by creation, accepted or refused, parcels told after a look.

Source: public clients of the Partners API. Whether an order that nobody has touched has a `status_updated_at` is not
said, so every walk has two legs: what changed, and what is new. 250 requests an hour are all there are, for offers too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from adapters.errors import AdapterError, ChannelUnavailableError, RejectedListingError
from adapters.manomano.carriers import CARRIERS, checked_carrier
from adapters.manomano.client import ManomanoClient
from adapters.manomano.order_reading import order_of
from adapters.manomano.order_results import ANSWERS_AT_ONCE, unsettled
from adapters.manomano.quotas import limits_of
from adapters.manomano.settings import ManomanoAccount
from adapters.order_amounts import utc_text
from adapters.order_cursor import Position, position_of
from adapters.orders import Order, OrderAnswer, OrderCall, OrderPage, OrderStatus, Shipment, ShipmentAnswer
from adapters.rate_limits import Cost, Limit

PAGE_SIZE = 100
_LEGS = ("status_updated_at", "created_at")
_ACCEPTED = (OrderStatus.TO_SHIP, OrderStatus.PENDING, OrderStatus.SHIPPED, OrderStatus.REFUNDED)
_REFUSED = (OrderStatus.REFUSED,)


class ManomanoOrders:
    """See `OrderChannel`. clock: seconds since 1970."""

    channel = "manomano"
    answers = True
    # 60 of the 250 requests of an hour, in two legs.
    poll = 120.0

    def __init__(self, client: ManomanoClient, account: ManomanoAccount, clock: Callable[[], float]) -> None:
        self._client = client
        self._account = account
        self._clock = clock

    @property
    def limits(self) -> Mapping[OrderCall, Sequence[Limit]]:
        """The key's budget, which the offers use too. An answer that is not taken whole is read once more."""
        (shared,) = (limit for limit in limits_of(self._account.api_key) if limit.name == "requests")

        def share(calls: int) -> Sequence[Limit]:
            return (replace(shared, reading=Cost(call=calls)),)

        return {
            OrderCall.SEARCH: share(1),
            OrderCall.READ: share(1),
            OrderCall.SHIP: share(2),
            OrderCall.ANSWER: share(2),
        }

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._client.close()

    async def orders(self, since: datetime, cursor: str = "") -> OrderPage:
        """Up to now, leg by leg. What is in both legs comes twice."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        position = position_of(cursor) if cursor else Position(max(now, since))
        if position.leg >= len(_LEGS):
            raise ChannelUnavailableError(f"ManoMano: a cursor names a leg that no walk has: {cursor[:40]!r}")
        place = position.place // PAGE_SIZE
        name = _LEGS[position.leg]
        window = {f"{name}_start": utc_text(since), f"{name}_end": utc_text(position.until)}
        page = await self._client.list_orders(place + 1, PAGE_SIZE, window)
        found = tuple(order_of(body, self._currency) for body in page.content)
        total = page.items if page.items is not None else page.pages * PAGE_SIZE
        behind = replace(position, place=place * PAGE_SIZE).after(PAGE_SIZE, total)
        if behind is None and position.leg + 1 < len(_LEGS):
            behind = Position(position.until, leg=position.leg + 1)
        return OrderPage(found, str(behind)) if behind else OrderPage(found, until=position.until)

    async def order(self, order_id: str) -> Order:
        """GET of one order, in this contract."""
        return order_of(await self._client.get_order(order_id), self._currency)

    async def ship(self, shipment: Shipment) -> ShipmentAnswer:
        """POST shippings, unless the order is shipped. ManoMano does not say which parcels it knows."""
        entry = self._entry(shipment)
        order = await self.order(shipment.order_id)
        if order.status is OrderStatus.SHIPPED and not shipment.lines:
            return ShipmentAnswer(shipment.tracking_number, repeated=True)
        if order.status is not OrderStatus.TO_SHIP:
            raise RejectedListingError(
                f"order_id: ManoMano says {order.vendor_status}; only orders in PREPARATION can be shipped. A further"
                " parcel of one that is SHIPPED is entered in the Toolbox"
            )
        if shipment.lines:
            entry["products"] = _products(shipment, order)
        results = await self._client.post_orders("shippings", [entry])
        if (error := results[order.order_id]) is not None:
            raise error
        return ShipmentAnswer(shipment.tracking_number)

    async def accept(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """See `OrderChannel`."""
        return await self._answer("accept-orders", order_ids, _ACCEPTED)

    async def refuse(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """See `OrderChannel`."""
        return await self._answer("refuse-orders", order_ids, _REFUSED)

    async def _answer(self, call: str, order_ids: Sequence[str], meant: Sequence[OrderStatus]) -> list[OrderAnswer]:
        results: dict[str, AdapterError | None] = {}
        for start in range(0, len(order_ids), ANSWERS_AT_ONCE):
            part = order_ids[start : start + ANSWERS_AT_ONCE]
            entries = [{**self._contract, "order_reference": order_id} for order_id in part]
            try:
                results |= await self._client.post_orders(call, entries)
            except AdapterError as error:
                results |= dict.fromkeys(part, error)
        return [await self._settled(order_id, results[order_id], meant) for order_id in order_ids]

    async def _settled(self, order_id: str, error: AdapterError | None, meant: Sequence[OrderStatus]) -> OrderAnswer:
        """An order that was not taken may have been answered before; the order itself says so."""
        if error is None or not unsettled(error):
            return OrderAnswer(order_id, error=error)
        try:
            order = await self.order(order_id)
        except AdapterError:
            return OrderAnswer(order_id, error=error)
        return OrderAnswer(order_id, repeated=True) if order.status in meant else OrderAnswer(order_id, error=error)

    def _entry(self, shipment: Shipment) -> dict[str, Any]:
        for name in ("tracking_number", "tracking_url"):
            if not getattr(shipment, name):
                raise RejectedListingError(f"{name}: ManoMano takes no parcel without it; enter the carrier's own")
        return {
            **self._contract,
            "carrier": self._carrier(shipment.carrier),
            "order_reference": shipment.order_id,
            "tracking_number": shipment.tracking_number,
            "tracking_url": shipment.tracking_url,
        }

    def _carrier(self, name: str) -> str:
        """ManoMano's name, capitals included: by the account's own list, else by the letters alone."""
        meant = self._account.carriers.get(name, name)
        spelled = next((known for known in CARRIERS if known.casefold() == meant.casefold()), meant)
        try:
            return checked_carrier(spelled)
        except ValueError as error:
            raise RejectedListingError(f"carrier: {error}") from None

    @property
    def _contract(self) -> dict[str, Any]:
        return {"seller_contract_id": self._account.seller_contract_id}

    @property
    def _currency(self) -> str:
        return "GBP" if self._account.market == "GB" else "EUR"


def _products(shipment: Shipment, order: Order) -> list[dict[str, Any]]:
    lines = {line.line_id: line for line in order.lines}
    products = []
    for sent in shipment.lines:
        line = lines.get(sent.line_id)
        if line is None:
            raise RejectedListingError(f"lines: the order has no line {sent.line_id}; it has {', '.join(lines)}")
        if sent.quantity > line.quantity:
            raise RejectedListingError(f"lines: {sent.quantity} of line {sent.line_id}, which has {line.quantity}")
        products.append({"seller_sku": line.sku, "quantity": sent.quantity})
    return products
