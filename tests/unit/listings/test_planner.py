"""What is done for a listing: the least that makes the channel right for sure, and never anything older."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.ebay import EbayAccount, EbayAdapter
from adapters.errors import ChannelUnavailableError, RateLimitedError, RejectedListingError, UnknownListingError
from adapters.memory import MemoryAdapter
from adapters.model import Operation, Outcome
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent
from consumer.listings.accounts import Account
from consumer.listings.owed import moment
from consumer.listings.planner import Invalid, Nothing, Plan, Rehearsal, Send, Superseded, plan
from consumer.listings.state import Doubt, ListingState, Status
from consumer.listings.transitions import dead_lettered, intended, needs_another_plan, noted, settled
from tests.unit.listings.making import ACCOUNT, CODE, make_event, make_sequence

NOW = 1_780_000_000.123
ADAPTER = MemoryAdapter()
LOST = ChannelUnavailableError("no answer", effect_unknown=True)
REFUSED = RejectedListingError("Invalid category", code="25005")


def planned(event: ProductEvent, state: ListingState | None = None, account: Account = ACCOUNT) -> Plan:
    return plan(event, state, account, ADAPTER, moment(NOW))


def sent(event: ProductEvent, state: ListingState | None = None, account: Account = ACCOUNT) -> Send:
    found = planned(event, state, account)
    assert isinstance(found, Send), found
    return found


def operation(event: ProductEvent, state: ListingState | None = None) -> Operation:
    return sent(event, state).command.operation


def after(event: ProductEvent, state: ListingState | None = None, outcome: Outcome | None = None) -> ListingState:
    """The state once the event was planned, sent and answered (default: accepted)."""
    send = sent(event, state)
    outcome = outcome or Outcome(send.command.sku, references={"offer_id": "o-1"})
    return settled(intended(state, send, NOW), send, outcome, now=NOW + 1)


def failed(event: ProductEvent, state: ListingState | None, error: Exception) -> ListingState:
    return after(event, state, Outcome(CODE, error=error))  # type: ignore[arg-type]  # a subclass, given as such


LIVE = after(make_event(1))


def test_a_new_product_is_created() -> None:
    send = sent(make_event(1))
    assert send.command.operation is Operation.CREATE
    assert send.command.listing is not None
    assert send.command.sku == CODE
    assert (LIVE.status, LIVE.references, LIVE.uncertain) == (Status.LIVE, {"offer_id": "o-1"}, False)
    assert LIVE.accepted is not None
    assert (LIVE.accepted.quantity, str(LIVE.accepted.price.amount if LIVE.accepted.price else "")) == (12, "99.90")


def test_only_what_changed_is_sent() -> None:
    assert operation(make_event(2, quantity=3), LIVE) is Operation.REVISE_OFFER
    assert operation(make_event(2, name={"it": "Trapano nuovo"}), LIVE) is Operation.REVISE_CONTENT
    both = sent(make_event(2, name={"it": "Trapano nuovo"}, quantity=3), LIVE)
    assert both.command.operation is Operation.REVISE_CONTENT
    assert both.command.listing is not None
    assert both.command.listing.quantity == 3
    assert both.command.references == {"offer_id": "o-1"}


def test_a_write_that_changes_nothing_a_channel_shows_causes_no_call_but_counts_as_planned() -> None:
    found = planned(make_event(2, completeness_score=99), LIVE)
    assert isinstance(found, Nothing)
    state = noted(LIVE, found, NOW)
    assert (state.planned_sequence, state.status, state.revision) == (make_sequence(2), Status.LIVE, LIVE.revision + 1)
    assert isinstance(planned(make_event(1, quantity=0), state), Superseded)


def test_noting_the_same_again_gives_nothing_to_store() -> None:
    found = planned(make_event(1), LIVE)
    assert isinstance(found, Nothing)
    assert noted(LIVE, found, NOW + 5) is LIVE


def test_an_older_state_is_superseded_and_the_same_may_be_planned_again() -> None:
    state = after(make_event(5, quantity=3), LIVE)
    assert planned(make_event(4, quantity=9), state) == Superseded(state.id, make_sequence(4), make_sequence(5))
    assert isinstance(planned(make_event(5, quantity=3), state), Nothing)


@pytest.mark.parametrize(
    ("event", "word"),
    [
        (make_event(2, EventOperation.DELETED), "deleted"),
        (make_event(2, status="archived"), "archived"),
        (make_event(2, not_visible=True), "hidden"),
    ],
)
def test_what_is_not_wanted_any_more_is_withdrawn_and_stays_so(event: ProductEvent, word: str) -> None:
    send = sent(event, LIVE)
    assert send.command.operation is Operation.WITHDRAW
    assert (send.command.sku, send.command.references) == (CODE, {"offer_id": "o-1"})
    gone = after(event, LIVE)
    assert (gone.status, gone.accepted) == (Status.WITHDRAWN, None)
    assert word in gone.reason
    assert isinstance(planned(make_event(1), gone), Superseded)
    again = planned(event, gone)
    assert isinstance(again, Nothing)
    assert again.status is Status.WITHDRAWN


def test_a_withdrawn_listing_that_is_wanted_again_is_created() -> None:
    gone = after(make_event(2, EventOperation.DELETED), LIVE)
    assert operation(make_event(3), gone) is Operation.CREATE


def test_what_never_was_listed_is_not_withdrawn_but_remembered() -> None:
    found = planned(make_event(3, EventOperation.DELETED))
    assert isinstance(found, Nothing)
    tombstone = noted(None, found, NOW)
    assert (tombstone.status, tombstone.revision) == (Status.UNLISTED, 1)
    assert isinstance(planned(make_event(2), tombstone), Superseded)


def test_an_invalid_product_keeps_what_the_channel_shows_and_says_why() -> None:
    found = planned(make_event(2, pricing={"retail": None, "currency": "EUR"}), LIVE)
    assert isinstance(found, Invalid)
    state = noted(LIVE, found, NOW)
    assert state.status is Status.INVALID
    assert state.accepted == LIVE.accepted
    assert [problem.field for problem in state.problems] == ["price"]
    healed = planned(make_event(3), state)
    assert isinstance(healed, Nothing)
    state = noted(state, healed, NOW)
    assert (state.status, state.problems) == (Status.LIVE, ())
    assert operation(make_event(3, EventOperation.DELETED), state) is Operation.WITHDRAW


INVALID: dict[str, Any] = {"pricing": {"retail": None, "currency": "EUR"}}


@pytest.mark.parametrize("stock", [0, 3, -1])
def test_stock_of_an_invalid_product_still_goes_down_and_nothing_else_is_sent(stock: int) -> None:
    event = make_event(2, **INVALID, quantity=stock)
    send = sent(event, LIVE)
    assert (send.command.operation, send.command.listing) == (Operation.REVISE_STOCK, None)
    assert (send.command.quantity, send.command.references) == (max(stock, 0), {"offer_id": "o-1"})
    assert [problem.field for problem in intended(LIVE, send, NOW).problems] == ["price"]
    state = after(event, LIVE)
    assert (state.status, [problem.field for problem in state.problems]) == (Status.INVALID, ["price"])
    assert (state.accepted and state.accepted.quantity, state.uncertain) == (max(stock, 0), False)
    assert isinstance(planned(event, state), Invalid)
    assert operation(make_event(3), state) is Operation.REVISE_OFFER
    assert operation(make_event(3, quantity=max(stock, 0)), state) is Operation.REVISE_OFFER
    assert operation(make_event(3, EventOperation.DELETED), state) is Operation.WITHDRAW


def test_stock_of_an_invalid_product_goes_down_when_the_channel_s_own_checks_refuse_it() -> None:
    account = EbayAccount(app_id="a", api_secret=SecretStr("s"), marketplace_id="EBAY_IT")
    adapter = EbayAdapter(client=None, account=account)  # type: ignore[arg-type]  # checks make no call
    found = plan(make_event(2, name={"it": "x" * 81}, quantity=0), LIVE, ACCOUNT, adapter, moment(NOW))
    assert isinstance(found, Send)
    assert (found.command.operation, found.command.quantity) == (Operation.REVISE_STOCK, 0)


@pytest.mark.parametrize("stock", [12, 50, None, "many"])
def test_stock_of_an_invalid_product_never_goes_up_and_is_never_guessed(stock: object) -> None:
    assert isinstance(planned(make_event(2, **INVALID, quantity=stock), LIVE), Invalid)


def test_an_invalid_product_that_is_not_live_has_no_stock_to_send() -> None:
    assert isinstance(planned(make_event(2, **INVALID, quantity=0)), Invalid)
    gone = after(make_event(2, EventOperation.DELETED), LIVE)
    assert isinstance(planned(make_event(3, **INVALID, quantity=0), gone), Invalid)


def test_a_dry_run_sends_no_stock_of_an_invalid_product() -> None:
    rehearsing = replace(ACCOUNT, mode="dry-run")
    assert isinstance(planned(make_event(2, **INVALID, quantity=0), LIVE, rehearsing), Invalid)


@pytest.mark.parametrize(
    ("event", "content"),
    [(make_event(2, quantity=3), False), (make_event(2, name={"it": "Trapano nuovo"}, quantity=3), True)],
)
def test_stock_in_doubt_is_written_no_higher_than_it_may_be_and_the_rest_is_sent_once_it_is_valid(
    event: ProductEvent, content: bool
) -> None:
    doubtful = failed(event, LIVE, LOST)
    send = sent(make_event(3, **INVALID, quantity=8), doubtful)
    assert (send.command.operation, send.command.quantity) == (Operation.REVISE_STOCK, 3)
    state = after(make_event(3, **INVALID, quantity=8), doubtful)
    assert isinstance(planned(make_event(4, **INVALID, quantity=8), state), Invalid)
    assert operation(make_event(4), state) is (Operation.REVISE_CONTENT if content else Operation.REVISE_OFFER)


def test_a_listing_that_may_be_live_loses_its_stock_and_is_shown_whole_once_it_is_valid() -> None:
    unknown = failed(make_event(1), None, LOST)
    event = make_event(2, **INVALID, quantity=0)
    send = sent(event, unknown)
    assert (send.command.operation, send.command.quantity) == (Operation.REVISE_STOCK, 0)
    state = after(event, unknown)
    assert isinstance(planned(event, state), Invalid)
    assert operation(make_event(3), state) is Operation.REVISE_CONTENT
    assert operation(make_event(3, EventOperation.DELETED), state) is Operation.WITHDRAW


@pytest.mark.parametrize(("error", "status"), [(LOST, Status.WAITING), (REFUSED, Status.INVALID)])
def test_stock_that_was_not_taken_is_sent_again(error: Exception, status: Status) -> None:
    event = make_event(2, **INVALID, quantity=0)
    state = failed(event, LIVE, error)
    assert state.status is status
    assert "price" in [problem.field for problem in state.problems]
    assert operation(make_event(3, **INVALID, quantity=0), state) is Operation.REVISE_STOCK


def test_the_channel_s_own_checks_make_a_product_invalid_too() -> None:
    account = EbayAccount(app_id="a", api_secret=SecretStr("s"), marketplace_id="EBAY_IT")
    adapter = EbayAdapter(client=None, account=account)  # type: ignore[arg-type]  # checks make no call
    found = plan(make_event(2, description="x" * 3_000_000), LIVE, ACCOUNT, adapter, moment(NOW))
    assert isinstance(found, Invalid)
    assert [(problem.field, problem.rule) for problem in found.problems] == [("description", "too_long")]
    assert all(len(problem.value) < 200 for problem in found.problems)


def test_a_barcode_that_is_left_out_is_told_and_keeps_nobody_from_listing() -> None:
    state = after(make_event(1, ean=["4006381333932", "2001234567893", "4006381333931"]))
    assert state.status is Status.LIVE
    assert [warning.partition(" is left out")[0] for warning in state.warnings] == [
        "barcode 4006381333932",
        "barcode 2001234567893",
    ]
    assert after(make_event(2, ean=["4006381333931"], quantity=3), state).warnings == ()


@pytest.mark.parametrize("read", [EventOperation.UPDATED, EventOperation.READ])
def test_stock_still_goes_down_when_the_channel_refuses_the_rest(read: EventOperation) -> None:
    event = make_event(2, read, name={"it": "Trapano nuovo"}, quantity=0)
    send = sent(event, LIVE)
    assert send.command.operation is Operation.REVISE_CONTENT
    assert needs_another_plan(send, Outcome(CODE, error=REFUSED))
    refused = failed(event, LIVE, REFUSED)
    again = sent(event, refused)
    assert (again.command.operation, again.command.quantity) == (Operation.REVISE_STOCK, 0)
    assert not needs_another_plan(again, Outcome(CODE, error=REFUSED))
    state = after(event, refused)
    assert (state.status, [problem.rule for problem in state.problems]) == (Status.REFUSED, ["25005"])
    assert (state.accepted and state.accepted.quantity) == 0
    assert isinstance(planned(event, state), Nothing)
    same = make_event(3, name={"it": "Trapano nuovo"}, quantity=0, completeness_score=1)
    assert isinstance(planned(same, state), Nothing)
    assert operation(make_event(4), state) is Operation.REVISE_CONTENT
    assert operation(make_event(3, name={"it": "Trapano nuovo"}, quantity=0), failed(event, refused, REFUSED)) is (
        Operation.REVISE_STOCK
    )


def test_a_refusal_that_sells_nothing_that_is_not_there_is_left_at_that() -> None:
    event = make_event(2, name={"it": "Trapano nuovo"}, quantity=50)
    assert not needs_another_plan(sent(event, LIVE), Outcome(CODE, error=REFUSED))
    assert isinstance(planned(event, failed(event, LIVE, REFUSED)), Nothing)


# Doubt


@pytest.mark.parametrize(
    ("before", "event", "expected"),
    [
        pytest.param(None, make_event(2), Operation.CREATE, id="create"),
        pytest.param(LIVE, make_event(2, quantity=3), Operation.REVISE_OFFER, id="offer"),
        pytest.param(LIVE, make_event(2, name={"it": "Trapano nuovo"}), Operation.REVISE_CONTENT, id="content"),
    ],
)
def test_a_call_without_an_end_is_made_again_by_whoever_comes_next(
    before: ListingState | None, event: ProductEvent, expected: Operation
) -> None:
    crashed = intended(before, sent(event, before), NOW)
    assert crashed.uncertain
    assert operation(event, crashed) is expected


@pytest.mark.parametrize(
    ("tried", "repair"),
    [
        (make_event(2, quantity=3), Operation.REVISE_OFFER),
        (make_event(2, name={"it": "Trapano nuovo"}), Operation.REVISE_CONTENT),
        (make_event(2, EventOperation.DELETED), Operation.CREATE),
    ],
)
@pytest.mark.parametrize("error", [LOST, REFUSED, RateLimitedError("slow down")])
def test_after_a_failed_call_going_back_to_the_accepted_state_is_sent_too(
    tried: ProductEvent, repair: Operation, error: Exception
) -> None:
    doubtful = failed(tried, LIVE, error)
    assert operation(make_event(3), doubtful) is repair
    assert not after(make_event(3), doubtful).uncertain


def test_doubts_add_up_over_failed_calls() -> None:
    state = failed(make_event(2, name={"it": "Trapano nuovo"}), LIVE, LOST)
    state = failed(make_event(3, name={"it": "Trapano nuovo"}, quantity=1), state, LOST)
    assert state.doubt is Doubt.CONTENT
    assert operation(make_event(4, quantity=2), state) is Operation.REVISE_CONTENT


def test_a_create_with_unknown_effect_is_withdrawn_when_it_is_not_wanted_any_more() -> None:
    unknown = failed(make_event(1), None, LOST)
    assert unknown.accepted is None
    assert operation(make_event(2, EventOperation.DELETED), unknown) is Operation.WITHDRAW


def test_an_invalid_product_does_not_make_a_doubt_go_away() -> None:
    crashed = intended(LIVE, sent(make_event(2, quantity=3), LIVE), NOW)
    found = planned(make_event(3, quantity=None), crashed)  # without a figure there is no stock to send
    assert isinstance(found, Invalid)
    state = noted(crashed, found, NOW)
    assert (state.intent, state.doubt) == (None, Doubt.OFFER)
    assert operation(make_event(4), state) is Operation.REVISE_OFFER


def test_a_listing_marked_uncertain_is_sent_whole() -> None:
    marked = replace(LIVE, doubt=Doubt.EXISTENCE)
    assert operation(make_event(1), marked) is Operation.CREATE
    assert operation(make_event(2, EventOperation.DELETED), marked) is Operation.WITHDRAW


# Refusals and losses


def test_what_the_channel_refused_is_not_sent_again_until_something_changes() -> None:
    event = make_event(2, name={"it": "Trapano nuovo"})
    state = failed(event, LIVE, REFUSED)
    assert state.status is Status.REFUSED
    assert [problem.rule for problem in state.problems] == ["25005"]
    found = planned(make_event(3, name={"it": "Trapano nuovo"}, completeness_score=1), state)
    assert isinstance(found, Nothing)
    kept = noted(state, found, NOW)
    assert (kept.status, kept.problems, kept.error) == (Status.REFUSED, state.problems, state.error)
    assert operation(make_event(4, name={"it": "Trapano"}), kept) is Operation.REVISE_CONTENT
    assert operation(make_event(4, EventOperation.READ, name={"it": "Trapano nuovo"}), kept) is Operation.REVISE_CONTENT


def test_a_listing_the_channel_lost_is_created_again() -> None:
    event = make_event(2, quantity=3)
    send = sent(event, LIVE)
    outcome = Outcome(CODE, error=UnknownListingError("not found"))
    assert needs_another_plan(send, outcome)
    state = settled(intended(LIVE, send, NOW), send, outcome, now=NOW)
    assert (state.status, state.accepted) == (Status.WAITING, None)
    again = sent(event, state)
    assert again.command.operation is Operation.CREATE
    assert not needs_another_plan(again, outcome)
    assert settled(intended(state, again, NOW), again, outcome, now=NOW).status is Status.REFUSED


def test_attempts_count_failures_of_one_state_but_not_the_channel_s_throttling() -> None:
    event = make_event(2, quantity=3)
    state = failed(event, LIVE, LOST)
    assert (state.status, state.attempts, state.error) == (Status.WAITING, 1, "channel_unavailable: no answer")
    assert failed(event, state, LOST).attempts == 2
    assert failed(event, state, RateLimitedError("slow down")).attempts == 1
    assert failed(make_event(3, quantity=4), state, LOST).attempts == 1
    assert after(event, state).attempts == 0
    for number, attempts in ((2, 1), (3, 0)):
        invalid = planned(make_event(number, quantity=None), state)
        assert isinstance(invalid, Invalid)
        assert noted(state, invalid, NOW).attempts == attempts


def test_given_up_listings_are_told_and_the_next_event_is_planned_as_usual() -> None:
    event = make_event(2, quantity=3)
    crashed = intended(LIVE, sent(event, LIVE), NOW)
    state = dead_lettered(crashed, crashed.id, sequence=event.sequence, reason="bug", now=NOW)
    assert (state.status, state.error, state.doubt) == (Status.DEAD_LETTER, "bug", Doubt.OFFER)
    assert operation(make_event(3), state) is Operation.REVISE_OFFER
    assert dead_lettered(state, state.id, sequence=make_sequence(1), reason="old", now=NOW) is state
    assert dead_lettered(None, state.id, sequence=make_sequence(1), reason="bug", now=NOW).revision == 1


# SKU


def test_a_changed_sku_takes_the_old_listing_down_before_the_new_one_goes_up() -> None:
    event = make_event(2, sku="NEW-1")
    first = sent(event, LIVE)
    assert (first.command.operation, first.command.sku, first.plan_again) == (Operation.WITHDRAW, CODE, True)
    state = after(event, LIVE)
    assert (state.status, state.references) == (Status.WAITING, {})
    second = sent(event, state)
    assert (second.command.operation, second.command.sku) == (Operation.CREATE, "NEW-1")
    assert second.command.references == {}
    assert after(event, state).sku == "NEW-1"


def test_ids_of_a_withdrawn_sku_are_not_written_to_under_another() -> None:
    gone = after(make_event(2, EventOperation.DELETED), LIVE)
    assert sent(make_event(3), gone).command.references == {"offer_id": "o-1"}
    renumbered = sent(make_event(3, sku="NEW-1"), gone)
    assert (renumbered.command.operation, renumbered.command.references) == (Operation.CREATE, {})
    assert intended(gone, renumbered, NOW).references == {}


def test_a_withdrawal_names_the_sku_the_channel_knows() -> None:
    assert sent(make_event(2, sku="NEW-1", status="archived"), LIVE).command.sku == CODE
    unseen = noted(None, Invalid(LIVE.id, make_sequence(1), ()), NOW)
    marked = replace(unseen, doubt=Doubt.EXISTENCE)
    assert sent(make_event(2, sku="NEW-1", status="archived"), marked).command.sku == "NEW-1"
    assert sent(make_event(2, EventOperation.DELETED), marked).command.sku == CODE


# Dry run


def test_a_dry_run_sends_nothing_and_vouches_for_nothing() -> None:
    rehearsing = replace(ACCOUNT, mode="dry-run")
    found = planned(make_event(1), None, rehearsing)
    assert isinstance(found, Rehearsal)
    state = noted(None, found, NOW)
    assert (state.status, state.accepted, state.maybe_live) == (Status.DRY_RUN, None, False)
    assert state.proposed is not None
    assert state.proposed.operation is Operation.CREATE
    assert noted(state, found, NOW + 9) is state
    assert operation(make_event(1), state) is Operation.CREATE
    assert isinstance(planned(make_event(2, sku="NEW-1"), LIVE, rehearsing), Rehearsal)
    withdrawal = planned(make_event(2, EventOperation.DELETED), LIVE, rehearsing)
    assert isinstance(withdrawal, Rehearsal)
    assert noted(LIVE, withdrawal, NOW).accepted == LIVE.accepted


def test_what_a_product_makes_us_keep_for_people_is_bounded() -> None:
    entries = ["x" * 5000] * 500
    found = planned(make_event(1, attributes={"it": entries}, pricing="9" * 5000))
    assert isinstance(found, Invalid)
    state = noted(None, found, NOW)
    assert len(state.problems) == 50
    assert all(len(problem.value) <= 200 for problem in state.problems)
    hidden = planned(make_event(1, status="s" * 3_000_000))
    assert isinstance(hidden, Nothing)
    assert len(noted(None, hidden, NOW).reason) == 1000
