"""Which listings on a channel become ours, and what happens to them then. P8: no duplicates."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.memory import MemoryAdapter
from adapters.model import ChannelListing, Money, Operation
from consumer.events import Operation as EventOperation
from consumer.listings import planner, transitions
from consumer.listings.adoption import Adoption, Finding, Offering, adopted
from consumer.listings.codec import from_document, to_document
from consumer.listings.state import ListingState, Status
from tests.unit.listings.making import ACCOUNT, CODE, NOW, make_event

EAN = "4006381333931"
LISTING_ID = ACCOUNT.listing_id(CODE)


def shown(sku: str, *gtins: str, live: bool = True) -> ChannelListing:
    return ChannelListing(sku, live, "Trapano", Money(Decimal("79.00"), "EUR"), 4, {"listing_id": "L-7"}, gtins)


def offering(**products: str) -> Offering:
    """Products by code, with their SKU; all have the same barcode."""
    made = Offering()
    for code, sku in products.items():
        made.add(code, sku, (EAN,))
    return made


def test_p8_a_listing_with_the_sku_of_a_product_is_adopted() -> None:
    match = Adoption(offering(P1="S-1"), ()).match(shown("S-1"), None)
    assert (match.finding, match.code) == (Finding.BY_SKU, "P1")


@pytest.mark.parametrize("written", [EAN, f"0{EAN}"])
def test_p8_a_listing_with_the_barcode_of_one_product_is_adopted(written: str) -> None:
    match = Adoption(offering(P1="S-1"), ()).match(shown("OLD-77", written), None)
    assert (match.finding, match.code) == (Finding.BY_BARCODE, "P1")


def test_the_sku_counts_before_the_barcode() -> None:
    both = offering(P1="S-1")
    both.add("P2", "S-2", ("5901234123457",))
    match = Adoption(both, ()).match(shown("S-2", EAN), None)
    assert (match.finding, match.code) == (Finding.BY_SKU, "P2")


def test_what_two_products_could_be_is_left_to_a_person() -> None:
    adoption = Adoption(offering(P1="S-1", P2="S-2"), ())
    match = adoption.match(shown("OLD-77", EAN), None)
    assert match.finding is Finding.AMBIGUOUS
    assert "P1, P2" in match.words


def test_a_product_is_given_to_one_listing_only() -> None:
    adoption = Adoption(offering(P1="S-1"), ())
    assert adoption.match(shown("OLD-1", EAN), None).finding is Finding.BY_BARCODE
    second = adoption.match(shown("OLD-2", EAN), None)
    assert second.finding is Finding.AMBIGUOUS
    assert "P1 has another listing already" in second.words
    assert Adoption(offering(P1="S-1"), ["P1"]).match(shown("OLD-1", EAN), None).finding is Finding.AMBIGUOUS


def test_what_is_ours_foreign_or_ended_is_left_alone() -> None:
    adoption = Adoption(offering(P1="S-1"), ())
    assert adoption.match(shown("S-1"), "P1").finding is Finding.OURS
    assert adoption.match(shown("S-1", live=False), None).finding is Finding.ENDED
    assert adoption.match(shown("X", "5901234123457"), None).finding is Finding.FOREIGN
    assert adoption.match(shown("X"), None).finding is Finding.FOREIGN


def adopt(sku: str, *, state: ListingState | None = None) -> ListingState:
    return adopted(state, LISTING_ID, shown(sku), by_barcode=sku != CODE, at=NOW)


def test_p8_what_was_adopted_is_revised_whole_and_not_created() -> None:
    plan = planner.plan(make_event(1), adopt(CODE), ACCOUNT, MemoryAdapter(), NOW)
    assert isinstance(plan, planner.Send)
    assert plan.command.operation is Operation.REVISE_CONTENT
    assert plan.command.references == {"listing_id": "L-7"}


def test_p8_what_was_adopted_by_barcode_keeps_its_number_for_good() -> None:
    adapter, state = MemoryAdapter(), adopt("OLD-77")
    plan = planner.plan(make_event(1), state, ACCOUNT, adapter, NOW)
    assert isinstance(plan, planner.Send)
    assert (plan.command.operation, plan.command.sku) == (Operation.REVISE_CONTENT, "OLD-77")
    assert plan.command.listing is not None
    assert plan.command.listing.sku == "OLD-77"
    intended = transitions.intended(from_document(to_document(state)), plan, NOW.timestamp())
    assert intended.keeps_sku
    gone = planner.plan(make_event(2, EventOperation.DELETED), intended, ACCOUNT, adapter, NOW)
    assert isinstance(gone, planner.Send)
    assert (gone.command.operation, gone.command.sku) == (Operation.WITHDRAW, "OLD-77")


def test_any_event_is_newer_than_an_adoption() -> None:
    assert adopt(CODE).planned_sequence < make_event(0).sequence


def test_an_adoption_does_not_forget_what_was_planned() -> None:
    plan = planner.plan(make_event(5, status="archived"), None, ACCOUNT, MemoryAdapter(), NOW)
    assert isinstance(plan, planner.Nothing)
    known = transitions.noted(None, plan, NOW.timestamp())
    state = adopt(CODE, state=known)
    assert (state.planned_sequence, state.revision) == (known.planned_sequence, known.revision + 1)
    assert state.status is Status.WAITING
    assert isinstance(planner.plan(make_event(4), state, ACCOUNT, MemoryAdapter(), NOW), planner.Superseded)
