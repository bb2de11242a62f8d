"""Marks of owed listings in a real MongoDB: made beside a state without disturbing it, found when due, paid once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.model import Operation
from consumer.embedded import Endpoints
from consumer.events import Sequence, change_sequence, read_sequence
from consumer.listings.debts import OWED_INDEX, PRICE_DUE_INDEX, Claim, Debt, DebtStore, Payment
from consumer.listings.owed import Cause, Owed
from consumer.listings.state import Doubt, Figures, ListingKey, ListingState, Status, Version
from consumer.listings.store import COLLECTION, ListingStore
from consumer.mongo import AsyncCollection, Document, connect_async
from consumer.partitions import partition_of

AT = datetime(2026, 6, 1, 8, 0, 0, 123000, tzinfo=UTC)
PARTITIONS = 3
ACCOUNT = ("ebay", "shop", "default")
EVERY = range(PARTITIONS)


@pytest.fixture
async def collection(servers: Endpoints, fresh_name: str) -> AsyncIterator[AsyncCollection[Document]]:
    async with connect_async(servers.mongodb_uri) as client:
        database = client[f"marketsync-{fresh_name}"]
        yield database[COLLECTION]
        await client.drop_database(database)


@pytest.fixture
async def store(collection: AsyncCollection[Document]) -> ListingStore:
    made = ListingStore(collection, PARTITIONS)
    await made.ensure_indexes()
    return made


@pytest.fixture
def debts(collection: AsyncCollection[Document], store: ListingStore) -> DebtStore:
    return DebtStore(collection, PARTITIONS)


def sequence(number: int) -> Sequence:
    return change_sequence(100, number, 0)


def debt(code: str = "A", number: int = 5, cause: Cause = Cause.PAUSED, **changes: Any) -> Debt:
    return replace(Debt(ListingKey("ebay", "default", "shop", code), cause, AT, sequence(number)), **changes)


def state_of(code: str = "A", number: int = 1, **changes: Any) -> ListingState:
    made = ListingState(f"ebay/default/shop/{code}", 1, sequence(number), Status.WAITING, AT, AT, sku=code)
    return replace(made, **changes)


async def owed(store: ListingStore, code: str = "A") -> Owed | None:
    listing_id = f"ebay/default/shop/{code}"
    return (await store.load([listing_id]))[listing_id].owed


async def test_a_listing_nobody_knew_is_marked_and_planned_as_usual_afterwards(
    store: ListingStore, debts: DebtStore
) -> None:
    await debts.mark([debt(words="$holiday")], AT)
    found = (await store.load(["ebay/default/shop/A"]))["ebay/default/shop/A"]
    assert (found.revision, found.planned_sequence, found.status) == (0, "", Status.WAITING)
    assert found.owed is not None
    assert (found.owed.cause, found.owed.since, found.owed.words) == (Cause.PAUSED, AT, "$holiday")
    assert await store.store_intents([state_of()]) == set()
    assert await owed(store) == found.owed


async def test_a_mark_costs_nobody_the_race(store: ListingStore, debts: DebtStore) -> None:
    await store.store_intents([state_of()])
    await debts.mark([debt()], AT)
    assert await store.store_outcomes([state_of(revision=2)]) == set()
    assert await owed(store) is not None


async def test_who_pays_a_mark_leaves_the_one_that_was_made_meanwhile(store: ListingStore, debts: DebtStore) -> None:
    await debts.mark([debt(number=5)], AT)
    first = await owed(store)
    await debts.mark([debt(number=7, cause=Cause.HALTED)], AT + timedelta(hours=1))
    assert first is not None
    await debts.pay([Payment("ebay/default/shop/A", first.mark, 0)])
    second = await owed(store)
    assert second is not None
    assert (second.cause, second.since, second.sequence) == (Cause.HALTED, AT, sequence(7))
    await debts.pay([Payment("ebay/default/shop/A", second.mark, 0)])
    assert await owed(store) is None


async def test_a_mark_that_another_process_planned_on_is_not_paid_behind_its_back(
    store: ListingStore, debts: DebtStore
) -> None:
    await store.store_intents([state_of()])
    await debts.mark([debt(number=5)], AT)
    mark = await owed(store)
    assert mark is not None
    await store.store_intents([state_of(revision=2)])
    await debts.pay([Payment("ebay/default/shop/A", mark.mark, 1)])
    assert await owed(store) is not None, "it stands for the intent that came before the payment"
    await debts.pay([Payment("ebay/default/shop/A", mark.mark, 2)])
    assert await owed(store) is None
    assert await store.store_intents([state_of(revision=3)]), "the intent that came after it lost the race"


async def test_an_older_debt_does_not_lower_what_pays(store: ListingStore, debts: DebtStore) -> None:
    await store.store_intents([state_of(number=9)])
    await debts.mark([debt(number=5)], AT)
    found = await owed(store)
    assert found is not None
    assert found.sequence == sequence(9)


async def test_due_ones_are_found_by_partition_and_account_longest_first(
    store: ListingStore, debts: DebtStore, collection: AsyncCollection[Document]
) -> None:
    codes = [f"P-{number}" for number in range(30)]
    await debts.mark([debt(code, due=AT - timedelta(seconds=n)) for n, code in enumerate(codes)], AT)
    await debts.mark([debt("later", due=AT + timedelta(seconds=1))], AT)
    await debts.mark([replace(debt(), key=ListingKey("ebay", "other", "shop", "P-1"))], AT)
    found = await debts.due(ACCOUNT, EVERY, AT, 50)
    assert [each.key.entity_code for each in found] == codes[::-1]
    of_each = [await debts.due(ACCOUNT, [number], AT, 50) for number in EVERY]
    assert sorted(len(part) for part in of_each) != [0, 0, 30]
    for number, part in enumerate(of_each):
        assert {partition_of("shop", each.key.entity_code, PARTITIONS) for each in part} == {number}
        assert {each.partition for each in part} == {number}
    assert len(await debts.due(ACCOUNT, EVERY, AT, 7)) == 7
    query = {"channel": "ebay", "tenant": "shop", "account": "default", "partition": {"$in": [0, 1]}}
    plan = await collection.find(query | {"owed.due": {"$lte": AT}}).sort("owed.due", 1).limit(50).explain()
    assert OWED_INDEX in str(plan["queryPlanner"]["winningPlan"])


async def test_a_claim_moves_a_mark_ahead_but_not_one_made_meanwhile(store: ListingStore, debts: DebtStore) -> None:
    await debts.mark([debt("A"), debt("B")], AT)
    found = await debts.due(ACCOUNT, EVERY, AT, 10)
    await debts.mark([debt("B", number=8)], AT)
    later = AT + timedelta(minutes=5)
    await debts.claim([Claim(each, later, sequence=read_sequence(200, 1)) for each in found])
    claimed, anew = await owed(store, "A"), await owed(store, "B")
    assert claimed is not None
    assert anew is not None
    assert (claimed.due, claimed.sequence) == (later, read_sequence(200, 1))
    assert (anew.due, anew.sequence) == (AT, sequence(8))


async def test_a_listing_in_doubt_is_owed(store: ListingStore, debts: DebtStore) -> None:
    await store.store_intents([state_of()])
    await store.mark_uncertain(["ebay/default/shop/A", "ebay/default/shop/unknown"])
    [found] = await debts.due(ACCOUNT, EVERY, datetime.now(UTC) + timedelta(seconds=5), 10)
    assert (found.owed.cause, found.owed.sequence) == (Cause.ZOMBIE, sequence(1))


async def test_what_a_reading_did_not_meet_is_owed_if_the_channel_may_show_it(
    store: ListingStore, debts: DebtStore
) -> None:
    shown = Version(sequence(1), Operation.CREATE, "x", AT)
    await store.store_intents(
        [
            state_of("seen", 9, accepted=shown),
            state_of("live", accepted=shown),
            state_of("gone already", status=Status.WITHDRAWN),
            state_of("in doubt", doubt=Doubt.EXISTENCE),
            state_of("being sent", intent=shown),
        ]
    )
    await debts.mark([debt("live")], AT)
    marked = [await debts.mark_unseen("ebay", "shop", number, sequence=sequence(5), at=AT) for number in EVERY]
    assert sum(marked) == 3
    found = await debts.due(ACCOUNT, EVERY, AT, 10)
    assert {each.key.entity_code for each in found} == {"live", "in doubt", "being sent"}
    assert {each.owed.gap for each in found} == {sequence(5)}
    await debts.mark([debt("live")], AT)
    still = await owed(store, "live")
    assert still is not None
    assert still.gap == sequence(5), "a later mark does not hide that the product may be gone"


async def test_an_intent_without_an_end_is_owed_after_its_time(store: ListingStore, debts: DebtStore) -> None:
    shown = Version(sequence(1), Operation.CREATE, "x", AT)
    await store.store_intents([state_of("stuck", intent=shown), state_of("waits"), state_of("young", intent=shown)])
    await store.store_outcomes([state_of("young", intent=shown, revision=2, updated_at=AT + timedelta(hours=1))])
    at = AT + timedelta(hours=1)
    assert await debts.mark_unfinished(ACCOUNT, EVERY, before=at - timedelta(minutes=15), at=at) == 1
    [found] = await debts.due(ACCOUNT, EVERY, at, 10)
    assert (found.key.entity_code, found.owed.cause) == ("stuck", Cause.UNFINISHED)


async def test_listings_of_an_older_version_get_their_partition(
    store: ListingStore, collection: AsyncCollection[Document]
) -> None:
    await store.store_intents([state_of("old")])
    await collection.update_many({}, {"$unset": {"partition": True}})
    await store.ensure_indexes()
    document = await collection.find_one({})
    assert document is not None
    assert document["partition"] == partition_of("shop", "old", PARTITIONS)


async def test_of_two_sweeps_that_claim_at_the_same_moment_one_wins_each_listing(
    debts: DebtStore, collection: AsyncCollection[Document]
) -> None:
    codes = [f"P-{number}" for number in range(40)]
    await debts.mark([debt(code) for code in codes], AT)
    rivals = [DebtStore(collection, PARTITIONS) for _ in range(4)]
    found = [await rival.due(ACCOUNT, EVERY, AT, 50) for rival in rivals]
    later = AT + timedelta(minutes=5)
    lost = await asyncio.gather(
        *(rival.claim([Claim(each, later) for each in mine]) for rival, mine in zip(rivals, found, strict=True))
    )
    for each in found[0]:
        assert sum(str(each.key) not in ids for ids in lost) == 1
    assert await debts.due(ACCOUNT, EVERY, AT, 50) == []


async def test_a_listing_is_owed_when_the_date_comes_at_which_its_price_changes(
    store: ListingStore, debts: DebtStore, collection: AsyncCollection[Document]
) -> None:
    hour = timedelta(hours=1)
    dated = [state_of(code, figures=Figures(due=AT + due)) for code, due in (("A", hour), ("B", 2 * hour))]
    await store.store_outcomes([*dated, state_of("C")])
    assert await debts.mark_price_due(ACCOUNT, EVERY, at=AT, most=10) == 0
    assert await debts.mark_price_due(("ebay", "shop", "other"), EVERY, at=AT + hour, most=10) == 0
    assert await debts.mark_price_due(ACCOUNT, EVERY, at=AT + hour, most=10) == 1
    assert await debts.mark_price_due(ACCOUNT, EVERY, at=AT + hour, most=10) == 0
    mark = await owed(store)
    assert mark is not None
    assert (mark.cause, mark.due) == (Cause.PRICE_DUE, AT + hour)
    assert [found.key.entity_code for found in await debts.due(ACCOUNT, EVERY, AT + hour, 10)] == ["A"]
    query = {"channel": "ebay", "tenant": "shop", "account": "default", "partition": {"$in": [0]}}
    explained = await collection.find(query | {"figures.due": {"$lte": AT}}, hint=PRICE_DUE_INDEX).explain()
    assert "COLLSCAN" not in str(explained["queryPlanner"]["winningPlan"])


async def test_many_prices_due_at_once_come_in_portions_and_none_is_lost_to_another_mark(
    store: ListingStore, debts: DebtStore
) -> None:
    await store.store_outcomes([state_of(code, figures=Figures(due=AT)) for code in "ABC"])
    await debts.mark([debt("B")], AT)
    assert await debts.mark_price_due(ACCOUNT, EVERY, at=AT, most=1) == 1
    assert await debts.mark_price_due(ACCOUNT, EVERY, at=AT, most=1) == 1
    assert await debts.mark_price_due(ACCOUNT, EVERY, at=AT, most=1) == 0
    paused = await owed(store, "B")
    assert paused is not None
    assert paused.cause is Cause.PAUSED
    await debts.pay([Payment("ebay/default/shop/B", paused.mark, 1)])
    assert await debts.mark_price_due(ACCOUNT, EVERY, at=AT, most=1) == 1
