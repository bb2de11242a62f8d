"""How a listing's state changes. Pure; the clock comes as `now`, seconds since 1970.

    event ─plan→ Nothing | Invalid | Rehearsal ─noted→ store
               → Send ─intended→ store ─adapter.apply→ outcome ─settled→ store

Every function returns a value with the next revision, to be stored over the one it was made from.
"""

from __future__ import annotations

from adapters.model import Outcome
from consumer.events import Sequence
from consumer.listings.planner import Invalid, Nothing, Rehearsal, Send
from consumer.listings.state import ListingState


def noted(state: ListingState | None, plan: Nothing | Invalid | Rehearsal, now: float) -> ListingState:
    """The state after a plan without a call. Returns `state` itself when there is nothing new to store."""
    raise NotImplementedError


def intended(state: ListingState | None, plan: Send, now: float) -> ListingState:
    """The state to store before the call starts."""
    raise NotImplementedError


def settled(state: ListingState, plan: Send, outcome: Outcome, *, now: float) -> ListingState:
    """The state after the channel answered. `state` is the one `intended` returned.

    Temporary errors leave it WAITING (an attempt is counted unless the error is RateLimitedError or
    ChannelHaltedError), permanent ones make it REFUSED.
    """
    raise NotImplementedError


def needs_another_plan(plan: Send, outcome: Outcome) -> bool:
    """Whether the same event has to be planned again at once on the settled state, instead of finishing.

    True after a step that cleared the way (a changed SKU), and when the channel does not know a listing that we
    revised: the next plan creates it again.
    """
    raise NotImplementedError


def dead_lettered(
    state: ListingState | None, listing_id: str, *, sequence: Sequence, reason: str, now: float
) -> ListingState:
    """The state of a listing whose update was given up. The next event of the product is planned as usual."""
    raise NotImplementedError
