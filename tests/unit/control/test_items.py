"""Where an item of a job stands, by what is stored of its listing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.model import Operation
from adapters.values import replace
from consumer.control.items import Progress, Standing, standing
from consumer.control.triggers import Place, SyncRequest, UnknownTargetError, places_of
from consumer.events import Sequence, change_sequence
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import ListingState, Status, Submitted, Version

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
PATIENCE = timedelta(seconds=60)


def seq(number: int) -> Sequence:
    return change_sequence(number, 1, 0)


def version(number: int) -> Version:
    return Version(seq(number), Operation.CREATE, "P-1", AT)


def owed(number: int) -> Owed:
    return Owed(cause=Cause.HELD, since=AT, due=AT, sequence=seq(number), mark="m")


def listing(planned: int, status: Status, **changes: Any) -> ListingState:
    state = ListingState("ebay/main/shop/P-1", 3, seq(planned), status, AT, AT)
    return replace(state, **changes)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, Standing(Progress.PLANNED, False)),
        (listing(4, Status.LIVE, accepted=version(4)), Standing(Progress.PLANNED, False)),
        (listing(4, Status.LIVE, accepted=version(4), owed=owed(5)), Standing(Progress.HELD, False)),
        (listing(5, Status.WAITING), Standing(Progress.WAITING, False)),
        (listing(5, Status.WAITING, intent=version(5)), Standing(Progress.SENT, False)),
        (listing(5, Status.SUBMITTED, submitted=Submitted("t", version(5))), Standing(Progress.SENT, False)),
        (listing(5, Status.WAITING, owed=owed(5)), Standing(Progress.HELD, False)),
        (listing(5, Status.LIVE, accepted=version(5)), Standing(Progress.ACCEPTED, False)),
        (listing(5, Status.LIVE, accepted=version(2)), Standing(Progress.ACCEPTED, False)),
        (listing(5, Status.LIVE, accepted=version(5), confirmed=version(5)), Standing(Progress.CONFIRMED, True)),
        (listing(5, Status.LIVE, accepted=version(5), confirmed=version(4)), Standing(Progress.ACCEPTED, False)),
        (listing(6, Status.LIVE, accepted=version(6)), Standing(Progress.SUPERSEDED, True)),
        (listing(7, Status.WAITING, accepted=version(6)), Standing(Progress.SUPERSEDED, True)),
        (listing(7, Status.WAITING, accepted=version(4)), Standing(Progress.WAITING, False)),
        (listing(5, Status.REFUSED), Standing(Progress.REFUSED, True)),
        (listing(5, Status.INVALID), Standing(Progress.REFUSED, True)),
        (listing(5, Status.UNLISTED), Standing(Progress.NOT_WANTED, True)),
        (listing(5, Status.WITHDRAWN), Standing(Progress.NOT_WANTED, True)),
        (listing(5, Status.DRY_RUN), Standing(Progress.REHEARSED, True)),
    ],
)
def test_an_item_ends_when_its_listing_has_settled_at_its_sequence_or_later(
    found: ListingState | None, expected: Standing
) -> None:
    assert standing(seq(5), found, AT, PATIENCE) == expected


def test_a_confirmation_is_waited_for_so_long_and_no_longer() -> None:
    found = listing(5, Status.LIVE, accepted=version(5))
    assert not standing(seq(5), found, AT + timedelta(seconds=59), PATIENCE).ended
    assert standing(seq(5), found, AT + PATIENCE, PATIENCE) == Standing(Progress.ACCEPTED, True)


HERE = [Place("ebay", "main"), Place("ebay", "outlet"), Place("amazon", "main")]


@pytest.mark.parametrize(
    ("channels", "accounts", "expected"),
    [
        ((), (), sorted(HERE)),
        (("ebay",), (), HERE[:2]),
        ((), ("main",), [HERE[2], HERE[0]]),
        (("ebay",), ("outlet",), [HERE[1]]),
    ],
)
def test_a_sync_goes_to_what_is_named_or_everywhere(
    channels: tuple[str, ...], accounts: tuple[str, ...], expected: list[Place]
) -> None:
    request = SyncRequest("shop", ("P-1",), channels=channels, accounts=accounts)
    assert places_of(request, HERE, ["amazon", "ebay", "manomano"]) == expected


@pytest.mark.parametrize(
    ("channels", "accounts", "words"),
    [
        (("etsy",), (), "there is no channel 'etsy'; there are amazon, ebay, manomano"),
        (("manomano",), (), "shop has no enabled account on manomano"),
        (("amazon",), ("outlet",), "no enabled account 'outlet' there .enabled: amazon/main"),
    ],
)
def test_what_is_not_there_is_said(channels: tuple[str, ...], accounts: tuple[str, ...], words: str) -> None:
    request = SyncRequest("shop", ("P-1",), channels=channels, accounts=accounts)
    with pytest.raises(UnknownTargetError, match=words):
        places_of(request, HERE, ["amazon", "ebay", "manomano"])
