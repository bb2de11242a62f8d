"""The accounts of the simulation as they are stored: changed by people, read by processes, brought up by readings."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from consumer import events
from consumer.control.jobs import Job, JobTakenError
from consumer.delivery.account_book import Entry
from consumer.delivery.following import AccountReading
from consumer.delivery.work import AccountKey
from consumer.events import Operation
from consumer.events import Sequence as EventSequence
from consumer.kafka.records import Record
from consumer.listings.accounts import Account, Mode
from consumer.listings.rules.prices import PriceRule, PriceRules
from consumer.listings.state import ListingKey
from consumer.markers import SnapshotCause, SnapshotCompleted, encode_marker
from tests.unit.delivery.making import CHANNEL, START, make_account, make_record
from tests.unit.delivery.simulation.group import PARTITIONS
from tests.unit.delivery.simulation.person import brakes_of
from tests.unit.delivery.simulation.schedule import ACCOUNTS

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.world import World


@dataclass(frozen=True, slots=True)
class Stored:
    """One account. rules: it sells at so many times the price, and once more. credential: how often it was renewed."""

    mode: Mode = "live"
    rules: int = 0
    credential: int = 0
    broken: bool = False


class StoredAccounts:
    """Keeps what `Follower`, `Newcomers` and their like ask of stores. version: counts the changes.

    read_whole_at: when the last reading of an account was written to Kafka; inf while that is under way.
    """

    def __init__(self, world: World) -> None:
        self.stored = {AccountKey(*name.split("/")): Stored() for name in ACCOUNTS}
        self.version = 0
        self.followed = {account: Entry(followed=True, left=0) for account in self.stored}
        self.read_whole_at = dict.fromkeys(self.stored, -1.0)
        self._world = world
        self._jobs: set[str] = set()

    def change(self, account: AccountKey, **changes: object) -> None:
        """A person changes the account; processes hear of it by and by."""
        self.stored[account] = replace(self.stored[account], **changes)  # type: ignore[arg-type]  # fields of Stored
        self.version += 1
        for process in self._world.group.everybody:
            process.accounts_changed()

    # AccountSource

    async def read(self) -> Sequence[AccountReading]:
        found: Sequence[AccountReading] = await self._world.store.ask(self._readings)
        return found

    def _readings(self) -> Sequence[AccountReading]:
        return [reading_of(account, stored) for account, stored in self.stored.items()]

    # AccountBook

    async def only(self, accounts: Iterable[AccountKey]) -> None:
        kept = set(accounts)
        await self._world.store.ask(partial(self._leave, kept))

    def _leave(self, kept: set[AccountKey]) -> None:
        for account in self.followed.keys() - kept:
            self.followed[account] = Entry(followed=False, left=self.followed[account].left + 1)

    async def entries(self, accounts: Collection[AccountKey]) -> dict[AccountKey, Entry]:
        asked = list(accounts)
        found: dict[AccountKey, Entry] = await self._world.store.ask(lambda: {one: self.followed[one] for one in asked})
        return found

    async def read_whole(self, account: AccountKey, left: int) -> bool:
        done: bool = await self._world.store.ask(partial(self._follow, account, left))
        return done

    def _follow(self, account: AccountKey, left: int) -> bool:
        if self.followed[account].left != left:
            return False
        self.followed[account] = Entry(followed=True, left=left)
        return True

    # JobStore, and the job itself

    async def begin(self, job: Job) -> Job:
        await self._world.store.ask(partial(self._begin, job))
        return job

    async def let_go(self, job_id: str) -> None:
        """It has begun by itself."""

    def _begin(self, job: Job) -> None:
        if job.id in self._jobs:
            raise JobTakenError(job.id)
        self._jobs.add(job.id)
        account = AccountKey(job.filters["tenants"][0], job.filters["account"])
        self.read_whole_at[account] = math.inf
        self._world.clock.later(self._world.rng.uniform(0.01, 2.0), partial(self._read_pim, account))

    def _read_pim(self, account: AccountKey) -> None:
        """Every product there is now goes to the background topic, for this account alone; a marker stands behind."""
        world = self._world
        added = ((events.TARGET_CHANNEL, CHANNEL.encode()), (events.TARGET_ACCOUNT, account.name.encode()))
        for event in world.pim.read_all(account.tenant):
            record = make_record(event)
            listing = str(ListingKey(CHANNEL, account.name, account.tenant, event.entity_code))
            written = self._write(record, added, world.partition_of(event.entity_code))
            world.promises.carries(listing, written, event.sequence)
        marker = _marker(account.tenant, world.pim.time)
        for partition in range(PARTITIONS):
            self._write(marker, added, partition)
        self.read_whole_at[account] = world.clock.now

    def _write(self, record: Record, added: Iterable[tuple[str, bytes]], partition: int) -> Record:
        world = self._world
        carrying = replace(record, headers=(*record.headers, *added))
        written = world.kafka.append(carrying, world.topic_of(Operation.READ), partition)
        world.group.tell(written.place)
        return written


@lru_cache(maxsize=1000)
def reading_of(account: AccountKey, stored: Stored) -> AccountReading:
    """What a process reads: the same object until something changes."""
    if stored.broken:
        return AccountReading(account, None, "somebody broke it")
    return AccountReading(account, _account(account, stored))


def _account(account: AccountKey, stored: Stored) -> Account:
    rules = (PriceRule(percent=Decimal(100 * stored.rules)),)
    price = PriceRules(basis="retail", vat_included=True, rules=rules)
    settings = f"credential {stored.credential}"
    brakes = brakes_of(str(account))
    return make_account(account.name, account.tenant, mode=stored.mode, price=price, settings=settings, brakes=brakes)


def _marker(tenant: str, since: EventSequence) -> Record:
    completed = SnapshotCompleted(
        id="marker",
        tenant=tenant,
        sequence=since,
        time=datetime.fromtimestamp(START, UTC),
        cause=SnapshotCause.REQUEST,
        products=1,
    )
    key, value, headers = encode_marker(completed)
    return Record("", 0, 0, key, value, tuple(headers), START)
