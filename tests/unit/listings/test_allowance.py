"""A listing that the channel lets us write so often a day is written no more often, whoever writes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from adapters.memory import MemoryAdapter
from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit, Scope
from consumer.delivery.batches import Send
from consumer.delivery.planning import Deferred, Seller, plan_step
from consumer.listings.allowance import Spent, UsedUp, limit_of, spend
from consumer.listings.codec import from_document, to_document
from consumer.listings.state import ListingState
from tests.unit.delivery.making import CHANNEL, START, make_account, make_event, make_record, make_work

LIMIT = Limit(
    "revisions",
    10,
    DAY,
    Scope.LISTING,
    costs={Operation.CREATE: Cost(0, 1), Operation.REVISE_CONTENT: Cost(0, 3), Operation.REVISE_OFFER: Cost(0, 1)},
    resets=time(0, tzinfo=ZoneInfo("America/Los_Angeles")),
    reserve=0.2,
)
NOON = datetime(2026, 6, 1, 19, tzinfo=UTC).timestamp()


def spent_by(*operations: Operation, now: float = NOON) -> Spent | UsedUp | None:
    spent: Spent | None = None
    for operation in operations:
        found = spend(spent, LIMIT, operation, now)
        if isinstance(found, UsedUp):
            return found
        spent = found
    return spent


def test_every_write_counts_as_much_as_it_costs() -> None:
    spent = spent_by(Operation.CREATE, Operation.REVISE_CONTENT, Operation.REVISE_OFFER)
    assert isinstance(spent, Spent)
    assert spent.units == 5


def test_what_is_kept_in_reserve_is_for_price_and_stock_alone() -> None:
    content = [Operation.REVISE_CONTENT] * 2
    assert spent_by(*content, Operation.CREATE, Operation.CREATE, Operation.CREATE) == UsedUp(12 * 3600)
    assert isinstance(spent_by(*content, *[Operation.REVISE_OFFER] * 4), Spent)
    assert spent_by(*content, *[Operation.REVISE_OFFER] * 5) == UsedUp(12 * 3600)


def test_a_withdrawal_is_always_possible_and_a_new_day_begins_anew() -> None:
    full = Spent(datetime(2026, 6, 1, 7, tzinfo=UTC), 10)
    assert spend(full, LIMIT, Operation.WITHDRAW, NOON) == full
    tomorrow = spend(full, LIMIT, Operation.REVISE_OFFER, NOON + DAY)
    assert isinstance(tomorrow, Spent)
    assert tomorrow.units == 1


def test_where_the_channel_counts_nothing_per_listing_nothing_is_kept() -> None:
    assert limit_of([Limit("calls", 1, 60)]) is None
    assert spend(None, None, Operation.CREATE, NOON) is None


def step_of(state: ListingState | None, number: int, price: int) -> tuple[ListingState | None, object]:
    """One planned price, stored and read again, and what followed."""
    seller = Seller(make_account(), MemoryAdapter(CHANNEL, limits=[LIMIT]))
    event = make_event("P-1", number, pricing={"retail": price, "currency": "EUR", "vat_included": True})
    work = replace(make_work("P-1", number), record=make_record(event))
    step = plan_step(work, state, seller, START)
    return from_document(to_document(step.store)) if step.store is not None else state, step.result


def test_a_listing_that_used_up_its_day_waits_and_nothing_of_it_is_stored() -> None:
    state: ListingState | None = None
    # Without an answer in between each is planned as a creation, which may not use the reserve.
    for number in range(1, 9):
        state, result = step_of(state, number, 100 + number)
        assert isinstance(result, Send)
    for number in range(9, 12):
        unchanged, result = step_of(state, number, 100 + number)
        assert isinstance(result, Deferred)
        assert unchanged is state
