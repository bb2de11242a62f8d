"""What is done for a listing whose product the account sells no longer, by the account's policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.memory import MemoryAdapter
from adapters.model import Operation, Outcome
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent
from consumer.listings.accounts import Account
from consumer.listings.owed import moment
from consumer.listings.planner import Invalid, Nothing, Plan, Rehearsal, Send, plan
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.state import ListingState, Status
from consumer.listings.transitions import intended, noted, settled
from tests.unit.listings.making import ACCOUNT, CODE, make_event

NOW = 1_780_000_000.0
ADAPTER = MemoryAdapter()


def account_with(policy: str, why: str = "archived", **changes: Any) -> Account:
    return replace(ACCOUNT, selection=Selection.model_validate({"delisting": {why: policy}}), **changes)


def planned(event: ProductEvent, state: ListingState | None, account: Account) -> Plan:
    return plan(event, state, account, ADAPTER, moment(NOW))


def done(event: ProductEvent, state: ListingState | None, account: Account = ACCOUNT) -> ListingState:
    """The state once the event was planned, sent where something was to be sent, and taken."""
    found = planned(event, state, account)
    if isinstance(found, Send):
        return settled(intended(state, found, NOW), found, Outcome(found.command.sku), now=NOW)
    assert isinstance(found, Nothing), found
    return noted(state, found, NOW)


LIVE = done(make_event(1), None)
ARCHIVED = make_event(2, status="archived", quantity=12)


def test_end_takes_it_down() -> None:
    found = planned(ARCHIVED, LIVE, account_with("end"))
    assert isinstance(found, Send)
    assert (found.command.operation, found.reason) == (Operation.WITHDRAW, "archived in the PIM")
    assert done(ARCHIVED, LIVE, account_with("end")).status is Status.WITHDRAWN


def test_zero_leaves_it_with_stock_zero() -> None:
    account = account_with("zero")
    found = planned(ARCHIVED, LIVE, account)
    assert isinstance(found, Send)
    assert (found.command.operation, found.command.quantity, found.command.listing) == (Operation.REVISE_STOCK, 0, None)
    state = done(ARCHIVED, LIVE, account)
    assert (state.status, state.reason, state.problems) == (Status.LEFT, "archived in the PIM", ())
    assert state.accepted is not None
    assert state.accepted.quantity == 0
    again = planned(make_event(3, status="archived"), state, account)
    assert isinstance(again, Nothing)
    assert again.status is Status.LEFT


def test_keep_leaves_it_as_it_is_but_never_with_more_than_there_is() -> None:
    account = account_with("keep")
    assert isinstance(planned(ARCHIVED, LIVE, account), Nothing)
    assert done(ARCHIVED, LIVE, account).status is Status.LEFT
    lower = planned(make_event(3, status="archived", quantity=5), LIVE, account)
    assert isinstance(lower, Send)
    assert (lower.command.operation, lower.command.quantity) == (Operation.REVISE_STOCK, 5)
    more = planned(make_event(3, status="archived", quantity=500), LIVE, account)
    assert isinstance(more, Nothing)
    unknown = planned(make_event(3, status="archived", quantity=None), LIVE, account)
    assert isinstance(unknown, Nothing)


def test_the_stock_that_may_stay_is_what_the_account_may_sell() -> None:
    account = account_with("keep", stock=StockRules(buffer=4))
    found = planned(make_event(3, status="archived", quantity=10), LIVE, account)
    assert isinstance(found, Send)
    assert found.command.quantity == 6


@pytest.mark.parametrize("policy", ["zero", "keep"])
def test_it_comes_back_with_its_price_and_stock(policy: str) -> None:
    account = account_with(policy)
    left = done(ARCHIVED, LIVE, account)
    back = done(make_event(3, quantity=7), left, account)
    assert back.status is Status.LIVE
    assert back.accepted is not None
    assert back.accepted.quantity == 7


@pytest.mark.parametrize("policy", ["end", "zero", "keep"])
def test_what_was_never_listed_is_left_alone(policy: str) -> None:
    found = planned(ARCHIVED, None, account_with(policy))
    assert isinstance(found, Nothing)
    assert (found.status, found.reason) == (Status.UNLISTED, "archived in the PIM")


@pytest.mark.parametrize(("policy", "operation"), [("end", Operation.WITHDRAW), ("zero", Operation.REVISE_STOCK)])
def test_a_deleted_product_has_a_policy_too(policy: str, operation: Operation) -> None:
    found = planned(make_event(2, EventOperation.DELETED), LIVE, account_with(policy, "deleted"))
    assert isinstance(found, Send)
    assert (found.command.operation, found.command.sku) == (operation, CODE)
    kept = planned(make_event(2, EventOperation.DELETED), LIVE, account_with("keep", "deleted"))
    assert isinstance(kept, Nothing)


def test_dry_run_only_says_what_would_be_done() -> None:
    found = planned(ARCHIVED, LIVE, account_with("zero", mode="dry-run"))
    assert isinstance(found, Rehearsal)
    assert found.command.operation is Operation.REVISE_STOCK


def test_what_may_have_landed_unseen_is_brought_to_zero_once_more() -> None:
    found = planned(make_event(2, quantity=5), LIVE, ACCOUNT)
    assert isinstance(found, Send)
    crashed = intended(done(ARCHIVED, LIVE, account_with("zero")), found, NOW)
    again = planned(make_event(3, status="archived"), crashed, account_with("zero"))
    assert isinstance(again, Send)
    assert again.command.quantity == 0


def test_p1_an_invalid_product_s_stock_goes_down_to_what_the_account_may_sell() -> None:
    account = replace(ACCOUNT, stock=StockRules(buffer=4))
    found = planned(make_event(2, name=None, quantity=10), LIVE, account)
    assert isinstance(found, Send)
    assert (found.command.operation, found.command.quantity) == (Operation.REVISE_STOCK, 6)


def test_the_figures_of_the_last_plan_stay_with_the_listing() -> None:
    account = replace(ACCOUNT, stock=StockRules(buffer=4))
    state = done(make_event(2, quantity=10), LIVE, account)
    assert state.accepted is not None
    assert (state.figures.stock, state.accepted.quantity) == (10, 6)


BRAKED = replace(
    ACCOUNT, price=PriceRules.model_validate({"basis": "retail", "floor": {"amount": 5}, "ceiling": {"amount": 900}})
)


@pytest.mark.parametrize("retail", [None, 0, -1, 0.004, 4.99, 9990, "99,90", {"$numberDouble": "NaN"}])
def test_p13_a_wrong_price_is_told_and_never_sent(retail: Any) -> None:
    pricing = {"retail": retail, "currency": "EUR", "vat_included": True}
    found = planned(make_event(2, pricing=pricing), LIVE, BRAKED)
    assert isinstance(found, Invalid)
    assert [problem.field for problem in found.problems] == ["price"]
    kept = noted(LIVE, found, NOW)
    assert kept.accepted == LIVE.accepted
    assert kept.problems[0].cure


def test_p13_stock_still_goes_down_under_the_price_that_stands_there() -> None:
    pricing = {"retail": 4.99, "currency": "EUR", "vat_included": True}
    found = planned(make_event(2, pricing=pricing, quantity=1), LIVE, BRAKED)
    assert isinstance(found, Send)
    assert (found.command.operation, found.command.listing, found.command.quantity) == (Operation.REVISE_STOCK, None, 1)
