"""The channel's own check of what an account in dry run would send. Beside all other work, and at the channel's pace.

What the channel would refuse becomes invalid, as what we refuse ourselves: people see it where they see that. It is
asked for once per new plan; what waits in memory when a process ends is asked for with the listing's next plan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import structlog

from adapters.errors import AdapterError, RateLimitedError
from adapters.model import Listing, Operation, Problem
from adapters.rate_limits import Cost, Limit
from consumer.delivery.clocks import Clocks
from consumer.delivery.commands import Settled
from consumer.delivery.keeping import States
from consumer.delivery.planning import Step
from consumer.delivery.quotas.leases import Lease, Quota
from consumer.delivery.quotas.ledger import Slice
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.sellers import Sellers
from consumer.delivery.work import AccountKey, account_of
from consumer.errors import MarketsyncError, UnavailableError
from consumer.listings import transitions
from consumer.listings.planner import Invalid
from consumer.listings.state import ListingState, Status
from consumer.mongo import PyMongoError

_log = structlog.get_logger()

# Listings of an account that may wait for their turn; of more nobody asks before their next plan.
_MOST = 10_000
_WHOLE = frozenset({Operation.CREATE.value, Operation.REVISE_CONTENT.value})
_CHECK = Operation.CREATE.value
_COSTS = {Operation.CREATE: Cost(call=0, listing=1)}
# Seconds between two looks for a free unit at most, and after our own store or the channel was away.
_LONGEST = 5.0


class Leases(Protocol):
    """Where units are leased: `delivery.quotas.store.QuotaStore`."""

    async def lease(self, lease: Lease) -> Mapping[str, Slice]:
        """What was leased, by key. Raises PyMongoError, UnavailableError."""


class _Asked(NamedTuple):
    planned: ListingState
    listing: Listing


class Rehearsing:
    """One process's. sleep: waits so many seconds."""

    def __init__(
        self,
        channel: str,
        sellers: Sellers,
        store: States,
        leases: Leases,
        clocks: Clocks,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._channel = channel
        self._sellers = sellers
        self._store = store
        self._leases = leases
        self._clocks = clocks
        self._sleep = sleep
        self._quotas = Quotas({})
        self._waiting: dict[AccountKey, dict[str, _Asked]] = {}
        self._tasks: dict[AccountKey, asyncio.Task[None]] = {}

    def take(self, steps: Iterable[Step]) -> None:
        """Plans that are stored by now: those of dry runs that are new are asked for."""
        for step in steps:
            if step.rehearsed is None or step.store is None or not isinstance(step.result, Settled):
                continue
            account = account_of(step.result.work.key)
            seller = self._sellers.get(account)
            if seller is None or seller.adapter.rehearsals <= 0 or step.result.words not in _WHOLE:
                continue
            waiting = self._waiting.setdefault(account, {})
            if len(waiting) < _MOST or step.store.id in waiting:
                waiting[step.store.id] = _Asked(step.store, step.rehearsed)
            if account not in self._tasks:
                self._tasks[account] = asyncio.get_running_loop().create_task(self._work(account))

    async def _work(self, account: AccountKey) -> None:
        try:
            while waiting := self._waiting.get(account):
                listing_id, asked = next(iter(waiting.items()))
                seller = self._sellers.get(account)
                if seller is None or seller.account.mode != "dry-run":
                    waiting.clear()
                    return
                await self._turn(account, seller.adapter.rehearsals, 1 + len(asked.listing.variants))
                if waiting.get(listing_id) is asked:
                    del waiting[listing_id]
                    await self._ask(account, asked)
        except Exception:  # nothing else depends on it; the next plan asks again
            _log.exception("the channel's own check cannot go on", account=str(account))
        finally:
            del self._tasks[account]

    async def _turn(self, account: AccountKey, pace: float, units: int) -> None:
        """Wait until the channel allows so many checks; of all processes together."""
        limit = Limit("rehearsals", max(1, int(pace)), max(1.0, 1 / pace), costs=_COSTS, reserve=0.0, refills=True)
        quota = Quota(f"{self._channel}/account/{account}/{limit.name}", limit)
        self._quotas.follow(account, [quota], self._clocks.core())
        while True:
            now = self._clocks.core()
            if self._quotas.room(account, now, _CHECK, units, urgent=False, least=units):
                self._quotas.spend(account, now, _CHECK, units, urgent=False)
                return
            lease = self._quotas.to_lease(now)
            if lease is None:
                due = self._quotas.next_due(now)
                await self._sleep(min(_LONGEST, max(0.05, (due or now + 1) - now)))
                continue
            try:
                self._quotas.leased(lease, await self._leases.lease(lease), self._clocks.core())
            except (PyMongoError, UnavailableError):
                self._quotas.not_leased(lease, self._clocks.core())

    async def _ask(self, account: AccountKey, asked: _Asked) -> None:
        try:
            with self._sellers.in_use(account) as known:
                problems = await self._sellers[account].adapter.rehearse(asked.listing) if known else []
            if problems:
                await self._keep(asked.planned, problems)
        except (AdapterError, PyMongoError, MarketsyncError) as error:
            if isinstance(error, RateLimitedError):
                self._quotas.answered(account, _CHECK, [error])
            _log.info("the channel's own check could not be made", listing=asked.planned.id, error=str(error)[:300])
            self._waiting[account].setdefault(asked.planned.id, asked)
            await self._sleep(_LONGEST)

    async def _keep(self, planned: ListingState, problems: Sequence[Problem]) -> None:
        """The verdict counts for the plan it is about; whoever has planned since then knows better."""
        state = (await self._store.load([planned.id])).get(planned.id)
        if state is None or state.status is not Status.DRY_RUN or state.planned_sequence != planned.planned_sequence:
            return
        verdict = Invalid(state.id, state.planned_sequence, tuple(problems), state.figures, state.group)
        await self._store.store_outcomes([transitions.noted(state, verdict, self._clocks.wall())])
