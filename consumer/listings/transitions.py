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
from consumer.listings.state import Doubt, Fingerprint, ListingState, Refusal, Status, Version, doubt_after

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
        figures=plan.figures,
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
        case Nothing(status=Status.REFUSED | Status.BLOCKED):
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
        figures=plan.figures,
    )


def held(state: ListingState | None, plan: Send, now: float, doubt: Doubt = Doubt.NONE) -> ListingState:
    """The state of a listing that a brake holds: the channel keeps what it accepted, `proposed` is what waits.

    doubt: of what the channel shows, beside what is stored.
    """
    at = moment(now)
    base = state or _unknown(plan.listing_id, plan.sequence, at)
    return replace(
        base,
        revision=base.revision + 1,
        updated_at=at,
        planned_sequence=plan.sequence,
        doubt=max(base.open_doubt, doubt),
        intent=None,
        proposed=_version(plan, at),
        reason=plan.reason[:_WORDS],
        figures=plan.figures,
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
    return _failed(answered, plan, outcome.error, state.sent)


def _succeeded(state: ListingState, plan: Send, outcome: Outcome) -> ListingState:
    certain = replace(
        state,
        doubt=Doubt.NONE,
        warnings=tuple(warning[:_WORDS] for warning in (*plan.remarks, *outcome.warnings)[:_PROBLEMS]),
        problems=(),
        error=None,
        attempts=0,
        passed=(),
        refusal=None,
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
        passed=(),
    )


def _failed(state: ListingState, plan: Send, error: AdapterError, before: Version | None) -> ListingState:
    """Even a clear refusal may come from the second of three calls: what was tried is in doubt from now on.

    before: what was sent before this.
    """
    doubtful = replace(state, doubt=max(state.doubt, doubt_after(plan.command.operation)), error=_words(error))
    if _is_gone(plan, error):
        return replace(doubtful, status=Status.WAITING, accepted=None, doubt=Doubt.EXISTENCE)
    if isinstance(error, PermanentError):
        refusal = _refusal_after(state, plan, error, before)
        blocked = refusal is not None and refusal.blocks
        refused = plan.verdict if plan.problems else Status.BLOCKED if blocked else Status.REFUSED
        problems = (_refusal(error, blocked=blocked), *_kept(plan.problems))[:_PROBLEMS]
        return replace(doubtful, status=refused, problems=problems, refusal=refusal, attempts=state.attempts + 1)
    burned = 0 if isinstance(error, RateLimitedError | ChannelHaltedError) else 1
    return replace(doubtful, status=Status.WAITING, attempts=state.attempts + burned)


def _refusal_after(state: ListingState, plan: Send, error: AdapterError, before: Version | None) -> Refusal | None:
    """How often in a row the channel has said so to the same. A stock that went alone proves nothing about the rest."""
    if plan.command.operation is Operation.REVISE_STOCK:
        return state.refusal
    reason = error.code or f"{error.kind}: {error.message}"[:_VALUE]
    same = before is not None and (before.sku, before.fingerprint) == (plan.command.sku, plan.fingerprint)
    if same and state.refusal is not None and state.refusal.reason == reason:
        return replace(state.refusal, count=state.refusal.count + 1)
    return Refusal(reason, 1)


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


def _refusal(error: AdapterError, *, blocked: bool) -> Problem:
    code = f" ({error.code})" if error.code else ""
    again = "the next change of the product is sent."
    if blocked:
        again = "until then it is blocked: not sent again, also by a resync, unless that is forced."
    return Problem(
        field="listing",
        rule=error.code or error.kind,
        message=f"the channel refused it{code}: {error.message[:_WORDS]}",
        cure=f"Correct the product in the PIM, or the account's rules and settings; {again}",
    )


def _kept(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(_cut(problem) for problem in problems[:_PROBLEMS])


def _cut(problem: Problem) -> Problem:
    return replace(problem, message=problem.message[:_WORDS], value=problem.value[:_VALUE])


def _words(error: AdapterError) -> str:
    return f"{error.kind}: {error.message}"[:_WORDS]
