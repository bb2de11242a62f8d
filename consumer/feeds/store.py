"""Where feeds are kept: what every process knows of them, for threads. One document per feed, changed atomically."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from consumer.feeds.model import (
    BUCKET,
    FEEDS,
    Failure,
    FeedKey,
    FeedState,
    Hold,
    Publication,
    Release,
    publication_document,
    read_state,
)
from consumer.mongo import Database, Document, ObjectId
from consumer.mongo.files import Files


class FeedStore:
    """Every method raises PyMongoError. now: of the process, UTC; only intervals are measured with it."""

    def __init__(self, database: Database[Document]) -> None:
        self._feeds = database[FEEDS]
        self.files = Files(database, BUCKET)

    def all(self) -> list[FeedState]:
        """All feeds, by their names."""
        return [read_state(stored) for stored in self._feeds.find().sort("_id")]

    def find(self, key: FeedKey) -> FeedState | None:
        """One feed, None where no listing ever went to it."""
        stored = self._feeds.find_one({"_id": str(key)})
        return None if stored is None else read_state(stored)

    def begin(self, key: FeedKey, files: Sequence[ObjectId], now: datetime) -> FeedState | None:
        """Begin a build with these files. What changes from now on belongs to the next one. None: there is no feed."""
        stored = self._feeds.find_one_and_update(
            {"_id": str(key)},
            {
                "$inc": {"epoch": 1},
                "$set": {"tried": now},
                "$push": {"files": {"$each": list(files)}},
            },
            return_document=True,
        )
        return None if stored is None else read_state(stored)

    def publish(self, state: FeedState, publication: Publication) -> bool:
        """Swap the file; False where another build has begun since, which sees more. state: as `begin` told it."""
        old = state.published
        kept = [] if old is None else [old.plain.id, old.zipped.id]
        # What changed while it was built waits since it began, at most.
        change = {
            "published": publication_document(publication),
            "previous": kept,
            "waiting_since": state.tried,
        }
        return self._end(state, {"$set": change, "$unset": {"held": "", "release": "", "failure": ""}})

    def confirm(self, state: FeedState, now: datetime) -> bool:
        """The published file is as its items are: it stays; False as above."""
        change = {"published.epoch": state.epoch, "published.checked": now, "waiting_since": state.tried}
        return self._end(state, {"$set": change, "$unset": {"held": "", "release": "", "failure": ""}})

    def hold(self, state: FeedState, hold: Hold) -> bool:
        """It waits for a person. Since when stays as it is while it is held."""
        since = state.held.at if state.held else hold.at
        stored = {"at": since, "count": hold.count, "before": hold.before, "words": hold.words}
        return self._end(state, {"$set": {"held": stored}, "$unset": {"failure": ""}})

    def fail(self, key: FeedKey, words: str, now: datetime) -> None:
        """The build failed; the published file stays."""
        known = self.find(key)
        count = known.failure.count + 1 if known and known.failure else 1
        failure = Failure(now, words, count)
        stored = {"at": failure.at, "words": failure.words, "count": failure.count}
        self._feeds.update_one({"_id": str(key)}, {"$set": {"failure": stored}})

    def release(self, key: FeedKey, release: Release) -> bool:
        """Let a held file go, and have it built at once. False where it is not held."""
        stored = {"least": release.least, "by": release.by, "until": release.until}
        result = self._feeds.update_one(
            {"_id": str(key), "held": {"$type": "object"}}, {"$set": {"release": stored}, "$unset": {"tried": ""}}
        )
        return result.matched_count == 1

    def clean(self, key: FeedKey, own: Sequence[ObjectId] = ()) -> None:
        """Remove files that are neither published nor the ones before, which somebody may still be reading.

        own: those of the build that asks. What another one is writing goes away too: `begin` a build first, so that it
        is refused when it publishes.
        """
        state = self.find(key)
        if state is None:
            return
        published = state.published
        kept = {*own, *state.previous, *((published.plain.id, published.zipped.id) if published else ())}
        for file in [file for file in state.files if file not in kept]:
            self.files.delete(file)
            self._feeds.update_one({"_id": str(key)}, {"$pull": {"files": file}})

    def _end(self, state: FeedState, change: dict[str, Any]) -> bool:
        # The epoch is the fence: a build that was frozen and wakes up late ends nothing.
        return self._feeds.update_one({"_id": str(state.key), "epoch": state.epoch}, change).matched_count == 1
