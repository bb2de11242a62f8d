"""Whether a channel shows what it accepted: compares what was read back. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from adapters.model import ChannelListing, Operation
from consumer.listings.rules.section import Section
from consumer.listings.state import ChannelSays, ListingState, Seen, Version

_TITLE = 120


class Confirmation(Section):
    """How an account's accepted states are read back.

    after: seconds from the acceptance to the first look. deadline: seconds after which what is still not shown is told
    to people. per_hour: most listings looked at in an hour; what comes faster is not looked at.
    """

    enabled: bool = True
    after: float = Field(60.0, ge=0, le=3600)
    deadline: float = Field(1800.0, ge=1, le=86_400)
    per_hour: int = Field(300, ge=1)


class _Verdict(NamedTuple):
    """right: whether the channel shows what was accepted, remarks in `words` apart."""

    says: ChannelSays
    right: bool
    words: str = ""


def looked_at(state: ListingState, found: ChannelListing | None, rule: Confirmation, at: datetime) -> ListingState:
    """The state after its listing was read back. found: None = the channel does not know it. at: UTC.

    Only `confirmed` and `seen` change; they stand beside what transitions make, and cost no revision.
    """
    expected = state.accepted or state.sent
    if expected is None or (state.accepted is None and expected.operation is not Operation.WITHDRAW):
        return replace(state, seen=None)  # nothing that the channel has accepted
    verdict = _withdrawn(found) if state.accepted is None else _shown(expected, found)
    if verdict.right:
        return replace(state, confirmed=replace(expected, at=at), seen=Seen(verdict.says, at, verdict.words))
    age = (at - expected.at).total_seconds()
    if age >= rule.deadline:
        words = f"accepted {_minutes(age)} ago and not confirmed: {verdict.words}"
        return replace(state, seen=Seen(verdict.says, at, words, late=True))
    last = expected.at + timedelta(seconds=rule.deadline)
    again = min(at + timedelta(seconds=max(rule.after, age / 2, 1.0)), last)
    return replace(state, seen=Seen(verdict.says, at, f"not confirmed yet: {verdict.words}", again=again))


def _withdrawn(found: ChannelListing | None) -> _Verdict:
    if found is None:
        return _Verdict(ChannelSays.GONE, right=True)
    if not found.live:
        return _Verdict(ChannelSays.NOT_LIVE, right=True)
    return _Verdict(ChannelSays.LIVE, right=False, words="it was withdrawn, and buyers still see it")


def _shown(expected: Version, found: ChannelListing | None) -> _Verdict:
    if found is None:
        return _Verdict(ChannelSays.GONE, right=False, words="the channel does not know it")
    if not found.live:
        return _Verdict(ChannelSays.NOT_LIVE, right=False, words="the channel knows it, and no buyer sees it")
    differences = [*_price(expected, found), *_stock(expected, found)]
    if differences:
        return _Verdict(ChannelSays.LIVE, right=False, words="; ".join(differences))
    if expected.title is not None and _plain(found.title) != _plain(expected.title):
        # Some channels rewrite texts, and say nothing of it.
        words = f"the channel shows another title: {found.title[:_TITLE]}"
        return _Verdict(ChannelSays.LIVE_WITH_WARNINGS, right=True, words=words)
    return _Verdict(ChannelSays.LIVE, right=True)


def _price(expected: Version, found: ChannelListing) -> list[str]:
    if expected.price is None or found.price is None or found.price == expected.price:
        return []
    shown, sent = found.price, expected.price
    return [f"it shows {shown.amount} {shown.currency}, and {sent.amount} {sent.currency} was accepted"]


def _stock(expected: Version, found: ChannelListing) -> list[str]:
    """Less than was accepted may have been sold since; none at all, or more, has not been taken over."""
    if expected.quantity is None or found.quantity is None or 0 < found.quantity <= expected.quantity:
        return []
    if found.quantity == expected.quantity:
        return []
    return [f"it sells {found.quantity} pieces, and {expected.quantity} was accepted"]


def _plain(text: str) -> str:
    return " ".join(text[:_TITLE].split())


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
