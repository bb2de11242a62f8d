"""From a waiting state to what has to be stored and maybe sent. Pure; the clock comes as `now`, seconds since 1970.

Promise 3 (never backwards) is kept here against everything the process cannot see: a plan made for an older state than
the one planned last, by whichever process, is superseded, and what is stored is stored over the revision that was
loaded, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from adapters.base import Adapter
from consumer import events
from consumer.delivery.batches import Send
from consumer.delivery.commands import Settled
from consumer.delivery.work import Work
from consumer.listings import planner, transitions
from consumer.listings.accounts import Account
from consumer.listings.state import ListingState, Status

# Told in one line; the store has them all.
_PROBLEMS = 3


class Seller(NamedTuple):
    """An account and the adapter that speaks for it."""

    account: Account
    adapter: Adapter


@dataclass(frozen=True, slots=True)
class Planned:
    """What a `Send` carries through the core. intended: the state stored before the call. written: the PIM's write."""

    plan: planner.Send
    intended: ListingState
    written: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One planned state. store: what to store first, None = nothing changed. result: what then follows."""

    store: ListingState | None
    result: Send | Settled


def plan_step(work: Work, state: ListingState | None, seller: Seller, now: float) -> Step:
    """Plan one state on what is stored. Raises only on bugs: the record was decoded before."""
    event = events.decode(work.record.key, work.record.value, work.record.headers)
    if work.force:
        state = transitions.distrusted(state)
    plan = planner.plan(event, state, seller.account, seller.adapter)
    if isinstance(plan, planner.Superseded):
        return Step(None, Settled(work, "superseded"))
    if isinstance(plan, planner.Send):
        intended = transitions.intended(state, plan, now)
        carried = Planned(plan, intended, event.time)
        # The stored intent carries the distrust from here on.
        return Step(intended, Send(replace(work, force=False), plan.command.operation.value, plan.command.sku, carried))
    noted = transitions.noted(state, plan, now)
    return Step(None if noted is state else noted, _settled(work, plan))


def _settled(work: Work, plan: planner.Nothing | planner.Invalid | planner.Rehearsal) -> Settled:
    """How a state without a call ended."""
    if isinstance(plan, planner.Invalid):
        return Settled(work, "invalid", "; ".join(str(problem) for problem in plan.problems[:_PROBLEMS]))
    if isinstance(plan, planner.Rehearsal):
        return Settled(work, "rehearsed", plan.command.operation.value)
    return Settled(work, "unchanged" if plan.status is Status.LIVE else plan.status.value, plan.reason)
