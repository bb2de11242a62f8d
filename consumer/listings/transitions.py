"""How a listing's state changes. Pure; the clock comes as `now`, seconds since 1970.

    event ─plan→ Nothing | Invalid | Rehearsal ─noted→ store
               → Send ─intended→ store ─adapter.apply→ outcome ─settled→ store
                                                       ticket ─settled→ store ─adapter.follow→ outcome ─ended→ store

Every function returns a value with the next revision, to be stored over the one it was made from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.errors import PermanentError
from adapters.model import Command, Operation, Outcome
from adapters.values import replace
from consumer.events import Sequence
from consumer.listings.adoption import ListedAlreadyError, adopted
from consumer.listings.answers import WORDS, answered_by, is_gone, kept, taken, version_of
from consumer.listings.owed import moment
from consumer.listings.planner import REFUSALS, Invalid, Nothing, Rehearsal, Send
from consumer.listings.state import Doubt, ListingState, Status

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
        group=plan.group,
        **_verdict(base, plan, at),
    )
    return base if changed == state else replace(changed, revision=base.revision + 1, updated_at=at)


def _verdict(base: ListingState, plan: Nothing | Invalid | Rehearsal, at: datetime) -> dict[str, Any]:
    match plan:
        case Invalid():
            return {"status": Status.INVALID, "problems": kept(plan.problems), "reason": ""}
        case Rehearsal():
            proposed = version_of(plan, at)
            if base.proposed is not None and replace(base.proposed, at=at) == proposed:
                proposed = base.proposed
            return {"status": Status.DRY_RUN, "problems": (), "reason": plan.reason[:WORDS], "proposed": proposed}
        case Nothing(status=Status.REFUSED | Status.BLOCKED):
            return {}
        case Nothing():
            reason = "" if plan.status is Status.LIVE else plan.reason[:WORDS]
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
        intent=replace(version_of(plan, at), by=by),
        doubt=base.open_doubt,
        submitted=None,
        proposed=None,
        problems=kept(plan.problems),
        reason=plan.reason[:WORDS],
        attempts=base.attempts if base.planned_sequence == plan.sequence else 0,
        figures=plan.figures,
        group=plan.group,
        members=_members(base, plan),
    )


def _members(base: ListingState, plan: Send) -> tuple[str, ...]:
    """Those that the channel may show while the call is under way: what it shows, and what is sent."""
    listing = plan.command.listing
    if listing is None or not listing.variants:
        return base.members
    return tuple(dict.fromkeys((*base.members, *(variant.sku for variant in listing.variants))))


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
        proposed=version_of(plan, at),
        reason=plan.reason[:WORDS],
        figures=plan.figures,
        group=plan.group,
    )


def settled(state: ListingState, plan: Send, outcome: Outcome, *, now: float) -> ListingState:
    """The state after the channel answered. `state` is the one `intended` returned.

    Temporary errors leave it WAITING (an attempt is counted unless the error is RateLimitedError or
    ChannelHaltedError), permanent ones make it REFUSED.
    """
    at = moment(now)
    if isinstance(outcome.error, ListedAlreadyError) and outcome.error.adoptable:
        return adopted(state, state.id, outcome.error.twins[0], by_barcode=True, at=at)
    version = version_of(plan, at)
    if outcome.ticket and outcome.error is None:
        return taken(state, plan, outcome, version)
    return answered_by(state, plan, outcome, version)


def ended(state: ListingState, outcome: Outcome, *, now: float) -> ListingState:
    """The state after the channel said how something submitted ended; or that nobody will say: error of an unknown
    effect. A listing that was given up or held meanwhile stays that.
    """
    submitted = state.submitted
    if submitted is None:
        raise ValueError(f"nothing of {state.id} is with the channel")
    sent = submitted.version
    plan = Send(
        listing_id=state.id,
        sequence=sent.sequence,
        command=Command(sent.operation, sent.sku, None, state.references, sent.quantity),
        fingerprint=sent.fingerprint,
        reason=state.reason,
        plan_again=submitted.plan_again,
        problems=state.problems,
        verdict=submitted.verdict,
        remarks=submitted.remarks,
    )
    # What came into doubt while the channel worked on it is none the clearer for its answer.
    since = state.doubt
    before = replace(state, submitted=None, doubt=max(submitted.doubt, since))
    after = answered_by(before, plan, outcome, replace(sent, at=moment(now)))
    after = replace(after, doubt=max(after.doubt, since))
    if state.status is not Status.SUBMITTED:
        return replace(after, status=state.status, error=state.error)
    return after


def wants_more(state: ListingState, before: ListingState) -> bool:
    """Whether something is to be sent for a listing whose submitted state has `ended`, though nothing new happened."""
    submitted = before.submitted
    if submitted is None or state.status is Status.WAITING:
        return True
    if state.status not in REFUSALS:
        return state.uncertain
    shown = state.accepted.quantity if state.accepted is not None else None
    wanted = submitted.version.quantity
    alone = submitted.version.operation is Operation.REVISE_STOCK
    return not alone and shown is not None and wanted is not None and wanted < shown


def needs_another_plan(plan: Send, outcome: Outcome) -> bool:
    """Whether the same event has to be planned again at once on the settled state, instead of finishing.

    True after a step that cleared the way (a changed SKU), when the channel does not know a listing that we
    revised (the next plan creates it again), and when it refused a state with less stock than it sells (the next plan
    sends the stock alone). Never twice in a row for the second and third reason. And once a listing that stood there
    under another SKU was taken over, which is revised.
    """
    if isinstance(outcome.error, ListedAlreadyError):
        return outcome.error.adoptable
    if outcome.error is None:
        return plan.plan_again and not outcome.ticket
    return is_gone(plan, outcome.error) or (plan.lowers_stock and isinstance(outcome.error, PermanentError))


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
        error=reason[:WORDS],
    )


def _unknown(listing_id: str, sequence: Sequence, at: datetime) -> ListingState:
    """Revision 0 = not stored yet."""
    return ListingState(
        id=listing_id, revision=0, planned_sequence=sequence, status=Status.WAITING, created_at=at, updated_at=at
    )
