"""Orders of a channel that lives in this process: it sells on demand, keeps the contract, and fails on demand.

For trying the service without a marketplace, for tests and for simulations. It pages, waits for a yes where it is told
to, and repeats a parcel that is told twice unless somebody looks before, as real channels do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from adapters.errors import AdapterError, ChannelUnavailableError, RejectedListingError, UnknownListingError
from adapters.model import Money
from adapters.order_amounts import price_of
from adapters.orders import (
    Address,
    Buyer,
    ExpiredCursorError,
    Order,
    OrderAnswer,
    OrderCall,
    OrderLine,
    OrderPage,
    OrderStatus,
    Parcel,
    Shipment,
    ShipmentAnswer,
)
from adapters.rate_limits import Limit

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_MOVES = {"accept": OrderStatus.TO_SHIP, "refuse": OrderStatus.REFUSED}


@dataclass(slots=True)
class OrderFaults:
    """What goes wrong next. All empty: nothing does.

    calls: errors of whole calls, the next call takes the first one. lost: how many of the next writes are done although
    their answer is lost. orders: order id -> why it is not accepted, refused or shipped. jumbled: pages come with the
    newest order first, and with one of them twice.
    """

    calls: deque[AdapterError] = field(default_factory=deque)
    lost: int = 0
    orders: dict[str, AdapterError] = field(default_factory=dict)
    jumbled: bool = False


class MemoryOrders:
    """See `OrderChannel`. answers: orders wait for a yes. page_size: of a walk. now: its clock, moved by hand."""

    channel = "memory"
    poll = 1.0

    def __init__(self, *, answers: bool = False, page_size: int = 2, now: datetime = BEGINNING) -> None:
        self.answers = answers
        self.page_size = page_size
        self.now = now
        self.faults = OrderFaults()
        self.placed: dict[str, Order] = {}
        self.parcels_told = 0
        self._cursors: dict[str, datetime] = {}

    @property
    def limits(self) -> Mapping[OrderCall, Sequence[Limit]]:
        """None."""
        return dict.fromkeys(OrderCall, ())

    def sell(self, *lines: tuple[str, int], price: str = "19.90", status: OrderStatus | None = None) -> str:
        """A buyer orders; the order's id. price: of each piece, in euro, VAT of 22 per cent included."""
        self.tick()
        order_id = f"M-{len(self.placed) + 1}"
        stands = status or (OrderStatus.TO_ACCEPT if self.answers else OrderStatus.TO_SHIP)
        found = tuple(_line(f"{order_id}-{at}", sku, n, price, stands) for at, (sku, n) in enumerate(lines, 1))
        total = sum((line.price.with_vat.amount for line in found if line.price.with_vat), Decimal(0))
        self.placed[order_id] = Order(
            order_id=order_id,
            status=stands,
            vendor_status=stands.value,
            placed_at=self.now,
            changed_at=self.now,
            lines=found,
            total=price_of(with_vat=Money(total, "EUR"), rate=22),
            buyer=Buyer(login="ada.rossi", name="Ada Rossi", email="ada.rossi@buyers.invalid"),
            ship_to=Address(name="Ada Rossi", lines=("Via Roma 1",), postal_code="10100", city="Torino", country="IT"),
        )
        return order_id

    def move(self, order_id: str, status: OrderStatus) -> None:
        """The order, and every line of it, stands elsewhere from now on."""
        self.tick()
        order = self.placed[order_id]
        gone = status in (OrderStatus.CANCELED, OrderStatus.REFUSED)
        lines = tuple(
            line.model_copy(
                update={
                    "status": status,
                    "canceled": line.quantity if gone else 0,
                    "shipped": line.quantity if status is OrderStatus.SHIPPED else line.shipped,
                }
            )
            for line in order.lines
        )
        changed = {"status": status, "vendor_status": status.value, "lines": lines, "changed_at": self.now}
        refunded = {"refunded": order.total.with_vat} if status is OrderStatus.REFUNDED else {}
        self.placed[order_id] = order.model_copy(update=changed | refunded)

    def tick(self, seconds: float = 1.0) -> None:
        """Time goes on."""
        self.now += timedelta(seconds=seconds)

    def forget_cursors(self) -> None:
        """Cursors that were given out expire."""
        self._cursors.clear()

    async def close(self) -> None:
        """Nothing to release."""

    async def orders(self, since: datetime, cursor: str = "") -> OrderPage:
        """Pages of one window; orders that change meanwhile leave it, so that a page may be short."""
        if since.tzinfo is None:
            raise ValueError(f"{since} has no time zone")
        self._fail()
        if cursor and cursor not in self._cursors:
            raise ExpiredCursorError("The memory channel has forgotten this cursor")
        until = self._cursors[cursor] if cursor else self.now
        last = cursor.partition("|")[0]
        window = [order for order in self._by_change() if since <= order.changed_at <= until]
        rest = [order for order in window if _mark(order) > last]
        page = rest[: self.page_size]
        shown = tuple(page if not self.faults.jumbled else [*reversed(page), *page[:1]])
        if len(rest) <= self.page_size:
            return OrderPage(shown, until=until)
        following = f"{_mark(page[-1])}|{len(self._cursors)}"
        self._cursors[following] = until
        return OrderPage(shown, following)

    async def order(self, order_id: str) -> Order:
        """The order as it is now."""
        self._fail()
        return self._find(order_id)

    async def ship(self, shipment: Shipment) -> ShipmentAnswer:
        """A parcel more, unless this shipment is among them."""
        self._fail()
        order = self._find(shipment.order_id)
        if any(parcel.parcel_id == shipment.shipment_id for parcel in order.parcels):
            return ShipmentAnswer(shipment.shipment_id, repeated=True)
        if (error := self.faults.orders.get(order.order_id)) is not None:
            raise error
        if order.status not in (OrderStatus.TO_SHIP, OrderStatus.PARTLY_SHIPPED):
            raise RejectedListingError(f"order_id: the order is {order.status}, so nothing of it may be sent")
        self._ship(order, shipment)
        self._lose()
        return ShipmentAnswer(shipment.shipment_id)

    async def accept(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """See `OrderChannel`."""
        return self._answer("accept", order_ids)

    async def refuse(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """See `OrderChannel`."""
        return self._answer("refuse", order_ids)

    def _answer(self, word: str, order_ids: Sequence[str]) -> list[OrderAnswer]:
        try:
            self._fail()
            answers = [self._moved(order_id, _MOVES[word]) for order_id in order_ids]
            self._lose()
        except AdapterError as error:
            return [OrderAnswer(order_id, error=error) for order_id in order_ids]
        return answers

    def _moved(self, order_id: str, status: OrderStatus) -> OrderAnswer:
        order = self.placed.get(order_id)
        if order is None:
            return OrderAnswer(order_id, error=UnknownListingError(f"There is no order {order_id}"))
        if order.status is status:
            return OrderAnswer(order_id, repeated=True)
        if (error := self.faults.orders.get(order_id)) is not None:
            return OrderAnswer(order_id, error=error)
        if order.status is not OrderStatus.TO_ACCEPT:
            return OrderAnswer(order_id, error=RejectedListingError(f"order_id: the order is {order.status}"))
        self.move(order_id, status)
        return OrderAnswer(order_id)

    def _ship(self, order: Order, shipment: Shipment) -> None:
        self.tick()
        self.parcels_told += 1
        wanted = {line.line_id: line.quantity for line in shipment.lines}
        wanted = wanted or {line.line_id: line.quantity - line.shipped for line in order.lines}
        lines = tuple(_shipped(line, wanted.get(line.line_id, 0)) for line in order.lines)
        done = all(line.status is OrderStatus.SHIPPED for line in lines)
        status = OrderStatus.SHIPPED if done else OrderStatus.PARTLY_SHIPPED
        parcel = Parcel(
            parcel_id=shipment.shipment_id,
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            shipped_at=shipment.shipped_at,
            quantities=wanted,
        )
        told = {"status": status, "vendor_status": status.value, "lines": lines, "changed_at": self.now}
        self.placed[order.order_id] = order.model_copy(update={**told, "parcels": (*order.parcels, parcel)})

    def _find(self, order_id: str) -> Order:
        if order_id not in self.placed:
            raise UnknownListingError(f"There is no order {order_id}")
        return self.placed[order_id]

    def _by_change(self) -> list[Order]:
        return sorted(self.placed.values(), key=_mark)

    def _fail(self) -> None:
        if self.faults.calls:
            raise self.faults.calls.popleft()

    def _lose(self) -> None:
        if self.faults.lost:
            self.faults.lost -= 1
            raise ChannelUnavailableError("The answer was lost", effect_unknown=True)


def _mark(order: Order) -> str:
    return f"{order.changed_at.isoformat()} {order.order_id}"


def _line(line_id: str, sku: str, pieces: int, price: str, status: OrderStatus) -> OrderLine:
    each = Money(Decimal(price), "EUR")
    return OrderLine(
        line_id=line_id,
        sku=sku,
        quantity=pieces,
        status=status,
        vendor_status=status.value,
        title=sku,
        unit_price=price_of(with_vat=each, rate=22),
        price=price_of(with_vat=Money(each.amount * pieces, "EUR"), rate=22),
    )


def _shipped(line: OrderLine, pieces: int) -> OrderLine:
    sent = line.shipped + pieces
    if sent > line.quantity:
        raise RejectedListingError(f"lines: {pieces} of line {line.line_id}, of which {line.quantity} were ordered")
    status = OrderStatus.SHIPPED if sent == line.quantity else OrderStatus.PARTLY_SHIPPED if sent else line.status
    return line.model_copy(update={"shipped": sent, "status": status})
