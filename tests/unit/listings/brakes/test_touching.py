"""Which brakes one command touches, and what a person's leave covers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.model import Command, Listing, Money, Operation
from consumer.listings.brakes import NO_BRAKES, Brake, Brakes
from consumer.listings.brakes.touching import covered, touched
from consumer.listings.owed import Leave
from consumer.listings.state import Doubt, ListingState, Status, Version
from tests.unit.delivery.making import make_sequence
from tests.unit.listings.making import make_listing

BRAKES = Brakes(creates_per_hour=10)
BASE = make_listing()
AT = datetime(2026, 6, 1, tzinfo=UTC)


def listing(price: str = "100", quantity: int = 10, currency: str = "EUR") -> Listing:
    return replace(BASE, price=Money(Decimal(price), currency), quantity=quantity)


def revise(price: str = "100", quantity: int = 10, currency: str = "EUR") -> Command:
    return Command(Operation.REVISE_OFFER, "P-1", listing(price, quantity, currency))


def state(price: str = "100", quantity: int = 10) -> ListingState:
    at = make_sequence(1), Operation.CREATE, "P-1"
    accepted = Version(*at, AT, price=Money(Decimal(price), "EUR"), quantity=quantity)
    return ListingState("id", 1, make_sequence(1), Status.LIVE, AT, AT, sku="P-1", accepted=accepted, sent=accepted)


WITHDRAW = Command(Operation.WITHDRAW, "P-1", None)


@pytest.mark.parametrize(
    ("price", "found"),
    [
        ("100", set()),
        ("109.99", set()),
        ("110", {Brake.MASS_PRICE_CHANGE}),
        ("90", {Brake.MASS_PRICE_CHANGE}),
        ("150", {Brake.MASS_PRICE_CHANGE}),
        ("150.01", {Brake.PRICE_CHANGE}),
        ("49.99", {Brake.PRICE_CHANGE}),
        ("0.01", {Brake.PRICE_CHANGE}),
        ("10000", {Brake.PRICE_CHANGE}),
    ],
)
def test_p13_a_price_is_measured_against_what_the_channel_has(price: str, found: set[Brake]) -> None:
    assert touched(revise(price), state(), BRAKES) == found


def test_another_currency_cannot_be_compared_and_is_held() -> None:
    assert touched(revise("100", currency="USD"), state(), BRAKES) == {Brake.PRICE_CHANGE}


@pytest.mark.parametrize(("before", "touches"), [(2, True), (50, True), (1, False), (0, False)])
def test_the_last_piece_that_was_sold_is_never_counted(before: int, touches: bool) -> None:
    assert (Brake.MASS_ZERO_STOCK in touched(revise(quantity=0), state(quantity=before), BRAKES)) is touches
    alone = Command(Operation.REVISE_STOCK, "P-1", None, quantity=0)
    assert (Brake.MASS_ZERO_STOCK in touched(alone, state(quantity=before), BRAKES)) is touches


def test_stock_that_goes_down_or_up_touches_nothing() -> None:
    assert touched(revise(quantity=1), state(), BRAKES) == set()
    assert touched(revise(quantity=99), state(), BRAKES) == set()


def test_a_withdrawal_needs_both_leaves() -> None:
    assert touched(WITHDRAW, state(), BRAKES) == {Brake.MASS_DELISTING, Brake.COUNT_DROP}
    assert touched(WITHDRAW, state(), Brakes(count_drop=None)) == {Brake.MASS_DELISTING}


def test_a_first_offer_counts_for_the_cap_and_a_second_try_of_it_does_not() -> None:
    create = Command(Operation.CREATE, "P-1", listing())
    assert touched(create, None, BRAKES) == {Brake.CREATES_PER_HOUR}
    assert touched(create, None, Brakes()) == set()
    tried = replace(state(), accepted=None, doubt=Doubt.EXISTENCE)
    assert touched(create, tried, BRAKES) == set()


def test_brakes_that_are_off_are_never_touched() -> None:
    for command in (revise("0.01", 0), WITHDRAW, Command(Operation.CREATE, "P-1", listing())):
        assert touched(command, state(), NO_BRAKES) == set()


@pytest.mark.parametrize(
    ("price", "passes"), [("20", True), ("60", True), ("100", True), ("19.99", False), ("101", False)]
)
def test_a_leave_covers_what_was_shown_and_what_goes_less_far(price: str, passes: bool) -> None:
    leave = Leave(Operation.REVISE_OFFER, Money(Decimal(20), "EUR"), 10)
    assert (Brake.PRICE_CHANGE in covered(revise(price), state().accepted, leave)) is passes
    assert Brake.MASS_ZERO_STOCK not in covered(revise(price, 0), state().accepted, leave)


def test_a_leave_to_sell_nothing_is_none_to_withdraw() -> None:
    leave = Leave(Operation.REVISE_OFFER, Money(Decimal(100), "EUR"), 0)
    assert Brake.MASS_ZERO_STOCK in covered(revise(quantity=0), state().accepted, leave)
    assert covered(WITHDRAW, state().accepted, leave) & {Brake.MASS_DELISTING, Brake.COUNT_DROP} == set()
    gone = Leave(Operation.WITHDRAW)
    assert covered(WITHDRAW, state().accepted, gone) == {Brake.MASS_DELISTING, Brake.COUNT_DROP}
    assert covered(revise("1"), state().accepted, gone) == set()
