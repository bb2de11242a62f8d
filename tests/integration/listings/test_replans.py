"""Listings that other rules planned are marked once, bit by bit, on a real MongoDB; and what is kept of accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.model import Operation
from consumer.delivery.account_book import AccountBook, Entry
from consumer.delivery.work import AccountKey
from consumer.listings.debts import Claim, DebtStore, Payment
from consumer.listings.owed import Cause
from consumer.listings.replans import RULES_INDEX, ReplanStore
from consumer.listings.state import Status, Version
from consumer.listings.store import ListingStore
from consumer.mongo import AsyncCollection, Document
from tests.integration.listings.test_debts import (
    ACCOUNT,
    AT,
    EVERY,
    collection,
    debt,
    debts,
    owed,
    sequence,
    state_of,
    store,
)

__all__ = ["collection", "debts", "store"]

NEW, OLD = "live new", "live old"


@pytest.fixture
def replans(collection: AsyncCollection[Document], store: ListingStore) -> ReplanStore:
    return ReplanStore(collection)


async def stored(store: ListingStore, *codes: str, rules: str = OLD, **changes: Any) -> None:
    await store.store_intents([state_of(code, planned_rules=rules, status=Status.LIVE, **changes) for code in codes])


async def test_each_listing_is_marked_once_in_bounded_steps(
    store: ListingStore, debts: DebtStore, replans: ReplanStore
) -> None:
    await stored(store, *map(str, range(25)))
    await stored(store, "by the new rules", rules=NEW)
    counts = [await replans.mark(ACCOUNT, EVERY, NEW, at=AT, most=10) for _ in range(4)]
    assert counts == [10, 10, 5, 0]
    found = await debts.due(ACCOUNT, EVERY, AT, 100)
    assert {each.key.entity_code for each in found} == set(map(str, range(25)))
    assert {each.owed.cause for each in found} == {Cause.RULES}
    # Paid by a plan of the new rules: it is never marked for them again.
    await debts.pay([Payment(str(each.key), each.owed.mark, 1) for each in found])
    assert await replans.mark(ACCOUNT, EVERY, NEW, at=AT, most=10) == 0
    assert await replans.mark(ACCOUNT, EVERY, "live newest", at=AT, most=100) == 26


async def test_what_somebody_plans_by_the_old_rules_afterwards_is_found_again(
    store: ListingStore, replans: ReplanStore
) -> None:
    await stored(store, "A")
    assert await replans.mark(ACCOUNT, EVERY, NEW, at=AT, most=10) == 1
    late = (await store.load(["ebay/default/shop/A"]))["ebay/default/shop/A"]
    await store.store_outcomes([replace(late, revision=late.revision + 1, planned_rules=OLD)])
    assert await replans.mark(ACCOUNT, EVERY, NEW, at=AT, most=10) == 1


async def test_a_mark_that_stands_is_left_and_partitions_of_others_too(
    store: ListingStore, debts: DebtStore, replans: ReplanStore
) -> None:
    await stored(store, *map(str, range(20)))
    await debts.mark([debt("3", cause=Cause.PAUSED, words="stocktaking")], AT)
    counts = [await replans.mark(ACCOUNT, [number], NEW, at=AT, most=100) for number in EVERY]
    assert sum(counts) == 20
    assert min(counts) > 0
    still = await owed(store, "3")
    assert still is not None
    assert (still.cause, still.words) == (Cause.PAUSED, "stocktaking")


async def test_what_was_planned_by_the_old_rules_does_not_pay(
    store: ListingStore, debts: DebtStore, replans: ReplanStore
) -> None:
    await stored(store, "A")
    await debts.mark([debt("A", cause=Cause.RELEASED)], AT)
    before = await owed(store, "A")
    assert before is not None
    (found,) = await debts.due(ACCOUNT, EVERY, AT, 1)
    assert not await debts.claim([Claim(found, AT + timedelta(seconds=300), at_work=True)])
    at_work = await owed(store, "A")
    assert at_work is not None
    assert await replans.mark(ACCOUNT, EVERY, NEW, at=AT, most=10) == 1
    await debts.pay([Payment("ebay/default/shop/A", at_work.mark, 1)])
    after = await owed(store, "A")
    assert after is not None, "what was at work then went by the old rules"
    assert (after.cause, after.due, after.claimed) == (Cause.RELEASED, AT, False)


async def test_only_of_what_is_shown_a_withdrawal_needs_leave(store: ListingStore, replans: ReplanStore) -> None:
    await stored(store, "shown", accepted=Version(sequence(1), Operation.CREATE, "x", AT))
    await stored(store, "tombstone")
    assert await replans.mark(ACCOUNT, EVERY, NEW, at=AT, most=10) == 2
    shown, tombstone = await owed(store, "shown"), await owed(store, "tombstone")
    assert shown is not None
    assert tombstone is not None
    assert (shown.allowed, tombstone.allowed) == (False, True)


async def test_a_look_is_answered_by_the_index(
    store: ListingStore, collection: AsyncCollection[Document], replans: ReplanStore
) -> None:
    await stored(store, *map(str, range(50)), rules=NEW)
    query = {
        "channel": "ebay",
        "tenant": "shop",
        "partition": {"$in": list(EVERY)},
        "account": "default",
        "planned_rules": {"$nin": [NEW, f"owed {NEW}"]},
    }
    plan = await collection.find(query, {"_id": True}, hint=RULES_INDEX).explain()
    assert plan["executionStats"]["totalDocsExamined"] == 0, "it costs next to nothing where nothing changed"


async def test_what_one_account_did_not_get_marks_no_other(store: ListingStore, debts: DebtStore) -> None:
    shown = Version(sequence(1), Operation.CREATE, "x", AT)
    await store.store_intents([state_of("A", accepted=shown), state_of("A", accepted=shown, id="ebay/outlet/shop/A")])
    marked = [
        await debts.mark_unseen("ebay", "shop", number, sequence=sequence(5), at=AT, account="outlet")
        for number in EVERY
    ]
    assert sum(marked) == 1
    assert await owed(store, "A") is None


async def test_the_book_knows_whose_records_were_passed_over(collection: AsyncCollection[Document]) -> None:
    book = AccountBook(collection.database["followed_accounts"], "group")
    one, two = AccountKey("shop", "one"), AccountKey("shop", "two")
    await book.begin([one])
    assert await book.entries([one, two]) == {one: Entry(followed=True, left=0), two: Entry(followed=False, left=0)}
    assert await book.read_whole(two, left=0)
    await book.only([one])
    assert (await book.entries([two]))[two] == Entry(followed=False, left=1)
    assert not await book.read_whole(two, left=0), "it went once more while it was read"
    assert await book.read_whole(two, left=1)
    other = AccountBook(collection.database["followed_accounts"], "another group")
    await other.only([])
    assert (await book.entries([one]))[one].followed
