"""Takes an account's listings off sale once the account is off: ends them, or sets their stock to zero.

A person asked for it, for all of them; no brake counts it. Each step stores its intents before the call and the
outcomes after it, as deliveries do. What could not be done is counted: the same command, given again, does the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from adapters.base import Adapter
from adapters.model import Command, Operation
from consumer.control.stocktaking import Stocktaking
from consumer.listings import transitions
from consumer.listings.planner import Send
from consumer.listings.state import ListingState, Status

Policy = Literal["zero", "end"]

_REASON = "the account was switched off"
_BY = "accounts mode off"


class Closer:
    """For one account, which nobody delivers for. adapter: speaks for it."""

    def __init__(self, taking: Stocktaking, adapter: Adapter) -> None:
        self._account = taking.account
        self._listings = taking.listings
        self._size = taking.asker.size
        self._clock = taking.clock
        self._adapter = adapter

    async def run(self, policy: Policy, see: Callable[[Mapping[str, int]], None]) -> Counter[str]:
        """All listings that are, or may be, on the channel. Returns how many are `done`, and how many not: `failed`.

        Those of which the channel has something undecided are not: nothing may pass it. see: is told after every step.
        Raises PyMongoError.
        """
        account, counts, last = self._account, Counter[str](), ""
        while states := await self._listings.following(account.channel, account.tenant, account.name, last, self._size):
            last = states[-1].id
            there = [state for state in states if state.maybe_live and state.sku and not _is_done(state, policy)]
            free = [state for state in there if state.submitted is None]
            done = await self._close(free, policy)
            counts.update(done=done, failed=len(there) - done)
            see(counts)
        return counts

    async def _close(self, states: Sequence[ListingState], policy: Policy) -> int:
        """Returns how many the channel has taken down."""
        now = self._clock()
        plans = {state.id: _plan(state, policy) for state in states}
        intended = [transitions.intended(state, plans[state.id], now, _BY) for state in states]
        lost = await self._listings.store_intents(intended)
        ours = [state for state in intended if state.id not in lost]
        if not ours:
            return 0
        outcomes = await self._adapter.apply([plans[state.id].command for state in ours])
        settled = [
            transitions.settled(state, plans[state.id], outcome, now=self._clock())
            for state, outcome in zip(ours, outcomes, strict=True)
        ]
        raced = await self._listings.store_outcomes(settled)
        if raced:
            await self._listings.mark_uncertain(raced)
        return sum(
            outcome.error is None and state.id not in raced for state, outcome in zip(ours, outcomes, strict=True)
        )


def _is_done(state: ListingState, policy: Policy) -> bool:
    """Whether the channel took a stock of zero already."""
    return policy == "zero" and not state.uncertain and state.accepted is not None and state.accepted.quantity == 0


def _plan(state: ListingState, policy: Policy) -> Send:
    if policy == "end":
        command = Command(Operation.WITHDRAW, state.sku, None, state.references, variants=state.members)
        return Send(state.id, state.planned_sequence, command, None, reason=_REASON)
    command = Command(
        Operation.REVISE_STOCK,
        state.sku,
        None,
        state.references,
        0,
        variants=state.members,
        quantities=dict.fromkeys(state.members, 0),
    )
    return Send(state.id, state.planned_sequence, command, None, reason=_REASON, verdict=Status.LEFT)
