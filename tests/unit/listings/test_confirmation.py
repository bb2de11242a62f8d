"""P3: accepted is not live. What is read back is compared with what was accepted, again and again, up to a deadline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.model import ChannelListing, Money, Operation, Problem
from consumer.listings.codec import from_document, seen_document, to_document
from consumer.listings.confirmation import Confirmation, looked_at
from consumer.listings.state import ChannelSays, ListingState, Seen, Status, Version
from tests.unit.delivery.making import make_sequence

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
RULE = Confirmation(after=60, deadline=1800)
SENT = Version(
    make_sequence(1),
    Operation.CREATE,
    "P-1",
    AT,
    title="Trapano 750 W",
    price=Money(Decimal("9.90"), "EUR"),
    quantity=5,
)
LIVE = ListingState("ebay/default/shop/P-1", 2, SENT.sequence, Status.LIVE, AT, AT, sku="P-1", sent=SENT, accepted=SENT)
SHOWN = ChannelListing("P-1", live=True, title="Trapano 750 W", price=SENT.price, quantity=5)
GONE = replace(SENT, operation=Operation.WITHDRAW, title=None, price=None, quantity=None)
WITHDRAWN = replace(LIVE, status=Status.WITHDRAWN, accepted=None, sent=GONE)


def after(seconds: float, found: ChannelListing | None, state: ListingState = LIVE) -> ListingState:
    return looked_at(state, found, RULE, AT + timedelta(seconds=seconds))


def seen(state: ListingState) -> Seen:
    assert state.seen is not None
    return state.seen


@pytest.mark.parametrize("found", [SHOWN, replace(SHOWN, quantity=2), replace(SHOWN, title=" Trapano  750 W")])
def test_what_the_channel_shows_is_confirmed(found: ChannelListing) -> None:
    state = after(60, found)
    assert state.confirmed == replace(SENT, at=AT + timedelta(seconds=60))
    assert (seen(state).says, seen(state).words, seen(state).again) == (ChannelSays.LIVE, "", None)
    assert state.revision == LIVE.revision


@pytest.mark.parametrize(
    ("found", "says", "words"),
    [
        (None, ChannelSays.GONE, "the channel does not know it"),
        (replace(SHOWN, live=False), ChannelSays.NOT_LIVE, "no buyer sees it"),
        (
            replace(SHOWN, price=Money(Decimal("8.90"), "EUR")),
            ChannelSays.LIVE,
            "it shows 8.90 EUR, and 9.90 EUR was accepted",
        ),
        (replace(SHOWN, quantity=6), ChannelSays.LIVE, "it sells 6 pieces, and 5 was accepted"),
        (replace(SHOWN, quantity=0), ChannelSays.LIVE, "it sells 0 pieces"),
    ],
)
def test_p3_what_was_accepted_and_did_nothing_is_told(
    found: ChannelListing | None, says: ChannelSays, words: str
) -> None:
    early = after(60, found)
    assert early.confirmed is None
    assert seen(early).says is says
    assert words in seen(early).words
    assert seen(early).again == AT + timedelta(seconds=120)
    late = after(1800, found)
    assert seen(late).late
    assert seen(late).again == AT + timedelta(seconds=1800, hours=6), "seldom, for somebody may put it right there"
    assert seen(late).words.startswith("accepted 30 minutes ago and not confirmed: ")


def test_p15_it_is_looked_at_until_the_deadline_and_not_beyond() -> None:
    looks = []
    state, now = LIVE, 60.0
    while not (state.seen is not None and state.seen.late):
        state = after(now, None, state)
        looks.append(now)
        if (again := seen(state).again) is not None:
            now = (again - AT).total_seconds()
    assert looks[-1] == 1800
    assert len(looks) < 12, "seldom, for each look costs a call"


def test_what_is_under_review_is_asked_for_until_the_channel_has_decided() -> None:
    reviewed = replace(SHOWN, live=False, under_review=True)
    state, now, looks = LIVE, 60.0, 0
    while not seen(state := after(now, reviewed, state)).late:
        assert seen(state).says is ChannelSays.UNDER_REVIEW
        again, looks = seen(state).again, looks + 1
        assert again is not None
        assert (again - AT).total_seconds() > now
        now = (again - AT).total_seconds()
    assert now == RULE.review
    assert looks < 30
    assert "still looking into it" in seen(state).words


def test_a_listing_that_the_channel_refuses_after_all_is_refused_with_its_words() -> None:
    problem = Problem("image", "18027", "the main image violates the rules", "Use a white background.", "x" * 500)
    state = after(60, replace(SHOWN, live=False, problems=(problem,)))
    assert (state.status, state.revision) == (Status.REFUSED, LIVE.revision + 1)
    assert [(each.message, each.cure) for each in state.problems] == [(problem.message, problem.cure)]
    assert len(state.problems[0].value) < len(problem.value)
    assert "the main image violates the rules" in seen(state).words
    assert state.confirmed is None
    again = after(7200, replace(SHOWN, live=False, problems=(problem,)), state)
    assert again.revision == state.revision, "the same is not told twice"
    healed = after(9000, SHOWN, again)
    assert (healed.status, healed.problems, healed.revision) == (Status.LIVE, (), again.revision + 1)
    assert healed.confirmed is not None


def test_what_was_refused_for_itself_is_not_healed_by_an_older_state_that_shows() -> None:
    newer = replace(SENT, sequence=make_sequence(2), title="Trapano 900 W")
    refused = replace(LIVE, status=Status.REFUSED, sent=newer, seen=Seen(ChannelSays.NOT_LIVE, AT))
    assert after(60, SHOWN, refused).status is Status.REFUSED


def test_p17_a_rewritten_title_is_a_remark() -> None:
    state = after(60, replace(SHOWN, title="TRAPANO"))
    assert state.confirmed is not None
    assert (seen(state).says, seen(state).words) == (
        ChannelSays.LIVE_WITH_WARNINGS,
        "the channel shows another title: TRAPANO",
    )


@pytest.mark.parametrize("found", [None, replace(SHOWN, live=False)])
def test_a_withdrawal_is_confirmed_where_nobody_sees_it(found: ChannelListing | None) -> None:
    state = after(60, found, WITHDRAWN)
    assert state.confirmed == replace(GONE, at=AT + timedelta(seconds=60))


def test_a_withdrawal_that_did_nothing_is_told() -> None:
    assert "buyers still see it" in seen(after(60, SHOWN, WITHDRAWN)).words


def test_what_was_never_accepted_is_not_judged() -> None:
    refused = replace(LIVE, accepted=None, status=Status.REFUSED, seen=Seen(ChannelSays.GONE, AT, again=AT))
    assert after(60, None, refused).seen is None


def test_it_is_stored_beside_the_state() -> None:
    for looked in (after(60, SHOWN), after(60, None), after(1800, None)):
        document = to_document(LIVE)
        assert not {"seen", "confirmed"} & document.keys()
        assert from_document({**document, **seen_document(looked)}) == looked
