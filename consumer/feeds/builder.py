"""Builds the file of one feed: from its items as they are now to a publication, or a reason why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapters.feeds import Feed
from consumer.feeds.brake import held
from consumer.feeds.categories import CategoryBook
from consumer.feeds.items import IN_FILE_ORDER
from consumer.feeds.model import ITEMS, FeedKey, FeedState, Hold, Publication
from consumer.feeds.store import FeedStore
from consumer.feeds.writing import FeedFileWriter
from consumer.mongo import Database, Document, ObjectId

# Items that one answer of the server brings.
_BATCH = 1000


class Result(StrEnum):
    """How a build ended. overtaken: another process has begun one since. stopped: this process is to end."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    HELD = "held"
    OVERTAKEN = "overtaken"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Built:
    """What became of a build. count: offers in it, as far as it came. words: for people."""

    result: Result
    count: int
    words: str = ""


class FeedBuilder:
    """For one thread. now: UTC. may_go_on: asked now and then, False = this build has to be given up."""

    def __init__(
        self, database: Database[Document], *, now: Callable[[], datetime], may_go_on: Callable[[], bool] = lambda: True
    ) -> None:
        self.store = FeedStore(database)
        self._items = database[ITEMS]
        self.categories = CategoryBook(database)
        self._now = now
        self._may_go_on = may_go_on

    def build(self, key: FeedKey, feed: Feed) -> Built:
        """Build one file and publish it. The one before stays published whatever goes wrong. Raises PyMongoError."""
        files = (ObjectId(), ObjectId())
        state = self.store.begin(key, files, self._now())
        if state is None:
            return Built(Result.EMPTY, 0, "no listing has gone to it yet")
        # Only now: a build that was under way can publish nothing any more, so nobody points at what goes.
        self.store.clean(key, files)
        expected = self._items.count_documents({"feed": str(key), "gone": False}, hint=IN_FILE_ORDER)
        if hold := held(state, expected, feed.rules, self._now()):
            return self._hold(state, hold)
        if not expected and state.published is None:
            return Built(Result.EMPTY, 0, "it has no offers yet")
        name = f"{key.channel}-{key.tenant}-{key.account}.{feed.format.suffix}"
        writer = FeedFileWriter(self.store.files, files, name, {"feed": str(key), "epoch": state.epoch})
        try:
            written = self._write(state, feed, writer)
        except BaseException:
            writer.discard()
            raise
        # An error from here on may come after the swap: what is not published the next build removes.
        built = self._publish(state, feed, writer, written) if isinstance(written, int) else written
        if built.result is not Result.PUBLISHED:
            writer.discard()
        return built

    def _write(self, state: FeedState, feed: Feed, writer: FeedFileWriter) -> int | Built:
        """Write all items; returns how many, or why the file is not to be published."""
        lines = feed.format.writer(state.columns)
        categories: Counter[str] = Counter()
        count = 0
        writer.write(lines.header)
        for item in self._in_order(state.key):
            writer.write(lines.item(item["body"]))
            categories[item["category"]] += 1
            count += 1
            if count % _BATCH == 0 and not self._may_go_on():
                return Built(Result.STOPPED, count)
        writer.write(lines.footer)
        # They may have become fewer since they were counted.
        if hold := held(state, count, feed.rules, self._now()):
            return self._hold(state, hold)
        self.categories.note(state.key, categories, self._now())
        return count

    def _in_order(self, key: FeedKey) -> Iterator[Document]:
        wanted = {"feed": str(key), "gone": False}
        found = self._items.find(wanted, {"_id": False, "body": True, "category": True}, hint=IN_FILE_ORDER)
        yield from found.sort("key").batch_size(_BATCH)

    def _publish(self, state: FeedState, feed: Feed, writer: FeedFileWriter, count: int) -> Built:
        digest, plain, zipped = writer.close()
        old, now = state.published, self._now()
        if old is not None and old.digest == digest:
            ended = self.store.confirm(state, now)
            return Built(Result.UNCHANGED if ended else Result.OVERTAKEN, count)
        suffix, content_type = feed.format.suffix, feed.format.content_type
        publication = Publication(state.epoch, now, now, count, digest, suffix, content_type, plain, zipped)
        ended = self.store.publish(state, publication)
        return Built(Result.PUBLISHED if ended else Result.OVERTAKEN, count)

    def _hold(self, state: FeedState, hold: Hold) -> Built:
        ended = self.store.hold(state, hold)
        return Built(Result.HELD if ended else Result.OVERTAKEN, hold.count, hold.words)
