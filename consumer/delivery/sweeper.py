"""Finds listings that are owed and due, asks the PIM for their products, and makes works of them. Decides nothing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from consumer import events
from consumer.delivery.families import Kindred
from consumer.delivery.gap_brake import GapLimits, GapVerdict, held_words, judge_gap
from consumer.delivery.judging import Judged, Wanted, judge
from consumer.delivery.lanes import URGENT_LANES, Lane, lane_of
from consumer.delivery.offsets import NO_OFFSET
from consumer.delivery.sweeps import Sweep
from consumer.delivery.work import AccountKey, Work
from consumer.errors import MarketsyncError
from consumer.kafka.records import Record
from consumer.listings.debts import Claim, DebtStore, Found
from consumer.listings.gone import GoneStore
from consumer.listings.holders import Place
from consumer.listings.owed import BACKGROUND, Cause, moment
from consumer.mongo import PyMongoError
from consumer.mongo.current_products import Reading, Relatives

_log = structlog.get_logger()

# Seconds until a PIM that could not be read is asked again.
_PIM_AWAY = timedelta(seconds=10)
# How long the brake waits for those who are still looking, and how often it looks whether held products are back.
_COUNTING = timedelta(seconds=2)
_HELD = timedelta(minutes=1)


class Products(Protocol):
    """Where products are read: `consumer.mongo.tenant_products.TenantProducts`."""

    def read(self, tenant: str, codes: Iterable[str], relatives: Relatives | None = None) -> Reading | None:
        """Blocking. Raises PyMongoError, MarketsyncError."""


class Variants(Protocol):
    """Who knows which products were sold in which group: `consumer.listings.holders.Holders`."""

    async def variants(self, place: Place, parents: Collection[str]) -> list[tuple[str, str]]:
        """(parent, entity code). Raises PyMongoError."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products, and which topic their readings belong to. variants: None = no account sells groups."""

    products: Products
    topic: str
    variants: Variants | None = None


class Sweeper:
    """Performs sweeps of one channel. limits: of withdrawals after a gap. clock: seconds since 1970."""

    def __init__(
        self,
        channel: str,
        debts: DebtStore,
        gone: GoneStore,
        catalogue: Catalogue,
        *,
        limits: GapLimits,
        clock: Callable[[], float],
    ) -> None:
        self._channel = channel
        self._debts = debts
        self._gone = gone
        self._catalogue = catalogue
        self._limits = limits
        self._clock = clock

    async def sweep(self, sweep: Sweep, shift: float) -> tuple[list[Work], int]:
        """The works, and how many listings were due. shift: added to the core's clock gives seconds since 1970.

        Raises PyMongoError when our own store is away.
        """
        at = moment(self._clock())
        found: dict[str, list[Found]] = defaultdict(list)
        for account, most in sweep.urgent.items():
            found[account.tenant] += await self._due(account, sweep.tickets, at, (most, sweep.most.get(account, 0)))
        works: list[Work] = []
        for tenant, of_tenant in found.items():
            if of_tenant:
                wanted = await self._sweep_tenant(tenant, of_tenant, at)
                works += [self._work(each, sweep, shift) for each in wanted]
        return works, sum(map(len, found.values()))

    async def _due(
        self, account: AccountKey, partitions: Iterable[int], at: datetime, most: tuple[int, int]
    ) -> list[Found]:
        """The urgent ones, then the others. most: of each."""
        urgent, rest = most
        place, first = self._place(account), int(URGENT_LANES[-1])
        found = await self._debts.due(place, partitions, at, urgent, urgent=first)
        if rest > 0:
            known = {each.key for each in found}
            others = await self._debts.due(place, partitions, at, rest)
            found += [each for each in others if each.key not in known]
        return found

    async def _sweep_tenant(self, tenant: str, found: Sequence[Found], at: datetime) -> list[Wanted]:
        judged = await self._judge(tenant, found, at)
        if judged.gone:
            await self._brake(judged.gone, at)
        lost = await self._debts.claim([*(wanted.claim for wanted in judged.wanted), *judged.claims])
        return [wanted for wanted in judged.wanted if str(wanted.claim.found.key) not in lost]

    async def _judge(self, tenant: str, found: Sequence[Found], at: datetime) -> Judged:
        codes = {each.key.entity_code for each in found}
        kindred = Kindred(await self._related(tenant, found))
        try:
            reading = await asyncio.to_thread(self._catalogue.products.read, tenant, codes, kindred.of)
        except (PyMongoError, MarketsyncError) as error:
            words = "the PIM cannot be read for listings that are owed; they wait"
            _log.warning(words, tenant=tenant, listings=len(codes), error=str(error)[:300])
            return Judged(claims=[Claim(each, at + _PIM_AWAY, gone_since=each.owed.gone_since) for each in found])
        if reading is not None and reading.empty:
            words = "the tenant has no products at all; nothing of it is withdrawn before a person says so"
            _log.error(words, tenant=tenant, listings=len(codes))
        return judge(found, reading, at, kindred)

    async def _related(self, tenant: str, found: Sequence[Found]) -> dict[str, set[str]]:
        """Parent → products that were sold in its group; whether they still belong there, reading them tells."""
        related: dict[str, set[str]] = defaultdict(set)
        book = self._catalogue.variants
        if book is None:
            return related
        parents: dict[str, set[str]] = defaultdict(set)
        for each in found:
            if each.group or each.owed.cause is Cause.VARIANT:
                parents[each.key.account].add(each.key.entity_code)
        for account, codes in parents.items():
            for parent, code in await book.variants(self._place(AccountKey(tenant, account)), codes):
                related[parent].add(code)
        return related

    async def _brake(self, gone: Sequence[Found], at: datetime) -> None:
        """All of an account's gone listings pass, or all are held."""
        for account in {AccountKey(each.key.tenant, each.key.account) for each in gone}:
            place = self._place(account)
            counts = await self._gone.counts(place, at)
            verdict = judge_gap(counts, self._limits)
            if verdict is GapVerdict.WAIT:
                await self._gone.postpone(place, at + _COUNTING)
            elif verdict is GapVerdict.PASS:
                await self._gone.let_pass(place, count=counts.gone, at=at)
            else:
                words = held_words(counts)
                _log.error(f"withdrawals are held: {words}", account=str(account))
                await self._gone.hold(place, words, at + _HELD)

    def _work(self, wanted: Wanted, sweep: Sweep, shift: float) -> Work:
        found = wanted.claim.found
        event = events.decode(wanted.key, wanted.value, wanted.headers)
        record = Record(
            topic=self._catalogue.topic,
            partition=found.partition,
            offset=NO_OFFSET,
            key=wanted.key,
            value=wanted.value,
            headers=wanted.headers,
            timestamp=event.time.timestamp(),
        )
        owed = found.owed
        return Work(
            key=found.key,
            sequence=event.sequence,
            lane=lane_of(event, background=owed.cause in BACKGROUND) if owed.lane is None else Lane(owed.lane),
            record=record,
            ticket=sweep.tickets[found.partition],
            attempts=owed.attempts,
            first_failure=None if owed.first_failure is None else owed.first_failure.timestamp() - shift,
            suspect=None if owed.suspect is None else owed.suspect.timestamp() - shift,
            cause=owed.cause,
            kin=event.kin is not None,
        )

    def _place(self, account: AccountKey) -> tuple[str, str, str]:
        return self._channel, account.tenant, account.name
