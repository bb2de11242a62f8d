"""Whether a channel shows what it accepted: compares what was read back. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from adapters.model import ChannelListing, Operation
from consumer.listings.rules.section import Section
from consumer.listings.state import ChannelSays, ListingState, Seen, Status, Version

_TITLE = 120
# Of the channel's problems, for people.
_WORDS = 1000
_VALUE = 200
_MOST = 50
# How often it is asked for what is overdue, or was refused after it had been accepted.
_OVERDUE_AGAIN = timedelta(hours=6)


class Confirmation(Section):
    """How an account's accepted states are read back.

    after: seconds from the acceptance to the first look. deadline: seconds after which what is still not shown is told
    to people; review: the same for what the channel says that it is looking into. per_hour: most listings looked at in
    an hour; what comes faster is not looked at.
    """

    enabled: bool = True
    after: float = Field(60.0, ge=0, le=3600)
    deadline: float = Field(1800.0, ge=1, le=86_400)
    per_hour: int = Field(300, ge=1)
    review: float = Field(3 * 86_400.0, ge=1, le=30 * 86_400)


class _Verdict(NamedTuple):
    """right: whether the channel shows what was accepted, remarks in `words` apart."""

    says: ChannelSays
    right: bool
    words: str = ""


def looked_at(state: ListingState, found: ChannelListing | None, rule: Confirmation, at: datetime) -> ListingState:
    """The state after its listing was read back. found: None = the channel does not know it. at: UTC.

    `confirmed` and `seen` stand beside what transitions make, and cost no revision. A listing that the channel accepted
    and refuses after all, or shows again after that, gets another status, with the next revision.
    """
    expected = state.accepted or state.sent
    if expected is None or (state.accepted is None and expected.operation is not Operation.WITHDRAW):
        return replace(state, seen=None)  # nothing that the channel has accepted
    if state.accepted is not None and found is not None and found.problems:
        return _refused(state, found, at)
    verdict = _withdrawn(found) if state.accepted is None else _shown(expected, found)
    if verdict.right:
        heard = _healed(state, at)
        return replace(heard, confirmed=replace(expected, at=at), seen=Seen(verdict.says, at, verdict.words))
    age = (at - expected.at).total_seconds()
    deadline = rule.review if verdict.says is ChannelSays.UNDER_REVIEW else rule.deadline
    if age >= deadline:
        # Seldom from now on: somebody may put it right on the channel itself.
        words = f"accepted {_minutes(age)} ago and not confirmed: {verdict.words}"
        return replace(state, seen=Seen(verdict.says, at, words, again=at + _OVERDUE_AGAIN, late=True))
    last = expected.at + timedelta(seconds=deadline)
    again = min(at + timedelta(seconds=max(rule.after, age / 2, 1.0)), last)
    return replace(state, seen=Seen(verdict.says, at, f"not confirmed yet: {verdict.words}", again=again))


def _refused(state: ListingState, found: ChannelListing, at: datetime) -> ListingState:
    """The channel took it, and says now what is wrong with it. A change of the product is sent; this is not."""
    problems = tuple(replace(p, message=p.message[:_WORDS], value=p.value[:_VALUE]) for p in found.problems[:_MOST])
    says = ChannelSays.LIVE_WITH_WARNINGS if found.live else ChannelSays.NOT_LIVE
    seen = Seen(says, at, f"the channel refused it later: {problems[0].message}", again=at + _OVERDUE_AGAIN)
    if state.status is Status.REFUSED and state.problems == problems:
        return replace(state, seen=seen)
    if state.status not in (Status.LIVE, Status.REFUSED):
        return replace(state, seen=seen)  # what else is told of it counts more
    return replace(
        state, status=Status.REFUSED, problems=problems, seen=seen, revision=state.revision + 1, updated_at=at
    )


def _healed(state: ListingState, at: datetime) -> ListingState:
    """The channel shows what it had refused after having accepted it; nothing else was sent since."""
    seen = state.seen
    if state.status is not Status.REFUSED or state.sent != state.accepted or seen is None:
        return state
    return replace(state, status=Status.LIVE, problems=(), revision=state.revision + 1, updated_at=at)


def _withdrawn(found: ChannelListing | None) -> _Verdict:
    if found is None:
        return _Verdict(ChannelSays.GONE, right=True)
    if not found.live:
        return _Verdict(ChannelSays.NOT_LIVE, right=True)
    return _Verdict(ChannelSays.LIVE, right=False, words="it was withdrawn, and buyers still see it")


def _shown(expected: Version, found: ChannelListing | None) -> _Verdict:
    if found is None:
        return _Verdict(ChannelSays.GONE, right=False, words="the channel does not know it")
    if found.under_review:
        return _Verdict(ChannelSays.UNDER_REVIEW, right=False, words="the channel is still looking into it")
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
