"""What counts as drift, and what a channel may do without being blamed. P3, P17."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.memory import MemoryAdapter
from adapters.model import ChannelListing, Money, Outcome
from consumer.listings import planner, transitions
from consumer.listings.drift import Kind, comparable, drifts
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import Doubt, ListingState
from tests.unit.listings.making import ACCOUNT, NOW, make_event, make_sequence

AT = NOW.timestamp()


def listed() -> ListingState:
    plan = planner.plan(make_event(1), None, ACCOUNT, MemoryAdapter(), NOW)
    assert isinstance(plan, planner.Send)
    return transitions.settled(transitions.intended(None, plan, AT), plan, Outcome(plan.command.sku), now=AT)


def withdrawn() -> ListingState:
    before = listed()
    plan = planner.plan(make_event(2, status="archived"), before, ACCOUNT, MemoryAdapter(), NOW)
    assert isinstance(plan, planner.Send)
    return transitions.settled(transitions.intended(before, plan, AT), plan, Outcome(plan.command.sku), now=AT)


def shown(**changes: Any) -> ChannelListing:
    state = listed()
    assert state.accepted is not None
    found = ChannelListing(state.sku, True, str(state.accepted.title), state.accepted.price, state.accepted.quantity)
    return replace(found, **changes)


def test_what_is_shown_as_accepted_has_not_drifted() -> None:
    assert drifts(listed(), shown()) == []
    assert drifts(withdrawn(), shown(live=False)) == []
    assert drifts(withdrawn(), None) == []


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (None, Kind.MISSING),
        (shown(live=False), Kind.MISSING),
        (shown(price=Money(Decimal("9.99"), "EUR")), Kind.PRICE),
        (shown(price=Money(Decimal("99.90"), "GBP")), Kind.PRICE),
        (shown(quantity=13), Kind.STOCK),
        (shown(title="Trapano GRATIS"), Kind.TITLE),
    ],
)
def test_every_kind_of_drift_is_seen_and_told_in_words(found: ChannelListing | None, kind: Kind) -> None:
    (drift,) = drifts(listed(), found)
    assert drift.kind is kind
    assert drift.accepted != drift.shown


def test_a_listing_that_was_withdrawn_and_is_for_sale_has_drifted() -> None:
    assert [drift.kind for drift in drifts(withdrawn(), shown())] == [Kind.STANDING]


@pytest.mark.parametrize("found", [shown(quantity=0), shown(quantity=None), shown(price=None), shown(title="")])
def test_sales_and_what_a_channel_does_not_tell_are_no_drift(found: ChannelListing) -> None:
    assert drifts(listed(), found) == []


def test_what_is_sold_out_may_be_hidden() -> None:
    state = listed()
    assert state.accepted is not None
    empty = replace(state, accepted=replace(state.accepted, quantity=0))
    assert drifts(empty, shown(live=False)) == []
    assert drifts(empty, None) == []


def test_nothing_is_compared_while_something_is_on_its_way() -> None:
    state = listed()
    owed = Owed(Cause.RULES, NOW, NOW, make_sequence(1), "m")
    assert comparable(state)
    assert not comparable(replace(state, owed=owed))
    assert not comparable(replace(state, doubt=Doubt.OFFER))
    assert not comparable(replace(state, intent=state.sent))
    assert not comparable(replace(state, sku=""))
