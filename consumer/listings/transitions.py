"""How a listing's state changes. Pure; the clock comes as `now`, seconds since 1970.

    event ─plan→ Nothing | Invalid | Rehearsal ─noted→ store
               → Send ─intended→ store ─adapter.apply→ outcome ─settled→ store

Every function returns a value with the next revision, to be stored over the one it was made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.errors import AdapterError, ChannelHaltedError, PermanentError, RateLimitedError, UnknownListingError
from adapters.model import Operation, Outcome, Problem
from consumer.events import Sequence
from consumer.listings.owed import moment
from consumer.listings.planner import Invalid, Nothing, Rehearsal, Send
from consumer.listings.state import Doubt, Fingerprint, ListingState, Status, Version, doubt_after

# A product can hold anything; what we keep of it for people to read is bounded.
_WORDS = 1000
_VALUE = 200
_TITLE = 120
_PROBLEMS = 50
# Seconds after which nothing of an intent can be under way any more: its wait for the call, the call, its way there.
_FORGOTTEN = 600.0


def noted(state: ListingState | None, plan: Nothing | Invalid | Rehearsal, now: float) -> ListingState:
    """The state after a plan without a call. Returns `state` itself when there is nothing new to store."""
    at = moment(now)
    base = state or _unknown(plan.listing_id, plan.sequence, at)
    changed = replace(
        base,
        planned_sequence=plan.sequence,
        doubt=base.open_doubt,
        intent=None,
        attempts=base.attempts if base.planned_sequence == plan.sequence else 0,
        **_verdict(base, plan, at),
    )
    return base if changed == state else replace(changed, revision=base.revision + 1, updated_at=at)


def _verdict(base: ListingState, plan: Nothing | Invalid | Rehearsal, at: datetime) -> dict[str, Any]:
    match plan:
        case Invalid():
            return {"status": Status.INVALID, "problems": _kept(plan.problems), "reason": ""}
        case Rehearsal():
            proposed = _version(plan, at)
            if base.proposed is not None and replace(base.proposed, at=at) == proposed:
                proposed = base.proposed
            return {"status": Status.DRY_RUN, "problems": (), "reason": plan.reason[:_WORDS], "proposed": proposed}
        case Nothing(status=Status.REFUSED):
            return {}
        case Nothing():
            reason = "" if plan.status is Status.LIVE else plan.reason[:_WORDS]
            return {"status": plan.status, "problems": (), "reason": reason, "error": None}


def intended(state: ListingState | None, plan: Send, now: float, by: str = "") -> ListingState:
    """The state to store before the call starts. by: the process that will call."""
    at = moment(now)
    base = state or _unknown(plan.listing_id, plan.sequence, at)
    return replace(
        base,
        revision=base.revision + 1,
        updated_at=at,
        planned_sequence=plan.sequence,
        status=Status.WAITING,
        sku=plan.command.sku,
        references=dict(plan.command.references),
        intent=replace(_version(plan, at), by=by),
        doubt=base.open_doubt,
        proposed=None,
        problems=_kept(plan.problems),
        reason=plan.reason[:_WORDS],
        attempts=base.attempts if base.planned_sequence == plan.sequence else 0,
    )


def settled(state: ListingState, plan: Send, outcome: Outcome, *, now: float) -> ListingState:
    """The state after the channel answered. `state` is the one `intended` returned.

    Temporary errors leave it WAITING (an attempt is counted unless the error is RateLimitedError or
    ChannelHaltedError), permanent ones make it REFUSED.
    """
    at = moment(now)
    answered = replace(
        state,
        revision=state.revision + 1,
        updated_at=at,
        intent=None,
        # What was refused is remembered over a stock that was sent alone.
        sent=state.sent if plan.command.operation is Operation.REVISE_STOCK else _version(plan, at),
        references={**state.references, **outcome.references},
    )
    if outcome.error is None and plan.command.operation is Operation.REVISE_STOCK:
        return _stock_taken(answered, plan, outcome)
    if outcome.error is None:
        return _succeeded(answered, plan, outcome)
    return _failed(answered, plan, outcome.error)


def _succeeded(state: ListingState, plan: Send, outcome: Outcome) -> ListingState:
    certain = replace(
        state,
        doubt=Doubt.NONE,
        warnings=tuple(warning[:_WORDS] for warning in (*plan.remarks, *outcome.warnings)[:_PROBLEMS]),
        problems=(),
        error=None,
        attempts=0,
    )
    if plan.command.operation is not Operation.WITHDRAW:
        return replace(certain, status=Status.LIVE, accepted=certain.sent, reason="")
    if plan.plan_again:
        # The ids belonged to the SKU that is gone now.
        return replace(certain, status=Status.WAITING, accepted=None, references={})
    return replace(certain, status=Status.WITHDRAWN, accepted=None)


def _stock_taken(state: ListingState, plan: Send, outcome: Outcome) -> ListingState:
    """The channel sells no more than this stock, if it shows the listing at all.

    Whatever else was in doubt is kept as a fingerprint that equals none: it is sent once the product is valid again,
    but the stock is not written anew with every event until then.
    """
    known = state.accepted.fingerprint if state.accepted and state.doubt < Doubt.CONTENT else None
    shown = replace(
        state.accepted or _version(plan, state.updated_at),
        quantity=plan.command.quantity,
        fingerprint=Fingerprint(content=known.content, offer="") if known else None,
    )
    return replace(
        state,
        status=plan.verdict,
        accepted=shown,
        doubt=Doubt.NONE,
        warnings=tuple(warning[:_WORDS] for warning in outcome.warnings),
        error=None,
        attempts=0,
    )


def _failed(state: ListingState, plan: Send, error: AdapterError) -> ListingState:
    """Even a clear refusal may come from the second of three calls: what was tried is in doubt from now on."""
    doubtful = replace(state, doubt=max(state.doubt, doubt_after(plan.command.operation)), error=_words(error))
    if _is_gone(plan, error):
        return replace(doubtful, status=Status.WAITING, accepted=None, doubt=Doubt.EXISTENCE)
    if isinstance(error, PermanentError):
        refused = plan.verdict if plan.problems else Status.REFUSED
        problems = (_refusal(error), *_kept(plan.problems))[:_PROBLEMS]
        return replace(doubtful, status=refused, problems=problems, attempts=state.attempts + 1)
    burned = 0 if isinstance(error, RateLimitedError | ChannelHaltedError) else 1
    return replace(doubtful, status=Status.WAITING, attempts=state.attempts + burned)


def needs_another_plan(plan: Send, outcome: Outcome) -> bool:
    """Whether the same event has to be planned again at once on the settled state, instead of finishing.

    True after a step that cleared the way (a changed SKU), when the channel does not know a listing that we
    revised (the next plan creates it again), and when it refused a state with less stock than it sells (the next plan
    sends the stock alone). Never twice in a row for the second and third reason.
    """
    if outcome.error is None:
        return plan.plan_again
    return _is_gone(plan, outcome.error) or (plan.lowers_stock and isinstance(outcome.error, PermanentError))


def may_land_late(state: ListingState | None, by: str, now: float) -> bool:
    """Whether a call that another process intended may be under way still, and reach the channel after ours."""
    if state is None or state.intent is None or state.intent.by == by:
        return False
    return now - state.intent.at.timestamp() < _FORGOTTEN


def distrusted(state: ListingState | None) -> ListingState | None:
    """The state to plan on when what it says of the channel is not to be believed: the plan sends everything.

    Not stored by itself: the plan made on it is. Where nothing was ever sent there is nothing to doubt.
    """
    if state is None or state.sent is None:
        return state
    return replace(state, doubt=Doubt.EXISTENCE, status=Status.WAITING)


def dead_lettered(
    state: ListingState | None, listing_id: str, *, sequence: Sequence, reason: str, now: float
) -> ListingState:
    """The state of a listing whose update was given up. The next event of the product is planned as usual.

    Returns `state` itself when a newer state was planned meanwhile: what was given up does not matter any more.
    """
    at = moment(now)
    base = state or _unknown(listing_id, sequence, at)
    if base.planned_sequence > sequence:
        return base
    return replace(
        base,
        revision=base.revision + 1,
        updated_at=at,
        planned_sequence=sequence,
        status=Status.DEAD_LETTER,
        doubt=base.open_doubt,
        intent=None,
        error=reason[:_WORDS],
    )


def _is_gone(plan: Send, error: AdapterError) -> bool:
    revising = plan.command.operation in (Operation.REVISE_CONTENT, Operation.REVISE_OFFER)
    return revising and isinstance(error, UnknownListingError)


def _unknown(listing_id: str, sequence: Sequence, at: datetime) -> ListingState:
    """Revision 0 = not stored yet."""
    return ListingState(
        id=listing_id, revision=0, planned_sequence=sequence, status=Status.WAITING, created_at=at, updated_at=at
    )


def _version(plan: Send | Rehearsal, at: datetime) -> Version:
    listing = plan.command.listing
    shown: Mapping[str, Any] = {"quantity": plan.command.quantity}
    if listing is not None:
        shown = {"title": listing.title[:_TITLE], "price": listing.price, "quantity": listing.quantity}
    return Version(
        sequence=plan.sequence,
        operation=plan.command.operation,
        sku=plan.command.sku,
        at=at,
        fingerprint=plan.fingerprint,
        **shown,
    )


def _refusal(error: AdapterError) -> Problem:
    code = f" ({error.code})" if error.code else ""
    return Problem(
        field="listing",
        rule=error.code or error.kind,
        message=f"the channel refused it{code}: {error.message[:_WORDS]}",
        cure="Correct the product in the PIM, or the account's settings; the next change of the product is sent.",
    )


def _kept(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(_cut(problem) for problem in problems[:_PROBLEMS])


def _cut(problem: Problem) -> Problem:
    return replace(problem, message=problem.message[:_WORDS], value=problem.value[:_VALUE])


def _words(error: AdapterError) -> str:
    return f"{error.kind}: {error.message}"[:_WORDS]
