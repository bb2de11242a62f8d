"""Listing states in MongoDB, collection `listings`. Every call is one round trip, lost races cost one more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Collection as Ids
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from consumer.events import Sequence as EventSequence
from consumer.listings.codec import UnreadableStateError, from_document, to_document
from consumer.listings.confirming import LOOK_AGAIN_INDEX, LOOK_AGAIN_KEYS
from consumer.listings.debts import OWED_INDEX, PRICE_DUE_INDEX, PRICE_DUE_KEYS, URGENT_INDEX, URGENT_KEYS, marking
from consumer.listings.holders import GROUP_INDEX, GROUP_KEYS, MEMBERS_INDEX, MEMBERS_KEYS
from consumer.listings.owed import Cause
from consumer.listings.replans import RULES_INDEX, RULES_KEYS
from consumer.listings.state import Doubt, ListingKey, ListingState, Status
from consumer.listings.submissions import TICKETS_INDEX, TICKETS_KEYS
from consumer.mongo import AsyncCollection, BulkWriteError, Document, ObjectId, OperationFailure, UpdateMany, UpdateOne
from consumer.partitions import partition_of

COLLECTION = "listings"

PROBLEM_STATUSES = (Status.INVALID, Status.REFUSED, Status.BLOCKED, Status.DEAD_LETTER)

_DUPLICATE_KEY = 11000
_MOST_PLACED = 1000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ListingStore:
    """Loads and stores listing states in bulk.

    Stores are compare-and-set on `revision`: of two processes that work on one listing, the second loses and is told.
    A store that raises may have had its effect: load again before going on. Read and write concern are those of the
    collection; `consumer.mongo` makes clients that use majority.

    partitions: of every topic keyed by product; who owns a product's partition looks after its listings.
    """

    def __init__(
        self,
        collection: AsyncCollection[Document],
        partitions: int,
        new_stamp: Callable[[], ObjectId] = ObjectId,
    ) -> None:
        self._collection = collection
        self._partitions = partitions
        self._new_stamp = new_stamp

    async def ensure_indexes(self) -> None:
        """Create what the queries below need, and "where is this product listed?". Idempotent."""
        await self._collection.create_index(
            [("channel", 1), ("account", 1), ("tenant", 1), ("status", 1), ("updated_at", -1)], name="by_status"
        )
        await self._collection.create_index([("tenant", 1), ("entity_code", 1)], name="by_product")
        # Of few: what every write moves has its price in each index.
        await self._collection.create_index(
            [("status", 1), ("updated_at", -1)],
            name="newest_problems",
            partialFilterExpression={"status": {"$in": [status.value for status in PROBLEM_STATUSES]}},
        )
        # Its keys seldom change after the first write, so it costs nothing where many states are stored.
        await self._collection.create_index([(field, 1) for field in RULES_KEYS], name=RULES_INDEX)
        for replaced in ("by_partition", "newest_by_status"):  # of older versions
            with suppress(OperationFailure):
                await self._collection.drop_index(replaced)
        owed = ("channel", "tenant", "account", "partition", "owed.due", "owed.cause", "owed.since")
        await self._collection.create_index(
            [(field, 1) for field in owed], name=OWED_INDEX, partialFilterExpression={"owed.due": {"$exists": True}}
        )
        await self._collection.create_index(
            [(field, 1) for field in PRICE_DUE_KEYS],
            name=PRICE_DUE_INDEX,
            partialFilterExpression={"figures.due": {"$exists": True}},
        )
        await self._collection.create_index(
            [(field, 1) for field in LOOK_AGAIN_KEYS],
            name=LOOK_AGAIN_INDEX,
            partialFilterExpression={"seen.again": {"$exists": True}},
        )
        await self._collection.create_index(
            [(field, 1) for field in TICKETS_KEYS],
            name=TICKETS_INDEX,
            partialFilterExpression={"submitted.ticket": {"$exists": True}},
        )
        for name, keys, condition in (
            (URGENT_INDEX, URGENT_KEYS, {"owed.lane": {"$exists": True}}),
            (GROUP_INDEX, GROUP_KEYS, {"group": {"$gt": ""}}),
            (MEMBERS_INDEX, MEMBERS_KEYS, {"members": {"$gt": ""}}),
        ):
            await self._collection.create_index(
                [(field, 1) for field in keys], name=name, partialFilterExpression=condition
            )
        await self._place_old_listings()

    async def load(self, ids: Ids[str]) -> dict[str, ListingState]:
        """The states of these listings; unknown ones are absent.

        A document that is not ours any more (changed by hand) comes back as a listing in doubt, so that it spoils
        neither its neighbours nor itself: the newest state is sent whole and the document is written anew.
        """
        if not ids:
            return {}
        # Without a batch size the server answers with 101 documents first.
        cursor = self._collection.find({"_id": {"$in": list(ids)}}, batch_size=len(ids))
        return {document["_id"]: _read(document) for document in await cursor.to_list()}

    async def store_intents(self, states: Sequence[ListingState]) -> set[str]:
        """Store states before their calls. Returns the ids that lost the race: they must not be sent."""
        return await self._compare_and_set(states)

    async def store_outcomes(self, states: Sequence[ListingState]) -> set[str]:
        """Store states after their calls or plans. Returns the ids that lost the race: `mark_uncertain` them."""
        return await self._compare_and_set(states)

    async def mark_uncertain(self, ids: Iterable[str]) -> None:
        """Whatever else is stored: the newest state of these listings has to be sent again, whole, and is owed.

        The revision moves, so that a process that loaded before cannot overwrite the mark.
        """
        listing_ids = list(ids)
        if not listing_ids:
            return
        doubted = {
            "doubt": Doubt.EXISTENCE.name.lower(),
            "status": Status.WAITING.value,
            "revision": {"$add": ["$revision", 1]},
            "updated_at": "$$NOW",
        }
        owed = marking(Cause.ZOMBIE, due="$$NOW", at="$$NOW", sequence=None, mark=self._new_stamp())
        await self._collection.update_many({"_id": {"$in": listing_ids}}, [{"$set": doubted | owed}])

    async def distrust(self, channel: str, tenants: Iterable[str], *, account: str = "") -> int:
        """Put in doubt what is believed of these listings, but for those of which nothing was ever sent.

        Their next state is sent whole, also where nothing changed. account: "" = all. Returns how many there are.
        """
        query: Document = {"channel": channel, "tenant": {"$in": list(tenants)}, "sent": {"$ne": None}}
        if account:
            query["account"] = account
        change = {"$set": {"doubt": Doubt.EXISTENCE.name.lower()}, "$inc": {"revision": 1}}
        return (await self._collection.update_many(query, change)).modified_count

    async def shown(self, channel: str, tenant: str, account: str) -> list[str]:
        """Ids of the account's listings of which the channel accepted a state that still stands."""
        query = {"channel": channel, "account": account, "tenant": tenant, "accepted": {"$ne": None}}
        return [document["_id"] async for document in self._collection.find(query, {"_id": True}, hint="by_status")]

    async def numbers(self, channel: str, tenant: str, account: str) -> dict[str, str]:
        """SKU on the channel -> entity code, of the account's listings that are, or may be, on the channel; variants,
        too, have a SKU there."""
        there: Document = {
            "$or": [
                *({name: {"$ne": None}} for name in ("accepted", "intent", "submitted")),
                {"doubt": Doubt.EXISTENCE.name.lower()},
            ]
        }
        query = {"channel": channel, "account": account, "tenant": tenant, **there}
        variants = ("accepted.variants.sku", "intent.variants.sku")
        found = self._collection.find(query, dict.fromkeys(("sku", "entity_code", *variants), True), hint="by_status")
        return {sku: document["entity_code"] async for document in found for sku in _numbers(document)}

    async def following(self, channel: str, tenant: str, account: str, last: str, most: int) -> list[ListingState]:
        """The account's listings behind the one with the id `last`, "" = from the first; empty at the end."""
        first = str(ListingKey(channel, account, tenant, ""))
        # The sign behind the slash ends the range of ids that begin so.
        bounds = {"$gte": first, "$lt": f"{first[:-1]}0"} | ({"$gt": last} if last else {})
        found = self._collection.find({"_id": bounds}, batch_size=most).sort("_id", 1).limit(most)
        return [_read(document) for document in await found.to_list()]

    async def counts_by_status(self) -> Mapping[tuple[str, str, str], Mapping[Status, int]]:
        """(channel, account, tenant) -> how many listings have each status."""
        group = {name: f"${name}" for name in ("channel", "account", "tenant", "status")}
        cursor = await self._collection.aggregate([{"$group": {"_id": group, "count": {"$sum": 1}}}])
        counts: dict[tuple[str, str, str], dict[Status, int]] = {}
        async for row in cursor:
            found = row["_id"]
            account = (found["channel"], found["account"], found["tenant"])
            with suppress(ValueError):  # a status only a newer version knows
                counts.setdefault(account, {})[Status(found["status"])] = row["count"]
        return counts

    async def problems(self, limit: int = 100) -> list[ListingState]:
        """Listings a person should look at: invalid, refused, given up. Last changed first."""
        query = {"status": {"$in": [status.value for status in PROBLEM_STATUSES]}}
        cursor = self._collection.find(query).sort("updated_at", -1).limit(limit)
        return [_read(document) for document in await cursor.to_list()]

    async def _place_old_listings(self) -> None:
        """Listings of a version that did not store their partition."""
        writes: list[UpdateOne] = []
        fields = {"tenant": True, "entity_code": True}
        async for document in self._collection.find({"partition": None, "tenant": {"$ne": None}}, fields):
            place = partition_of(document["tenant"], document["entity_code"], self._partitions)
            writes.append(UpdateOne({"_id": document["_id"]}, {"$set": {"partition": place}}))
            if len(writes) == _MOST_PLACED:
                await self._collection.bulk_write(writes, ordered=False)
                writes = []
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def _compare_and_set(self, states: Sequence[ListingState]) -> set[str]:
        if not states:
            return set()
        stamp = self._new_stamp()
        duplicates: set[str] = set()
        try:
            result = await self._collection.bulk_write([self._write(state, stamp) for state in states], ordered=False)
            written = result.matched_count + result.upserted_count
        except BulkWriteError as error:
            duplicates = _lost_inserts(error, states)
            written = error.details["nMatched"] + error.details["nUpserted"]
        ids = {state.id for state in states}
        if written + len(duplicates) == len(states):
            return duplicates
        # Some revisions were not the expected ones, and the answer does not say whose. The stamp does.
        cursor = self._collection.find({"_id": {"$in": list(ids)}, "stamp": stamp}, {"_id": 1}, batch_size=len(states))
        return ids - {document["_id"] for document in await cursor.to_list()}

    def _write(self, state: ListingState, stamp: ObjectId) -> UpdateMany:
        """Over the revision before. A first revision is inserted; if the listing is known already, its key is taken.

        For "many", of whom there is one at most: the server then keeps no record for a driver that would repeat the
        write by itself, which costs a fifth of it. Whoever stores loads again after a failure.
        """
        document = to_document(state)
        listing_id = document.pop("_id")
        changes: Document = {"$set": {**document, "stamp": stamp}}
        first = state.revision == 1
        if first:
            place = partition_of(document["tenant"], document["entity_code"], self._partitions)
            changes["$setOnInsert"] = {"partition": place}
        return UpdateMany({"_id": listing_id, "revision": state.revision - 1}, changes, upsert=first)


def _lost_inserts(error: BulkWriteError, states: Sequence[ListingState]) -> set[str]:
    """The ids whose first revision came too late. Any other failure is raised again."""
    failures: Sequence[Mapping[str, Any]] = error.details["writeErrors"]
    if error.details["writeConcernErrors"] or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
        raise error
    return {states[failure["index"]].id for failure in failures}


def _numbers(document: Document) -> Iterator[str]:
    """Every SKU that a listing has on the channel."""
    if document["sku"]:
        yield document["sku"]
    for version in (document.get("accepted"), document.get("intent")):
        yield from (variant["sku"] for variant in (version or {}).get("variants", ()))


def _read(document: Document) -> ListingState:
    try:
        return from_document(document)
    except UnreadableStateError as error:
        return _in_doubt(document, str(error))


def _in_doubt(document: Document, words: str) -> ListingState:
    """What can be saved of a document: the revision and the newest planned sequence, without which nothing is safe."""
    revision, planned_sequence, sku = (document.get(name) for name in ("revision", "planned_sequence", "sku"))
    if not isinstance(revision, int) or not isinstance(planned_sequence, str):
        raise UnreadableStateError(words)
    created_at, updated_at = (document.get(name) for name in ("created_at", "updated_at"))
    return ListingState(
        id=document["_id"],
        revision=revision,
        planned_sequence=EventSequence(planned_sequence),
        status=Status.WAITING,
        created_at=created_at if isinstance(created_at, datetime) else _LONG_AGO,
        updated_at=updated_at if isinstance(updated_at, datetime) else _LONG_AGO,
        sku=sku if isinstance(sku, str) else "",
        doubt=Doubt.EXISTENCE,
        error=words,
        withheld=str(document.get("withheld") or ""),
    )
