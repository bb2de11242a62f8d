"""A channel that refuses the same thing three times for the same reason is believed."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import AdapterError, RejectedListingError, TemporaryError
from adapters.memory import MemoryAdapter
from adapters.model import Operation, Outcome
from consumer.delivery.batches import Send
from consumer.delivery.planning import Planned, Seller, plan_step
from consumer.events import Operation as EventOperation
from consumer.listings import transitions
from consumer.listings.state import ListingState, Status
from tests.unit.delivery.making import make_account, make_event, make_record, make_work

REFUSED = RejectedListingError("the brand is missing", code="25002")


class Listing:
    """One listing's way through planning and answers. Each event has a number of its own."""

    def __init__(self) -> None:
        self.state: ListingState | None = None
        self.rules = "live a"
        self.calls = 0
        self._number = 0

    def deliver(self, error: AdapterError | None, *, read: bool = True, force: bool = False, **product: Any) -> str:
        """An event comes; what is sent is answered with the error. Returns what was sent, or the status."""
        self._number += 1
        operation = EventOperation.READ if read else EventOperation.UPDATED
        shown = {"name": {"it": "Trapano"}, "pricing": PRICE, **product}
        event = make_event("P-1", self._number, operation, **shown)
        work = make_work("P-1", self._number, record=make_record(event, offset=self._number), force=force)
        seller = Seller(make_account(), MemoryAdapter("memory"), self.rules)
        step = plan_step(work, self.state, seller, 1_700_000_000.0)
        self.state = step.store or self.state
        assert self.state is not None
        if not isinstance(step.result, Send):
            return self.state.status.value
        self.calls += 1
        planned: Planned = step.result.plan
        outcome = Outcome("P-1", error)
        self.state = transitions.settled(planned.intended, planned.plan, outcome, now=1_700_000_001.0)
        return planned.plan.command.operation.value


PRICE = {"retail": 100, "currency": "EUR", "vat_included": True}
SAME: dict[str, Any] = {"quantity": 5}


@pytest.fixture
def blocked() -> Listing:
    listing = Listing()
    for _ in range(3):
        assert listing.deliver(REFUSED, **SAME) == "create"
    return listing


def status(listing: Listing) -> Status:
    assert listing.state is not None
    return listing.state.status


def test_f8_the_third_same_refusal_blocks_also_against_a_resync(blocked: Listing) -> None:
    assert status(blocked) is Status.BLOCKED
    assert blocked.state is not None
    assert "blocked" in blocked.state.problems[0].cure
    assert blocked.deliver(REFUSED, **SAME) == "blocked"
    assert blocked.deliver(REFUSED, read=False, **SAME) == "blocked"
    assert blocked.calls == 3


def test_two_refusals_do_not_block() -> None:
    listing = Listing()
    listing.deliver(REFUSED, **SAME)
    listing.deliver(REFUSED, **SAME)
    assert status(listing) is Status.REFUSED


def test_another_reason_begins_to_count_anew() -> None:
    listing = Listing()
    for code in ("1", "1", "2", "1", "1"):
        listing.deliver(RejectedListingError("no", code=code), **SAME)
    assert status(listing) is Status.REFUSED


def test_a_failure_of_another_kind_in_between_changes_nothing() -> None:
    listing = Listing()
    for error in (REFUSED, TemporaryError("busy"), REFUSED, TemporaryError("busy"), REFUSED):
        listing.deliver(error, **SAME)
    assert status(listing) is Status.BLOCKED


def test_a_changed_product_is_sent_and_counts_anew(blocked: Listing) -> None:
    assert blocked.deliver(REFUSED, read=False, quantity=5, name={"it": "Trapano rosso"}) == "create"
    assert status(blocked) is Status.REFUSED


def test_a_changed_rule_tries_once_more(blocked: Listing) -> None:
    blocked.rules = "live b"
    assert blocked.deliver(REFUSED, **SAME) == "create"
    assert status(blocked) is Status.BLOCKED
    assert blocked.deliver(REFUSED, **SAME) == "blocked"


def test_a_person_can_force_it(blocked: Listing) -> None:
    assert blocked.deliver(None, force=True, **SAME) == "create"
    assert status(blocked) is Status.LIVE
    assert blocked.state is not None
    assert blocked.state.refusal is None


def test_a_blocked_listing_still_sells_no_more_than_there_is() -> None:
    listing = Listing()
    listing.deliver(None, quantity=9)
    for _ in range(3):
        listing.deliver(REFUSED, quantity=9, name={"it": "Trapano rosso"})
    assert status(listing) is Status.BLOCKED
    assert listing.deliver(None, read=False, quantity=4, name={"it": "Trapano rosso"}) == Operation.REVISE_CONTENT
    assert listing.deliver(None, read=False, quantity=4, name={"it": "Trapano rosso"}) == "live"


def test_a_withdrawal_that_is_refused_again_and_again_is_blocked_until_the_product_changes() -> None:
    listing = Listing()
    listing.deliver(None, **SAME)
    for _ in range(3):
        assert listing.deliver(REFUSED, status="archived", **SAME) == "withdraw"
    assert listing.deliver(REFUSED, status="archived", **SAME) == "blocked"
    assert listing.deliver(None, read=False, status="archived", **SAME) == "withdraw"
    assert status(listing) is Status.WITHDRAWN
