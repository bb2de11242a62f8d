"""Listing states in a real MongoDB: what is stored is read back, and of two writers one loses and is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.model import Operation, Problem
from consumer.embedded import Endpoints
from consumer.events import change_sequence
from consumer.listings.codec import UnreadableStateError, to_document
from consumer.listings.state import Doubt, Fingerprint, ListingState, Status, Version
from consumer.listings.store import COLLECTION, ListingStore
from consumer.mongo import AsyncCollection, Document, connect_async

AT = datetime(2026, 6, 1, 8, 0, 0, 123000, tzinfo=UTC)


@pytest.fixture
async def collection(servers: Endpoints, fresh_name: str) -> AsyncIterator[AsyncCollection[Document]]:
    async with connect_async(servers.mongodb_uri) as client:
        database = client[f"marketsync-{fresh_name}"]
        yield database[COLLECTION]
        await client.drop_database(database)


@pytest.fixture
async def store(collection: AsyncCollection[Document]) -> ListingStore:
    made = ListingStore(collection, 3)
    await made.ensure_indexes()
    return made


def make_state(code: str = "A", **changes: Any) -> ListingState:
    sequence = change_sequence(1, 1, 0)
    intent = Version(sequence, Operation.CREATE, code, AT, Fingerprint("c", "o"))
    state = ListingState(
        id=f"ebay/default/shop/{code}",
        revision=1,
        planned_sequence=sequence,
        status=Status.WAITING,
        created_at=AT,
        updated_at=AT,
        sku=code,
        intent=intent,
        references={"offer_id": "$o-1"},
        problems=(Problem("title", "missing", "no name", "Fill it."),),
    )
    return replace(state, **changes)


def next_of(state: ListingState, **changes: Any) -> ListingState:
    return replace(state, revision=state.revision + 1, **changes)


async def test_states_are_read_back_as_stored(store: ListingStore) -> None:
    states = [make_state(f"P-{number}/x") for number in range(300)]
    assert await store.store_intents(states) == set()
    assert await store.load([state.id for state in states]) == {state.id: state for state in states}
    after = [next_of(state, status=Status.LIVE, intent=None) for state in states]
    assert await store.store_outcomes(after) == set()
    assert await store.load([after[7].id, "ebay/default/shop/unknown"]) == {after[7].id: after[7]}


async def test_nothing_asked_nothing_done(store: ListingStore) -> None:
    assert await store.load([]) == {}
    assert await store.store_intents([]) == set()
    await store.mark_uncertain([])


async def test_of_two_first_writers_one_loses(store: ListingStore) -> None:
    assert await store.store_intents([make_state("A")]) == set()
    lost = await store.store_intents([make_state("A", sku="rival"), make_state("B")])
    assert lost == {make_state("A").id}
    stored = await store.load([make_state("A").id, make_state("B").id])
    assert {state.sku for state in stored.values()} == {"A", "B"}


async def test_of_two_later_writers_one_loses_and_the_others_of_its_batch_do_not(store: ListingStore) -> None:
    first = [make_state(code) for code in "ABC"]
    await store.store_intents(first)
    assert await store.store_outcomes([next_of(first[1], sku="mine")]) == set()
    lost = await store.store_outcomes([next_of(state, sku="rival") for state in first])
    assert lost == {first[1].id}
    stored = await store.load([state.id for state in first])
    assert [stored[state.id].sku for state in first] == ["rival", "mine", "rival"]


async def test_first_and_later_writes_lost_in_one_batch(store: ListingStore) -> None:
    first = [make_state(code) for code in "AB"]
    await store.store_intents(first)
    await store.store_outcomes([next_of(state) for state in first])
    lost = await store.store_outcomes([make_state("A"), next_of(first[1]), make_state("C")])
    assert lost == {first[0].id, first[1].id}


async def test_a_write_over_a_listing_that_is_gone_is_lost(
    store: ListingStore, collection: AsyncCollection[Document]
) -> None:
    state = make_state()
    await store.store_intents([state])
    await collection.delete_one({"_id": state.id})
    assert await store.store_outcomes([next_of(state)]) == {state.id}
    assert await store.load([state.id]) == {}


async def test_writers_at_the_same_moment_give_one_winner_each(
    store: ListingStore, collection: AsyncCollection[Document]
) -> None:
    rivals = [ListingStore(collection, 3) for _ in range(8)]
    codes = [f"P-{number}" for number in range(20)]
    wanted_by = [[make_state(code, sku=f"writer-{number}") for code in codes] for number in range(len(rivals))]
    for step in range(3):
        lost = await asyncio.gather(
            *(rival.store_intents(states) for rival, states in zip(rivals, wanted_by, strict=True))
        )
        stored = await store.load([make_state(code).id for code in codes])
        for code in codes:
            listing_id = make_state(code).id
            winners = [number for number, ids in enumerate(lost) if listing_id not in ids]
            assert len(winners) == 1
            assert stored[listing_id].sku == f"writer-{winners[0]}"
            assert stored[listing_id].revision == step + 1
        wanted_by = [[next_of(state) for state in states] for states in wanted_by]


async def test_a_mark_survives_whoever_loaded_before(store: ListingStore) -> None:
    state = make_state(status=Status.LIVE, intent=None)
    await store.store_intents([state])
    await store.mark_uncertain([state.id, "ebay/default/shop/unknown"])
    assert await store.store_outcomes([next_of(state)]) == {state.id}
    marked = (await store.load([state.id]))[state.id]
    assert (marked.doubt, marked.status, marked.revision) == (Doubt.EXISTENCE, Status.WAITING, 2)
    assert marked.updated_at > AT
    assert await store.store_outcomes([next_of(marked, doubt=Doubt.NONE)]) == set()
    assert list(await store.load(["ebay/default/shop/unknown"])) == []


async def test_fields_of_others_survive_our_writes(store: ListingStore, collection: AsyncCollection[Document]) -> None:
    state = make_state()
    await store.store_intents([state])
    await collection.update_one({"_id": state.id}, {"$set": {"seen_by_a_person": True}})
    await store.store_outcomes([next_of(state)])
    document = await collection.find_one({"_id": state.id})
    assert document is not None
    assert document["seen_by_a_person"] is True


async def test_counts_and_problems(store: ListingStore) -> None:
    states = [
        make_state("A", status=Status.LIVE),
        make_state("B", status=Status.LIVE),
        make_state("C", status=Status.INVALID, updated_at=AT),
        make_state("D", status=Status.REFUSED, updated_at=AT + timedelta(seconds=1)),
        make_state("E", status=Status.DEAD_LETTER, updated_at=AT - timedelta(seconds=1)),
        make_state("A", id="ebay/second/shop/A", status=Status.LIVE),
    ]
    await store.store_intents(states)
    assert await store.counts_by_status() == {
        ("ebay", "default", "shop"): {Status.LIVE: 2, Status.INVALID: 1, Status.REFUSED: 1, Status.DEAD_LETTER: 1},
        ("ebay", "second", "shop"): {Status.LIVE: 1},
    }
    assert [state.sku for state in await store.problems()] == ["D", "C", "E"]
    assert [state.sku for state in await store.problems(limit=1)] == ["D"]


async def test_a_document_changed_by_hand_is_a_listing_in_doubt_and_spoils_no_other(
    store: ListingStore, collection: AsyncCollection[Document]
) -> None:
    good, bad = make_state("A"), make_state("B")
    await store.store_intents([good, bad])
    await collection.update_one({"_id": bad.id}, {"$set": {"status": "broken", "accepted": 7}, "$unset": {"sent": 1}})
    loaded = await store.load([good.id, bad.id])
    assert loaded[good.id] == good
    found = loaded[bad.id]
    assert (found.revision, found.planned_sequence, found.sku) == (1, bad.planned_sequence, "B")
    assert (found.doubt, found.status) == (Doubt.EXISTENCE, Status.WAITING)
    assert bad.id in (found.error or "")
    assert await store.store_intents([next_of(found)]) == set()
    assert (await store.load([bad.id]))[bad.id] == next_of(found)


async def test_without_a_revision_nothing_is_safe(store: ListingStore, collection: AsyncCollection[Document]) -> None:
    await collection.insert_one({**to_document(make_state()), "revision": "two"})
    with pytest.raises(UnreadableStateError, match="ebay/default/shop/A"):
        await store.load([make_state().id])


async def test_indexes_serve_the_queries(store: ListingStore, collection: AsyncCollection[Document]) -> None:
    await store.ensure_indexes()
    await store.store_intents([make_state("A")])
    for query in ({"status": {"$in": ["invalid"]}}, {"tenant": "shop", "entity_code": "A"}):
        plan = await collection.find(query).sort("updated_at", -1).explain()
        assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
