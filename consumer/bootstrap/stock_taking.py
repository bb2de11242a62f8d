"""`marketsync adopt` and `marketsync reconcile`, put together: what an account's channel really has."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from adapters.model import Outcome
from consumer.bootstrap.choosing import id_of, speaking
from consumer.bootstrap.control import Control, now, open_control, this_person
from consumer.bootstrap.previewing import catalogue
from consumer.control import requests
from consumer.control.adopting import Adopter, Met
from consumer.control.asking import Asker
from consumer.control.closing import Closer, Policy
from consumer.control.ghosts import Exorcist, Ghosts
from consumer.control.jobs import Job, ended
from consumer.control.pace import Pace
from consumer.control.reading_quota import ReadingQuota
from consumer.control.reconciling import Reconciler
from consumer.control.requests import Request
from consumer.control.stocktaking import Stocktaking
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.embedded import Endpoints
from consumer.listings.accounts import Account
from consumer.listings.accounts.limits import limits_in_force
from consumer.listings.adoption import Finding
from consumer.listings.debts import DebtStore
from consumer.listings.drift import Drift, Kind
from consumer.listings.store import COLLECTION
from consumer.settings import Settings


def adopt(
    settings: Settings,
    endpoints: Endpoints,
    account: Account,
    *,
    rate: float,
    dry_run: bool,
    see: Callable[[Sequence[Met]], None],
) -> Counter[Finding]:
    """Look at all that the account has on its channel; unless dry_run, make ours what is of our products.

    rate: listings a second, at most. Raises AdapterError where the list breaks off, MarketsyncError.
    """

    async def run() -> Counter[Finding]:
        async with (
            open_control(settings, endpoints) as control,
            _taking(settings, endpoints, account, rate, control) as one,
        ):
            with catalogue(settings, endpoints) as products:
                return await Adopter(one).run(products, see, dry_run=dry_run)

    return asyncio.run(run())


def reconcile(
    settings: Settings,
    endpoints: Endpoints,
    account: Account,
    *,
    rate: float,
    repaired: Sequence[Kind],
    see: Callable[[Job, Sequence[Drift]], None],
) -> Job:
    """Compare, or go on with a comparison that was cut off. rate: listings a second, at most.

    Raises AdapterError where the channel cannot be asked, MarketsyncError; what was done until then is kept.
    """
    filters = {"account": id_of(account), "repaired": sorted(repaired)}

    async def run() -> Job:
        async with (
            open_control(settings, endpoints) as control,
            _taking(settings, endpoints, account, rate, control) as one,
        ):
            request = Request("reconcile", account.channel, filters, this_person())
            job = await requests.unfinished(control.jobs, request) or await requests.begin(
                control.jobs, request, {}, now
            )
            job = await Reconciler(one, control.jobs).run(job, repaired, see)
            return await control.jobs.save(ended(job, now()))

    return asyncio.run(run())


def find_ghosts(
    settings: Settings,
    endpoints: Endpoints,
    account: Account,
    *,
    rate: float,
    most: int | None,
    see: Callable[[Sequence[Outcome]], None],
) -> tuple[Ghosts, str]:
    """Offers on the channel that no product of ours stands behind, and why they were left alone, "" = they were not.

    most: take them down if there are no more than so many; None = only look. see: is told of every call that took some
    down. Raises AdapterError where the list breaks off, MarketsyncError.
    """

    async def run() -> tuple[Ghosts, str]:
        async with (
            open_control(settings, endpoints) as control,
            _taking(settings, endpoints, account, rate, control) as one,
        ):
            exorcist = Exorcist(one)
            with catalogue(settings, endpoints) as products:
                ghosts = await exorcist.look(products)
            objection = "nobody asked to take them down" if most is None else ghosts.objection(most)
            if not objection:
                await exorcist.take_down(ghosts, see)
            return ghosts, objection

    return asyncio.run(run())


def close_listings(settings: Settings, endpoints: Endpoints, account: Account, policy: Policy) -> Counter[str]:
    """Take all listings of an account that is off from sale. Raises MarketsyncError."""

    async def run() -> Counter[str]:
        async with (
            open_control(settings, endpoints) as control,
            _taking(settings, endpoints, account, 0, control) as one,
            speaking(settings, endpoints, account) as adapter,
        ):
            return await Closer(one, adapter).run(policy, lambda _: None)

    return asyncio.run(run())


@asynccontextmanager
async def _taking(
    settings: Settings, endpoints: Endpoints, account: Account, rate: float, control: Control
) -> AsyncIterator[Stocktaking]:
    """Questions count in the ledgers of deliveries; what was leased and not used goes back at the end."""
    async with speaking(settings, endpoints, account) as adapter:
        limits = limits_in_force(adapter.limits, account.limits)
        leases = QuotaStore(control.state[QUOTAS])
        quota = ReadingQuota(account, limits, leases, egress=settings.delivery.egress)
        debts = DebtStore(control.state[COLLECTION], control.partitions)
        try:
            yield Stocktaking(account, Asker(adapter, Pace(rate), quota), control.listings, debts, now)
        finally:
            await quota.give_back()
