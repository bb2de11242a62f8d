"""Orders as every channel gives them, and what can be done with them.

The import asks for what changed since a time, page by page, and stores; people and rules answer and ship. An adapter
says what the channel says: it never stores, repeats, waits or counts. What a channel calls a thing is kept beside what
we make of it, and a word that we do not know is `UNKNOWN`, never the nearest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from adapters.errors import AdapterError, TemporaryError
from adapters.model import Money
from adapters.rate_limits import Limit
from adapters.values import value_object


class OrderStatus(StrEnum):
    """Where an order, or one line of it, stands.

    PENDING: the buyer has not paid, or the channel holds it; nothing may be sent, and prices and addresses may be
    absent. TO_ACCEPT: the channel waits for the seller's yes. TO_SHIP: paid and due. UNKNOWN: a word we do not know.
    """

    PENDING = "pending"
    TO_ACCEPT = "to_accept"
    TO_SHIP = "to_ship"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    CANCELED = "canceled"
    REFUSED = "refused"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"

    @property
    def takes_stock(self) -> bool:
        """Whether its pieces are sold or spoken for. An unknown status takes stock: too little is offered at worst."""
        return self not in (OrderStatus.CANCELED, OrderStatus.REFUSED)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Price(_Value):
    """An amount with and without VAT. None where the channel does not say it and it does not follow from what it says.

    vat_rate: per cent, e.g. 22. An amount is never made up from a rate that the channel did not name.
    """

    with_vat: Money | None = None
    without_vat: Money | None = None
    vat: Money | None = None
    vat_rate: Decimal | None = None


class _Personal(_Value):
    """What tells who somebody is: its fields show in no repr, so that they reach no log and no error."""

    def __repr_args__(self) -> list[tuple[str | None, object]]:
        return []


class Address(_Personal):
    """Where somebody lives or works. country: ISO 3166, two letters. Absent parts are empty."""

    name: str = ""
    company: str = ""
    lines: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


class Buyer(_Personal):
    """Who bought. login: the buyer's name on the channel. tax_id: VAT number or fiscal code. note: the buyer's own."""

    login: str = ""
    name: str = ""
    company: str = ""
    email: str = ""
    tax_id: str = ""
    note: str = ""


class OrderLine(_Value):
    """Some pieces of one SKU in an order.

    line_id: unique in the order and stable. sku: the seller's number; "" where the channel names none. item_id: the
    channel's number of what was bought. vendor_status: the channel's word. price: of the whole line, before delivery.
    shipped: pieces that are on their way. canceled: pieces that will not be. cancel_requested: the buyer wants it off.
    """

    line_id: str
    sku: str
    quantity: int = Field(ge=0)
    status: OrderStatus
    vendor_status: str = ""
    title: str = ""
    item_id: str = ""
    unit_price: Price = Price()
    price: Price = Price()
    delivery: Price = Price()
    shipped: int = Field(0, ge=0)
    canceled: int = Field(0, ge=0)
    refunded: Money | None = None
    cancel_requested: bool = False
    ship_by: AwareDatetime | None = None


class Parcel(_Value):
    """What the channel knows of a parcel. quantities: line id -> pieces; empty where it does not say."""

    parcel_id: str
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: AwareDatetime | None = None
    quantities: Mapping[str, int] = {}


class Order(_Value):
    """One order of one account.

    order_id: the channel's number, unique in the account. vendor_status: the channel's words, joined where it has
    several. paid: None = it does not say. by_channel: the channel sends from its own warehouse: nothing to ship, and
    not our stock. delivery: what sending costs the buyer. refunded: given back so far. cancel_requested: the buyer
    wants it off and the seller has to answer. marketplace: site or contract it was placed on.
    """

    order_id: str
    status: OrderStatus
    vendor_status: str
    placed_at: AwareDatetime
    changed_at: AwareDatetime
    lines: tuple[OrderLine, ...]
    total: Price = Price()
    delivery: Price = Price()
    paid: bool | None = None
    refunded: Money | None = None
    buyer: Buyer = Buyer()
    ship_to: Address = Address()
    bill_to: Address = Address()
    parcels: tuple[Parcel, ...] = ()
    marketplace: str = ""
    ship_by: AwareDatetime | None = None
    by_channel: bool = False
    cancel_requested: bool = False


class ShippedLine(_Value):
    """Pieces of a line in a parcel."""

    line_id: str
    quantity: int = Field(ge=1)


class Shipment(_Value):
    """A parcel that the seller has sent. carrier: its everyday name, e.g. "BRT", or the channel's own code.

    shipment_id: the seller's number of this parcel, the same when it is told again. lines: empty = all that is still
    to be sent of the order.
    """

    shipment_id: str = Field(min_length=1)
    order_id: str = Field(min_length=1)
    carrier: str = Field(min_length=1)
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: AwareDatetime
    lines: tuple[ShippedLine, ...] = ()


def holds_what_was_asked(parcel: Parcel, shipment: Shipment) -> bool:
    """Whether a parcel that the channel knows has the lines of this shipment, as far as either of them says."""
    lines = {line.line_id: line.quantity for line in shipment.lines}
    return not lines or not parcel.quantities or lines == dict(parcel.quantities)


@value_object
class ShipmentAnswer:
    """The channel took it. parcel_id: its number of the parcel. repeated: it had it before, and nothing was sent."""

    parcel_id: str
    repeated: bool = False


@value_object
class OrderAnswer:
    """What came of accepting or refusing one order. repeated: it was so before. error: None = done."""

    order_id: str
    repeated: bool = False
    error: AdapterError | None = None


@value_object
class OrderPage:
    """Some orders, in no order that counts. next: the cursor of the page behind it; "" = this was the last.

    until: on the last page, up to when all changes were listed: where the next walk begins (take an overlap off).
    """

    orders: tuple[Order, ...]
    next: str = ""
    until: datetime | None = None


class ExpiredCursorError(TemporaryError):
    """The channel does not take this cursor any more: begin again with "" at the same time."""


class OrderCall(StrEnum):
    """Kinds of calls, for those who keep to the limits. SEARCH: a page of `orders`; ANSWER: `accept` and `refuse`."""

    SEARCH = "search"
    READ = "read"
    SHIP = "ship"
    ANSWER = "answer"


class OrderChannel(Protocol):
    """Orders of one account. One instance serves one event loop and may be called concurrently."""

    @property
    def channel(self) -> str:
        """The channel's name in lower case."""

    @property
    def poll(self) -> float:
        """Seconds between two walks over what changed, that leave most of the limits to others."""

    @property
    def answers(self) -> bool:
        """Whether the channel waits for the seller to accept or refuse; where not, both are never called."""

    @property
    def limits(self) -> Mapping[OrderCall, Sequence[Limit]]:
        """What each kind of call counts towards; its `reading` says what one uses."""

    async def close(self) -> None:
        """Release connections. Idempotent."""

    async def orders(self, since: datetime, cursor: str = "") -> OrderPage:
        """A page of the orders that changed since then, new ones included.

        Every order that changed before `until` is on some page of a walk that came to its end; an order may come
        twice. A page that cannot be read whole is an error, never the last one. Raises AdapterError; ExpiredCursorError
        where the walk has to begin again; ValueError for a time without a zone.
        """

    async def order(self, order_id: str) -> Order:
        """One order with all that the channel tells. Raises AdapterError; UnknownListingError where there is none."""

    async def ship(self, shipment: Shipment) -> ShipmentAnswer:
        """Tell the channel of a parcel. What it has already is found before anything is sent, so telling again is safe.

        Raises AdapterError: RejectedListingError names the field at fault (an unknown carrier, too many pieces, an
        order that cannot be shipped now); `effect_unknown` where it may have arrived: ship again.
        """

    async def accept(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """Say yes, where the channel waits for it; one answer per order, in the same order. Saying it again is safe.

        Failures, also of the whole call, come as values in the answers.
        """

    async def refuse(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """Say no; as `accept`."""


class NeedsNoAnswer:
    """What a channel says on which every order is as good as accepted."""

    answers = False

    async def accept(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """There is nothing to say."""
        return [OrderAnswer(order_id, repeated=True) for order_id in order_ids]

    async def refuse(self, order_ids: Sequence[str]) -> list[OrderAnswer]:
        """Raises NotImplementedError: orders are cancelled on the channel's own pages."""
        raise NotImplementedError(f"{len(order_ids)} orders to refuse on a channel that asks for no answer")
