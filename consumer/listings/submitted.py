"""How long a listing waits for what the channel has taken and not decided. Pure.

While something is with the channel nothing else is sent for the listing: nobody promises in which order the channel's
two ways, job and call, take effect. A newer state waits as a mark, the newest only, and goes out when the channel has
said how the older one ended. One thing cannot wait for ever: less stock than the channel may be selling. So after
`URGENT_AFTER` a state that withdraws a listing or lowers its stock goes past what is still undecided; what is not
decided after `OVERDUE` counts as lost. Either way the channel may still act on it, so that the newest state is sent
once more when it cannot any longer.
"""

from __future__ import annotations

from adapters.model import Command, Operation
from consumer.listings.state import ListingState, Submitted

URGENT_AFTER = 900.0
OVERDUE = 8 * 3600.0
"""Amazon says that a feed may take eight hours."""
LATEST_JOB = 3600.0
"""Seconds after which a job that a dead process sent, without leaving a ticket, has taken effect."""

# When a waiting state looks for itself whether the way is clear: after a share of the time it took so far, in these
# bounds. Whoever follows the ticket wakes it sooner.
_SHARE = 0.2
_SOONEST = 5.0
_LATEST = 300.0


def age(submitted: Submitted, now: float) -> float:
    """Seconds since the channel took it. now: seconds since 1970."""
    return now - submitted.version.at.timestamp()


def look_again(submitted: Submitted, now: float) -> float:
    """When a state that waits behind it is looked at again, seconds since 1970."""
    taken = age(submitted, now)
    pause = min(max(taken * _SHARE, _SOONEST), _LATEST)
    return now + (min(pause, URGENT_AFTER - taken) if taken < URGENT_AFTER else pause)


def may_pass(command: Command, state: ListingState, now: float) -> bool:
    """Whether this command goes past what is with the channel: it is urgent, and the channel took too long."""
    submitted = state.submitted
    if submitted is None or age(submitted, now) < URGENT_AFTER:
        return submitted is None
    if command.operation is Operation.WITHDRAW:
        return True
    quantity = command.quantity if command.listing is None else command.listing.quantity
    shown = [version.quantity for version in (submitted.version, state.accepted) if version is not None]
    sold = [stock for stock in shown if stock is not None]
    return quantity is not None and bool(sold) and quantity < max(sold)
