"""The axes are never mixed, and every standing has a next step in words (P15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.model import Operation
from consumer.listings.axes import Blocked, LastTry, Work, axes_of, wanted_of
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import ChannelSays, ListingState, Seen, Status, Version
from tests.unit.delivery.making import make_sequence

AT = datetime(2026, 6, 1, tzinfo=UTC)
SENT = Version(make_sequence(1), Operation.CREATE, "P-1", AT)
TAKEN_DOWN = replace(SENT, operation=Operation.WITHDRAW)
LIVE = ListingState("a/b/c/d", 1, SENT.sequence, Status.LIVE, AT, AT, sku="P-1", sent=SENT, accepted=SENT)
LATER = AT + timedelta(minutes=1)


def owed(cause: Cause, words: str = "why") -> Owed:
    return Owed(cause, AT, AT, SENT.sequence, "m", words)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (True, Work.IDLE, LastTry.OK, ChannelSays.UNKNOWN, Blocked.NO)),
        ({"seen": Seen(ChannelSays.LIVE, LATER)}, (True, Work.IDLE, LastTry.OK, ChannelSays.LIVE, Blocked.NO)),
        (
            {"seen": Seen(ChannelSays.NOT_LIVE, LATER, "x", again=LATER)},
            (True, Work.SUBMITTED, LastTry.OK, ChannelSays.NOT_LIVE, Blocked.NO),
        ),
        (
            {"seen": Seen(ChannelSays.LIVE, AT - timedelta(1))},
            (True, Work.IDLE, LastTry.OK, ChannelSays.UNKNOWN, Blocked.NO),
        ),
        ({"intent": SENT}, (True, Work.SENDING, LastTry.OK, ChannelSays.UNKNOWN, Blocked.NO)),
        (
            {"status": Status.WAITING, "error": "no answer"},
            (True, Work.WAITING, LastTry.FAILED, ChannelSays.UNKNOWN, Blocked.NO),
        ),
        (
            {"owed": owed(Cause.HELD), "proposed": TAKEN_DOWN},
            (False, Work.HELD, LastTry.OK, ChannelSays.UNKNOWN, Blocked.NO),
        ),
        ({"owed": owed(Cause.PAUSED)}, (True, Work.HELD, LastTry.OK, ChannelSays.UNKNOWN, Blocked.NO)),
        (
            {"owed": owed(Cause.HALTED)},
            (True, Work.HELD, LastTry.OK, ChannelSays.UNKNOWN, Blocked.NEEDS_AUTHORISATION),
        ),
        (
            {"status": Status.BLOCKED, "error": "x"},
            (True, Work.IDLE, LastTry.REFUSED, ChannelSays.UNKNOWN, Blocked.SAME_REFUSAL),
        ),
        (
            {"status": Status.INVALID, "error": "an older one"},
            (True, Work.IDLE, LastTry.INVALID, ChannelSays.UNKNOWN, Blocked.NO),
        ),
        (
            {"status": Status.WITHDRAWN, "accepted": None, "sent": TAKEN_DOWN},
            (False, Work.IDLE, LastTry.OK, ChannelSays.UNKNOWN, Blocked.NO),
        ),
    ],
)
def test_each_axis_says_its_own(changes: dict[str, Any], expected: tuple[Any, ...]) -> None:
    axes = axes_of(replace(LIVE, **changes))
    assert (axes.listed, axes.work, axes.last_try, axes.channel, axes.blocked) == expected


def test_what_is_wanted_is_what_a_brake_holds_before_what_was_sent() -> None:
    held = replace(SENT, sequence=make_sequence(2))
    assert wanted_of(LIVE) == SENT
    assert wanted_of(replace(LIVE, proposed=held)) == held
    assert wanted_of(replace(LIVE, status=Status.INVALID)) is None
    assert wanted_of(replace(LIVE, status=Status.WITHDRAWN, sent=TAKEN_DOWN, accepted=None)) is None


def test_held_listings_name_the_command_and_the_reason() -> None:
    words = axes_of(replace(LIVE, owed=owed(Cause.HELD, "its price moves by more than 50 %"))).next
    assert words == "A person decides, with `marketsync held`: its price moves by more than 50 %."


@given(
    status=st.sampled_from(Status),
    cause=st.none() | st.sampled_from(Cause),
    intent=st.none() | st.sampled_from([SENT, TAKEN_DOWN]),
    sent=st.none() | st.sampled_from([SENT, TAKEN_DOWN]),
    error=st.none() | st.just("no answer"),
    seen=st.none() | st.builds(Seen, st.sampled_from(ChannelSays), st.sampled_from([AT, LATER]), late=st.booleans()),
)
def test_p15_whatever_waits_has_a_next_step(status: Status, cause: Cause | None, **parts: Any) -> None:
    accepted = parts["sent"] if status is Status.LIVE else None
    state = replace(LIVE, status=status, accepted=accepted, owed=None if cause is None else owed(cause), **parts)
    axes = axes_of(state)
    assert axes.next
    stands = axes.work is not Work.IDLE or axes.blocked is not Blocked.NO
    assert not stands or axes.next != "Nothing."
