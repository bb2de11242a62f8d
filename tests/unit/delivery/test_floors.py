"""After a whole reading, an older state lists nothing that is not on the channel: its product may be gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from consumer.delivery.commands import Prepare, Prepared
from consumer.delivery.floors import Floors
from consumer.delivery.offsets import Ticket
from consumer.delivery.unseen import MarkUnseen
from consumer.delivery.work import AccountKey, Work
from consumer.events import Sequence
from consumer.kafka.records import Partition
from consumer.listings.state import Doubt, ListingState, Status
from consumer.markers import SnapshotCause, SnapshotCompleted
from consumer.mongo import PyMongoError
from tests.unit.delivery.making import make_sequence, make_work
from tests.unit.delivery.test_execution import StoreInMemory

READ_AT = 10
NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Book:
    """What MongoDB keeps. asked: how often it was read. away: it does not answer."""

    def __init__(self) -> None:
        self.kept: dict[AccountKey, dict[int, Sequence]] = {}
        self.asked = 0
        self.away = False

    async def raise_to(self, account: AccountKey, partition: int, sequence: Sequence) -> None:
        self._check()
        floors = self.kept.setdefault(account, {})
        floors[partition] = max(sequence, floors.get(partition, Sequence("")))

    async def floors(self, accounts: Collection[AccountKey]) -> Mapping[AccountKey, Mapping[int, Sequence]]:
        self._check()
        self.asked += 1
        return {account: dict(self.kept[account]) for account in accounts if account in self.kept}

    def _check(self) -> None:
        if self.away:
            raise PyMongoError("no primary")


def marker(number: int = READ_AT, account: str = "default", partition: int = 0) -> MarkUnseen:
    """The reading of the account ended, as of change `number`."""
    completed = SnapshotCompleted(
        id="m",
        tenant="shop",
        sequence=make_sequence(number),
        time=NOW,
        cause=SnapshotCause.REQUEST,
        products=1,
    )
    return MarkUnseen(Ticket(Partition("resync", partition), 99, 1), completed, account)


def state(work: Work, *, live: bool) -> ListingState:
    doubt = Doubt.EXISTENCE if live else Doubt.NONE
    return ListingState(str(work.key), 1, make_sequence(1), Status.UNLISTED, NOW, NOW, doubt=doubt)


async def planned(floors: Floors, *works: Work) -> tuple[list[str], list[str]]:
    """Codes of those that are planned, and of those that are superseded."""
    seen: list[Work] = []

    async def plan(prepare: Prepare) -> Prepared:
        seen.extend(prepare.works)
        return Prepared()

    report = await floors.prepare(Prepare(works), plan)
    assert report is not None
    assert {settled.outcome for settled in report.settled} <= {"superseded"}
    return [work.key.entity_code for work in seen], [settled.work.key.entity_code for settled in report.settled]


async def test_an_older_state_of_what_is_not_listed_is_superseded_and_others_are_planned() -> None:
    floors, old, same, new = (
        Floors(Book(), StoreInMemory()),
        make_work("P-1", 9),
        make_work("P-2", 10),
        make_work("P-3", 11),
    )
    assert await planned(floors, old, same, new) == (["P-1", "P-2", "P-3"], [])
    await floors.reached(marker())
    assert await planned(floors, old, same, new) == (["P-2", "P-3"], ["P-1"])
    assert await planned(floors, old) == ([], ["P-1"])


async def test_what_may_be_on_the_channel_is_planned_all_the_same_and_what_was_taken_down_is_not() -> None:
    store, live, gone = StoreInMemory(), make_work("P-1", 9), make_work("P-2", 9)
    floors = Floors(Book(), store)
    store.states = {str(live.key): state(live, live=True), str(gone.key): state(gone, live=False)}
    await floors.reached(marker())
    assert await planned(floors, live, gone) == (["P-1"], ["P-2"])


async def test_a_floor_is_of_its_account_and_partition_and_one_of_the_tenant_is_everybodys() -> None:
    floors, other = Floors(Book(), StoreInMemory()), make_work("P-1", 9, account="outlet")
    elsewhere = replace(make_work("P-2", 9), ticket=Ticket(Partition("updated", 1), 9, 1))
    await floors.reached(marker())
    assert await planned(floors, other, elsewhere) == (["P-1", "P-2"], [])
    await floors.reached(marker(account=""))
    assert await planned(floors, other, elsewhere) == (["P-2"], ["P-1"])


async def test_a_floor_never_sinks() -> None:
    floors = Floors(Book(), StoreInMemory())
    await floors.reached(marker(10))
    await floors.reached(marker(5))
    assert await planned(floors, make_work("P-1", 9)) == ([], ["P-1"])


async def test_whoever_gets_a_partition_reads_what_its_owner_before_has_stored() -> None:
    book, store = Book(), StoreInMemory()
    mine = Floors(book, store)
    assert await planned(mine, make_work("P-1", 9)) == (["P-1"], [])
    await Floors(book, store).reached(marker())
    again = replace(make_work("P-1", 9), ticket=Ticket(Partition("updated", 0), 9, 2))
    assert await planned(mine, again) == ([], ["P-1"])
    for _ in range(5):
        await planned(mine, again)
    assert book.asked == 2, "once for each time that partitions came, not for each state"


async def test_while_mongodb_is_away_nothing_is_planned_and_nothing_counts() -> None:
    book = Book()
    floors = Floors(book, StoreInMemory())
    book.away = True

    async def plan(_: Prepare) -> Prepared:
        raise AssertionError("planned without its floor")

    assert await floors.prepare(Prepare((make_work("P-1", 9),)), plan) is None
    try:
        await floors.reached(marker())
    except PyMongoError:
        book.away = False
    assert await planned(floors, make_work("P-1", 9)) == (["P-1"], [])
