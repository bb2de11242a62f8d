"""Promise 3 of the design on one listing: whatever order, crash or failure, the newest state wins, never an older one.

A channel is driven through the real planner and transitions. Calls may fail with or without an effect, processes may
die at any point, events come in any order and more than once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import AdapterError, ChannelUnavailableError, RejectedListingError, UnknownListingError
from adapters.memory import MemoryAdapter
from adapters.model import Command, Listing, Operation, Outcome
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent, Sequence
from consumer.listings.codec import from_document, to_document
from consumer.listings.planner import Behind, Send, Superseded, plan
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted, wanted
from consumer.listings.state import Doubt, ListingState, Status
from consumer.listings.transitions import intended, needs_another_plan, noted, settled
from tests.unit.listings.making import ACCOUNT, CODE, NOW, make_event

ADAPTER = MemoryAdapter()

ENDINGS = (
    "accepted",
    "refused before any effect",
    "refused halfway",
    "no answer, no effect",
    "no answer, effect",
    "crash before the call",
    "crash before the answer is stored",
)

PRODUCTS = st.sampled_from([
    {"quantity": 1},
    {"quantity": 2},
    {"quantity": 0},
    {"name": {"it": "Un altro nome"}},
    {"name": {"it": "Un altro nome"}, "quantity": 2},
    {"sku": "ANOTHER-SKU"},
    {"status": "archived"},
    {"pricing": None},
    {"pricing": None, "quantity": 1},
    {"pricing": None, "quantity": 0},
    "deleted",
])  # fmt: skip


@dataclass
class Channel:
    """What a buyer sees, by SKU, and which product states were written, in order."""

    listings: dict[str, Listing] = field(default_factory=dict)
    written: list[Sequence] = field(default_factory=list)

    def apply(self, command: Command, sequence: Sequence) -> AdapterError | None:
        self.written.append(sequence)
        if command.operation is Operation.WITHDRAW:
            self.listings.pop(command.sku, None)
            return None
        if command.operation is Operation.REVISE_STOCK:
            assert command.quantity is not None
            if command.sku in self.listings:
                self.listings[command.sku] = replace(self.listings[command.sku], quantity=command.quantity)
            return None
        assert command.listing is not None
        if command.operation is Operation.CREATE:
            self.listings[command.sku] = command.listing
            return None
        if command.sku not in self.listings:
            return UnknownListingError("never seen")
        shown = self.listings[command.sku]
        if command.operation is Operation.REVISE_OFFER:
            # Writes price and stock only: text that differs would stay as it is.
            self.listings[command.sku] = _with_offer(shown, command.listing)
        else:
            self.listings[command.sku] = command.listing
        return None


def _with_offer(shown: Listing, wanted_now: Listing) -> Listing:
    return replace(shown, price=wanted_now.price, quantity=wanted_now.quantity)


class Process:
    """Plans one event and carries it out, ending as told. Keeps only what is stored."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.stored: ListingState | None = None
        self.clock = 1_780_000_000.0

    def store(self, state: ListingState) -> None:
        before = self.stored.revision if self.stored else 0
        if state is not self.stored:
            assert state.revision == before + 1
        self.stored = from_document(to_document(state))
        assert self.stored == state

    def deliver(self, event: ProductEvent, ending: str) -> None:
        self.clock += 1
        planned = plan(event, self.stored, ACCOUNT, ADAPTER, NOW)
        if isinstance(planned, Superseded | Behind):
            return
        if not isinstance(planned, Send):
            self.store(noted(self.stored, planned, self.clock))
            return
        self.store(intended(self.stored, planned, self.clock))
        if ending == "crash before the call":
            return
        outcome = Outcome(planned.command.sku, error=self._call(planned, ending))
        if ending == "crash before the answer is stored":
            return
        assert self.stored is not None
        self.store(settled(self.stored, planned, outcome, now=self.clock))
        if needs_another_plan(planned, outcome):
            self.deliver(event, ending)

    def _call(self, send: Send, ending: str) -> AdapterError | None:
        if ending == "refused before any effect":
            return RejectedListingError("no")
        if ending == "no answer, no effect":
            return ChannelUnavailableError("gone", effect_unknown=True)
        error = self.channel.apply(send.command, send.sequence)
        if ending == "refused halfway":
            return RejectedListingError("the second call failed")
        if ending == "no answer, effect":
            return ChannelUnavailableError("gone", effect_unknown=True)
        return error


def events_of(products: list[Any]) -> list[ProductEvent]:
    return [
        make_event(number, EventOperation.DELETED) if changes == "deleted" else make_event(number, **changes)
        for number, changes in enumerate(products, start=1)
    ]


@given(
    products=st.lists(PRODUCTS, min_size=1, max_size=6),
    schedule=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(ENDINGS), st.booleans()), max_size=12),
)
def test_p2_the_newest_state_wins(products: list[Any], schedule: list[tuple[int, str, bool]]) -> None:
    events = events_of(products)
    channel = Channel()
    process = Process(channel)
    for index, ending, rival in schedule:
        process.deliver(events[index % len(events)], ending)
        if rival and process.stored is not None:
            process.stored = _marked_uncertain(process.stored)
    newest = events[-1]
    process.deliver(newest, "accepted")

    assert channel.written == sorted(channel.written), "an older state was written after a newer one"
    target = _target(newest)
    if (
        isinstance(target, Listing)
        and process.stored is not None
        and process.stored.status in (Status.REFUSED, Status.BLOCKED)
    ):
        assert all(shown.quantity <= target.quantity for shown in channel.listings.values()), "too much is on sale"
    elif isinstance(target, Listing):
        assert channel.listings == {target.sku: target}
    elif isinstance(target, Unwanted):
        assert channel.listings == {}
    else:
        stock = (newest.product or {})["quantity"]
        assert all(shown.quantity <= stock for shown in channel.listings.values()), "what is not there is on sale"
    count = len(channel.written)
    process.deliver(newest, "accepted")
    assert len(channel.written) == count, "what is settled is not sent again"
    for event in events:
        process.deliver(event, "accepted")
    assert len(channel.written) == count, "an old event caused a call"


def _target(event: ProductEvent) -> Listing | Unwanted | list[Any]:
    if event.product is None:
        return Unwanted("deleted")
    return wanted(read_product(event.product, CODE), ACCOUNT, NOW).target


def _marked_uncertain(state: ListingState) -> ListingState:
    """What `ListingStore.mark_uncertain` does."""
    return replace(state, doubt=Doubt.EXISTENCE, status=Status.WAITING, revision=state.revision + 1)
