"""What a preview promises, and what the report of a whole account counts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.errors import RejectedListingError
from adapters.memory import MemoryAdapter
from adapters.model import Outcome
from consumer.control.preview import Difference, Preview, held, preview
from consumer.control.rehearsal import Rehearsal
from consumer.events import Operation, ProductEvent
from consumer.listings import planner, transitions
from consumer.listings.accounts import Account
from consumer.listings.brakes import NO_BRAKES, Brakes
from consumer.listings.brakes.ledger import Ledger
from consumer.listings.brakes.model import MassBrake
from consumer.listings.state import ListingState
from tests.unit.listings.making import ACCOUNT, NOW, make_event

ADAPTER = MemoryAdapter()
AT = NOW.timestamp()


def accepted(event: ProductEvent, outcome: Outcome | None = None) -> ListingState:
    """The listing after this state was sent."""
    plan = planner.plan(event, None, ACCOUNT, ADAPTER, NOW)
    assert isinstance(plan, planner.Send)
    intended = transitions.intended(None, plan, AT)
    return transitions.settled(intended, plan, outcome or Outcome(plan.command.sku), now=AT)


def look(event: ProductEvent, state: ListingState | None = None, account: Account = ACCOUNT) -> Preview:
    return preview(event, state, account, ADAPTER, NOW)


@pytest.mark.parametrize("mode", ["off", "dry-run", "live"])
def test_says_what_a_live_account_would_do_whatever_the_mode(mode: Any) -> None:
    found = look(make_event(1), account=replace(ACCOUNT, mode=mode))
    assert (found.verdict, found.mode) == ("create", mode)
    assert found.rendered is not None
    assert found.rendered.content["title"] == "Trapano a percussione 750 W"
    assert found.problems == ()


def test_says_what_differs_from_what_the_channel_took_last() -> None:
    state = accepted(make_event(1))
    pricing = {"retail": 89.9, "currency": "EUR", "vat_included": True}
    found = look(make_event(2, pricing=pricing, quantity=3), state)
    assert found.verdict == "revise_offer"
    assert found.differences == (
        Difference("price", "99.90 EUR", "89.90 EUR"),
        Difference("quantity", 12, 3),
    )


def test_says_which_parts_of_the_text_differ_where_it_is_known_what_was_sent() -> None:
    event = make_event(2, name={"it": "Trapano nuovo"}, brand={"label": "Sudwald"})
    before = look(make_event(1)).rendered
    assert before is not None
    found = preview(event, accepted(make_event(1)), ACCOUNT, ADAPTER, NOW, before.content)
    assert found.verdict == "revise_content"
    assert {one.path: (one.before, one.after) for one in found.differences} == {
        "title": ("Trapano a percussione 750 W", "Trapano nuovo"),
        "brand": ("Nordwald", "Sudwald"),
    }


def test_says_that_nothing_would_be_sent() -> None:
    found = look(make_event(2), accepted(make_event(1)))
    assert (found.verdict, found.differences) == ("unchanged", ())
    assert found.rendered is not None


def test_says_what_is_in_the_way() -> None:
    found = look(make_event(1, pricing={"retail": 0, "currency": "EUR", "vat_included": True}, name={}))
    assert found.verdict == "invalid"
    assert {problem.field for problem in found.problems} == {"price", "title"}
    assert all(problem.cure for problem in found.problems)
    assert found.rendered is None


def test_says_why_a_product_is_not_shown() -> None:
    found = look(make_event(1, status="archived"))
    assert (found.verdict, found.words) == ("unlisted", "archived in the PIM")
    assert look(make_event(2, status="archived"), accepted(make_event(1))).verdict == "withdraw"
    assert look(make_event(2, Operation.DELETED), accepted(make_event(1))).verdict == "withdraw"


def test_says_why_the_channel_refused_it() -> None:
    error = RejectedListingError("Category 9355 is closed")
    found = look(make_event(1), accepted(make_event(1), Outcome("x", error)))
    assert found.verdict == "refused"
    assert any("closed" in str(problem) for problem in found.problems)


def test_says_which_brakes_would_count_it() -> None:
    state = accepted(make_event(1))
    pricing = {"retail": 9.9, "currency": "EUR", "vat_included": True}
    found = look(make_event(2, pricing=pricing), state)
    assert found.touches == ("price_change",)
    assert held(found, ACCOUNT, Ledger(), AT) == "its price moves by more than 50 %"
    assert held(look(make_event(2, quantity=3), state), ACCOUNT, Ledger(), AT) == ""
    assert rehearse([found] * 4).held(ACCOUNT.brakes, 100, AT) == {"its price moves by more than 50 %": 4}


def test_an_older_state_is_not_what_would_be_sent() -> None:
    state = accepted(make_event(5))
    assert look(make_event(4), state).verdict == "superseded"


def test_looking_changes_nothing() -> None:
    state = accepted(make_event(1))
    assert look(make_event(2, quantity=1), state) == look(make_event(2, quantity=1), state)
    assert ADAPTER.calls == 0


def rehearse(previews: list[Preview]) -> Rehearsal:
    rehearsal = Rehearsal()
    for number, found in enumerate(previews):
        rehearsal.add(replace(found, listing_id=f"memory/default/shop/P-{number}"))
    return rehearsal


def test_a_catalogue_is_counted_by_what_would_happen_and_why() -> None:
    state = accepted(make_event(1))
    archived = make_event(2, status="archived")
    rehearsal = rehearse(
        [look(make_event(1))] * 5
        + [look(make_event(2), state)] * 4
        + [look(archived, state)] * 2
        + [look(make_event(1, name={}))] * 7
    )
    assert rehearsal.products == 18
    counts = {verdict: group.count for (verdict, _), group in rehearsal.verdicts.items()}
    assert counts == {"create": 5, "unchanged": 4, "withdraw": 2, "invalid": 7}
    ((kind, group),) = rehearsal.problems.items()
    assert (kind.field, group.count, group.examples) == ("title", 7, ["P-11", "P-12", "P-13"])


def test_vanished_products_are_counted_as_withdrawals() -> None:
    rehearsal = Rehearsal()
    rehearsal.vanished(["A", "B"])
    assert rehearsal.count("withdraw") == 2


def test_says_how_many_would_be_held() -> None:
    state = accepted(make_event(1))
    rehearsal = rehearse([look(make_event(2, status="archived"), state)] * 30)
    brakes = NO_BRAKES.model_copy(update={"mass_delisting": MassBrake(least=10, percent=Decimal(0))})
    ((words, count),) = rehearsal.held(brakes, 100, AT).items()
    assert count == 20
    assert "taken down" in words
    assert rehearsal.held(NO_BRAKES, 100, AT) == {}


def test_a_cap_on_new_listings_holds_what_is_beyond_it() -> None:
    rehearsal = rehearse([look(make_event(1), account=replace(ACCOUNT, brakes=Brakes(creates_per_hour=3)))] * 10)
    assert list(rehearsal.held(Brakes(creates_per_hour=3), 0, AT).values()) == [7]
