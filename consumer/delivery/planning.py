"""From a waiting state to what has to be stored and maybe sent. Pure; the clock comes as `now`, seconds since 1970.

Promise 3 (never backwards) is kept here against everything the process cannot see: a plan made for an older state than
the one planned last, by whichever process, is superseded, and what is stored is stored over the revision that was
loaded, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.base import Adapter
from adapters.errors import RateLimitedError
from adapters.model import Listing
from adapters.values import replace, value_object
from consumer import events
from consumer.delivery.batches import Send
from consumer.delivery.commands import Settled
from consumer.delivery.relatives import NOT_TAKEN, debt_of, due_relatives
from consumer.delivery.work import Work
from consumer.listings import planner, transitions
from consumer.listings.accounts import Account
from consumer.listings.allowance import UsedUp, limit_of, spend
from consumer.listings.debts import Debt
from consumer.listings.owed import Cause, moment
from consumer.listings.sold import NOTHING_SOLD, Sold
from consumer.listings.state import Doubt, ListingState, Status, Submitted
from consumer.listings.submitted import LATEST_JOB, OVERDUE, URGENT_AFTER, age, look_again, may_pass

SUBMITTED = "submitted"
"""How a state ends that the channel has by now, and decides on later."""
BEHIND = "behind"
"""How a state ends that waits for another one of its listing, on which the channel has not decided: as a mark."""
LATEST_CALL = 180.0
"""Seconds after which a call of a dead process cannot land any more: the longest an adapter waits, and a drain."""

_UNDECIDED = "the channel has not said yet how the last one ended"
# Told in one line; the store has them all.
_PROBLEMS = 3


class Seller(NamedTuple):
    """An account and the adapter that speaks for it. rules: print of all that plans for it depend on."""

    account: Account
    adapter: Adapter
    rules: str = ""


def make_seller(account: Account, adapter: Adapter) -> Seller:
    """The seller, with its print, which takes too long to be made for each listing."""
    return Seller(account, adapter, f"{account.mode} {account.rules_print}")


@value_object
class Planned:
    """What a `Send` carries through the core. intended: the state stored before the call. written: the PIM's write.

    repeated: an earlier intent stood without an end, so the listing may have been sent already.
    """

    plan: planner.Send
    intended: ListingState
    written: datetime
    repeated: bool = False


@value_object
class Deferred:
    """The listing may not be written before some time."""

    work: Work
    error: RateLimitedError


@value_object
class Step:
    """One planned state. store: what to store first, None = nothing changed. result: what then follows.

    late: for so many seconds something that was sent before, and has not ended, may still land after ours; 0 = nothing
    can. debt: a mark to be made before anything is stored. relatives: marks to be made after that: of listings that
    are due because of this one. rehearsed: what would be sent if the account were live.
    """

    store: ListingState | None
    result: Send | Settled | Deferred
    late: float = 0.0
    debt: Debt | None = None
    relatives: tuple[Debt, ...] = ()
    rehearsed: Listing | None = None


def plan_step(  # noqa: PLR0913  what it plans by, each by its name
    work: Work,
    state: ListingState | None,
    seller: Seller,
    now: float,
    by: str = "",
    taken: Mapping[str, str] = NOT_TAKEN,
    sold: Sold = NOTHING_SOLD,
) -> Step:
    """Plan one state on what is stored. by: this process. taken: SKU → entity code of another listing that shows it.
    sold: what channels sold of it and of its variants, and the PIM has not taken off yet.

    Raises only on bugs: the record was decoded before.
    """
    if work.swept and state is not None and state.owed is None:
        # Another process paid meanwhile, by a state that is as new: nothing would stand for an intent of ours.
        return Step(None, Settled(work, "superseded"))
    if state is not None and state.submitted is not None:
        return _behind(work, state, state.submitted, seller, now, by)
    return _plan(work, state, seller, now, by, (taken, sold))


def _behind(work: Work, state: ListingState, submitted: Submitted, seller: Seller, now: float, by: str) -> Step:
    """A state of a listing of which something is with the channel: it waits as a mark, unless it cannot."""
    if work.sequence < state.planned_sequence:
        return Step(None, Settled(work, "superseded"))
    same = work.sequence == submitted.version.sequence and state.planned_rules == seller.rules
    if same and not work.force and not work.swept:
        return Step(None, Settled(work, SUBMITTED, _UNDECIDED))
    if age(submitted, now) >= URGENT_AFTER:
        step = _plan(work, state, seller, now, by)
        if isinstance(step.result, Send) and may_pass(step.result.plan.plan.command, state, now):
            return replace(step, late=max(0.0, OVERDUE - age(submitted, now)))
    debt = Debt(
        key=work.key,
        cause=Cause.SUBMITTED,
        due=moment(look_again(submitted, now)),
        sequence=work.sequence,
        words=_UNDECIDED,
        told=events.is_deletion(work.record.headers),
    )
    doubted = None
    if work.force:
        doubted = replace(state, doubt=Doubt.EXISTENCE, revision=state.revision + 1, updated_at=moment(now))
    return Step(doubted, Settled(work, BEHIND, _UNDECIDED), debt=debt)


def _plan(
    work: Work,
    state: ListingState | None,
    seller: Seller,
    now: float,
    by: str,
    known: tuple[Mapping[str, str], Sold] = (NOT_TAKEN, NOTHING_SOLD),
) -> Step:
    taken, sold = known
    event = events.decode(work.record.key, work.record.value, work.record.headers)
    late_call_landed = state is not None and state.owed is not None and state.owed.distrusts(moment(now))
    if work.force or (late_call_landed and not _refused_since(work, state)):
        state = transitions.distrusted(state)
    heard = _heard_anew(state, seller.rules)
    plan = planner.plan(event, heard, seller.account, seller.adapter, moment(now), taken.keys(), sold)
    if isinstance(plan, planner.Superseded):
        return Step(None, Settled(work, "superseded"))
    relatives = due_relatives(work, event, state, plan, seller.account, taken, moment(now))
    if isinstance(plan, planner.Behind):
        debt = debt_of(work, plan, state, moment(now))
        return Step(None, Settled(work, BEHIND, plan.words), debt=debt, relatives=relatives)
    if isinstance(plan, planner.Send):
        step = send_step(Case(work, state, seller, event.time, by), plan, now)
        return replace(step, relatives=relatives) if relatives else step
    noted = _ruled(transitions.noted(state, plan, now), state, seller.rules, now)
    rehearsed = plan.command.listing if isinstance(plan, planner.Rehearsal) else None
    return Step(None if noted is state else noted, _settled(work, plan), relatives=relatives, rehearsed=rehearsed)


class Case(NamedTuple):
    """A state that is to be sent.

    state: of its listing, as it was loaded. written: the PIM's write. by: this process.
    """

    work: Work
    state: ListingState | None
    seller: Seller
    written: datetime
    by: str


def send_step(case: Case, plan: planner.Send, now: float) -> Step:
    """The intent to store and the command to call; or neither, where the channel counts writes and has had enough."""
    work, state, seller, written, by = case
    limit = limit_of(seller.adapter.limits)
    weight = plan.command.weight
    spent = spend(state.spent if state is not None else None, limit, plan.command.operation, now, weight)
    if isinstance(spent, UsedUp):
        error = RateLimitedError("the listing was written often enough today", delay=spent.delay)
        return Step(None, Deferred(work, error))
    intended = replace(
        transitions.intended(state, plan, now, by), spent=spent, planned_rules=seller.rules, planned_schema=plan.schema
    )
    carried = Planned(plan, intended, written, repeated=state is not None and state.intent is not None)
    # The stored intent carries the distrust from here on.
    send = Send(replace(work, force=False), plan.command.operation.value, plan.command.sku, carried, weight)
    return Step(intended, send, _may_land_late(state, seller, by, now))


def _may_land_late(state: ListingState | None, seller: Seller, by: str, now: float) -> float:
    if not transitions.may_land_late(state, by, now):
        return 0.0
    return latest_of(seller)


def latest_of(seller: Seller) -> float:
    """Seconds after which what was sent, and left neither outcome nor ticket, cannot land on the channel any more."""
    return LATEST_CALL if seller.adapter.bulk is None else LATEST_JOB


def _refused_since(work: Work, state: ListingState | None) -> bool:
    """Whether the channel has refused this very state after the late call can have landed: sent whole once more it
    would be refused once more, without end. What is left to be sent is its stock."""
    if state is None or state.owed is None or state.owed.late_until is None or state.sent is None:
        return False
    refused = state.status in planner.REFUSALS and state.sent.sequence == work.sequence
    return refused and state.sent.at >= state.owed.late_until


def _heard_anew(state: ListingState | None, rules: str) -> ListingState | None:
    """A refusal counts for the rules that it was planned by: under others the same state is sent once more."""
    if state is None or state.status not in planner.REFUSALS or state.planned_rules == rules:
        return state
    return replace(state, status=Status.WAITING)


def _ruled(noted: ListingState, state: ListingState | None, rules: str, now: float) -> ListingState:
    """With the rules it was planned by; the state itself where nothing of it is new."""
    if noted.planned_rules == rules:
        return noted
    if noted is not state:
        return replace(noted, planned_rules=rules)
    return replace(noted, planned_rules=rules, revision=noted.revision + 1, updated_at=moment(now))


def _settled(work: Work, plan: planner.Nothing | planner.Invalid | planner.Rehearsal) -> Settled:
    """How a state without a call ended."""
    if isinstance(plan, planner.Invalid):
        return Settled(work, "invalid", "; ".join(str(problem) for problem in plan.problems[:_PROBLEMS]))
    if isinstance(plan, planner.Rehearsal):
        return Settled(work, "rehearsed", plan.command.operation.value)
    return Settled(work, "unchanged" if plan.status is Status.LIVE else plan.status.value, plan.reason)


def outrun(works: Sequence[Work], steps: Sequence[Step], states: Mapping[str, ListingState]) -> list[Work]:
    """Those that were to be sent although nothing changed, and are older than what was planned since.

    steps: of the works, in their order. Not those of which nothing was ever sent: there is nothing to doubt.
    """
    return [
        work
        for work, step in zip(works, steps, strict=True)
        if work.force
        and isinstance(step.result, Settled)
        and step.result.outcome == "superseded"
        and (state := states.get(str(work.key))) is not None
        and state.sent is not None
    ]
