"""Plans for groups: who is one, what is sent, and what a change of role takes down first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.errors import RejectedListingError
from adapters.memory import MemoryAdapter
from adapters.model import Operation, Outcome
from consumer.events import Kin, ProductEvent, decode, encode_headers, encode_key, encode_value
from consumer.events import Operation as EventOperation
from consumer.listings import planner
from consumer.listings.brakes.model import Brake, Brakes
from consumer.listings.brakes.touching import touched
from consumer.listings.codec import from_document, to_document
from consumer.listings.planner import Behind, Invalid, Nothing, Send
from consumer.listings.rules.variations import Variations
from consumer.listings.state import ListingState, Status
from consumer.listings.transitions import intended, noted, settled
from tests.unit.listings.making import ACCOUNT, CODE, NOW, make_document, make_event

GROUPS = replace(ACCOUNT, variations=Variations(sell="group"))
ADAPTER = MemoryAdapter()


def variant(code: str, colour: str, **changes: Any) -> dict[str, Any]:
    attributes = {"it": [{"key": "color", "label": "Colore", "value": colour}]}
    return make_document(entity_code=code, sku=code, parent_entity_code=CODE, attributes=attributes, ean=..., **changes)


RED, BLUE = variant("R", "Rosso"), variant("B", "Blu")


def family(number: int, *variants: dict[str, Any], **changes: Any) -> ProductEvent:
    return replace(make_event(number, EventOperation.READ, **changes), kin=Kin(variants))


def plan_for(event: ProductEvent, state: ListingState | None = None, **given: Any) -> planner.Plan:
    return planner.plan(event, state, given.get("account", GROUPS), ADAPTER, NOW, given.get("taken", frozenset()))


def sent(event: ProductEvent, state: ListingState | None = None, error: Any = None) -> ListingState:
    """The state after this was planned, sent and answered."""
    plan = plan_for(event, state)
    assert isinstance(plan, Send), plan
    after = settled(intended(state, plan, 1.0), plan, Outcome(plan.command.sku, error), now=2.0)
    assert from_document(to_document(after)) == after
    return after


def test_a_family_is_one_listing_and_an_equal_one_costs_no_call() -> None:
    live = sent(family(1, RED, BLUE))
    assert (live.status, live.group, live.members) == (Status.LIVE, CODE, ("B", "R"))
    again = plan_for(family(2, BLUE, RED), live)
    assert isinstance(again, Nothing)
    assert again.status is Status.LIVE
    offer = plan_for(family(3, RED, variant("B", "Blu", quantity=1)), live)
    assert isinstance(offer, Send)
    assert (offer.command.operation, offer.lowers_stock) == (Operation.REVISE_OFFER, True)
    assert offer.command.variants == ("B", "R")


def test_from_its_event_alone_nothing_is_decided_that_a_buyer_would_see() -> None:
    live = sent(family(1, RED, BLUE))
    assert isinstance(plan_for(make_event(2), live), Behind), "a group without its variants"
    assert isinstance(plan_for(make_event(2, variants_entity_code=["R"])), Behind), "a parent that lists variants"
    alone = sent(make_event(1))
    assert isinstance(plan_for(make_event(2, parent_entity_code="PARENT"), alone), Behind), "it may be a variant now"
    new = plan_for(make_event(1, parent_entity_code="PARENT"))
    assert isinstance(new, Nothing)
    assert (new.status, new.group) == (Status.UNLISTED, "PARENT")


def test_a_product_that_joins_a_group_leaves_the_channel_by_itself() -> None:
    event = replace(make_event(2, EventOperation.READ, parent_entity_code="PARENT"), kin=Kin(parent=True))
    plan = plan_for(event, sent(make_event(1)))
    assert isinstance(plan, Send)
    assert (plan.command.operation, plan.group) == (Operation.WITHDRAW, "PARENT")


def test_a_product_whose_parent_is_not_there_is_sold_by_itself() -> None:
    event = replace(make_event(2, EventOperation.READ, parent_entity_code="PARENT"), kin=Kin(parent=False))
    plan = plan_for(event)
    assert isinstance(plan, Send)
    assert (plan.command.operation, plan.group) == (Operation.CREATE, "PARENT")
    assert isinstance(plan_for(event, taken=frozenset({CODE})), Behind), "its group shows it still"


def test_single_becomes_group_and_back_by_way_of_nothing() -> None:
    single = sent(make_event(1))
    becomes = plan_for(family(2, RED, BLUE), single)
    assert isinstance(becomes, Send)
    assert (becomes.command.operation, becomes.plan_again) == (Operation.WITHDRAW, True)
    group = sent(family(1, RED, BLUE))
    back = plan_for(family(2), group)
    assert isinstance(back, Send)
    assert (back.command.operation, back.plan_again, back.command.variants) == (Operation.WITHDRAW, True, ("B", "R"))


def test_a_variant_that_goes_is_named_so_that_the_channel_drops_it() -> None:
    plan = plan_for(family(2, RED), sent(family(1, RED, BLUE)))
    assert isinstance(plan, Send)
    assert plan.command.operation is Operation.REVISE_CONTENT
    assert plan.command.variants == ("B", "R")
    assert plan.command.listing is not None
    assert [each.sku for each in plan.command.listing.variants] == ["R"]


def test_what_another_listing_shows_by_now_is_not_taken_down_with_the_group() -> None:
    plan = plan_for(family(2, RED), sent(family(1, RED, BLUE)), taken=frozenset({"B"}))
    assert isinstance(plan, Send)
    assert plan.command.variants == ("R",)


def test_an_invalid_group_sells_no_more_than_there_is() -> None:
    live = sent(family(1, RED, BLUE))
    plan = plan_for(family(2, RED, variant("B", "Blu", pricing=..., quantity=1)), live)
    assert isinstance(plan, Send)
    assert (plan.command.operation, plan.verdict) == (Operation.REVISE_STOCK, Status.INVALID)
    assert (plan.command.quantities, plan.command.quantity) == ({"B": 1}, 13)
    after = settled(intended(live, plan, 3.0), plan, Outcome(CODE), now=4.0)
    assert after.accepted is not None
    assert {each.sku: each.quantity for each in after.accepted.variants} == {"B": 1, "R": 12}
    more = plan_for(family(3, RED, variant("B", "Blu", pricing=..., quantity=9)), after)
    assert isinstance(more, Invalid), "it never goes up"


def test_a_refused_group_lowers_the_stock_of_the_variant_that_has_less() -> None:
    event = family(2, RED, variant("B", "Blu", quantity=2))
    refused = sent(event, sent(family(1, RED, BLUE)), RejectedListingError("no", code="x"))
    plan = plan_for(event, refused)
    assert isinstance(plan, Send)
    assert (plan.command.operation, plan.command.quantities) == (Operation.REVISE_STOCK, {"B": 2})


def test_a_deleted_parent_takes_all_variants_down() -> None:
    plan = plan_for(make_event(2, EventOperation.DELETED), sent(family(1, RED, BLUE)))
    assert isinstance(plan, Send)
    assert (plan.command.operation, plan.command.variants, plan.group) == (Operation.WITHDRAW, ("B", "R"), CODE)


def test_on_an_account_that_sells_single_listings_a_parent_is_none() -> None:
    account = replace(ACCOUNT, variations=Variations(sell="single"))
    parent = plan_for(make_event(1, variants_entity_code=["R", "B"]), account=account)
    assert isinstance(parent, Nothing)
    child = plan_for(make_event(1, parent_entity_code="PARENT"), account=account)
    assert isinstance(child, Send)
    state = noted(None, parent, 1.0)
    assert state.group == ""


def test_the_price_of_one_variant_is_a_price_move_of_the_group() -> None:
    live = sent(family(1, RED, BLUE))
    dear = {"retail": 5000, "currency": "EUR", "vat_included": True}
    plan = plan_for(family(2, RED, variant("B", "Blu", pricing=dear)), live)
    assert isinstance(plan, Send)
    assert plan.command.listing is not None
    assert plan.command.listing.price == live.accepted.price if live.accepted else False
    assert Brake.PRICE_CHANGE in touched(plan.command, live, Brakes())
    none = plan_for(family(2, RED, variant("B", "Blu", quantity=0)), live)
    assert isinstance(none, Send)
    assert touched(none.command, live, Brakes()) == {Brake.MASS_ZERO_STOCK}


def test_relatives_travel_with_the_state_that_was_read() -> None:
    event = family(1, RED, BLUE)
    read = decode(encode_key(event.tenant, CODE), encode_value(event), encode_headers(event))
    assert read.kin == Kin((RED, BLUE))
    plain = make_event(1)
    assert b"kin" not in encode_value(plain)
