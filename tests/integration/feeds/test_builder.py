"""Files of a feed: built, swapped at once, kept when anything goes wrong, held when they shrink."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect
from pymongo.read_concern import ReadConcern

from adapters.feeds import Feed, FeedRules, FeedWriter
from adapters.trovaprezzi import TrovaprezziFormat
from adapters.trovaprezzi.format import XmlWriter
from consumer.feeds.builder import Result
from consumer.feeds.categories import CategoryBook
from consumer.feeds.model import BUCKET, FeedState, Publication, Release
from consumer.feeds.store import FeedStore
from consumer.mongo import ObjectId
from consumer.mongo.files import FileMissingError
from tests.integration.feeds.conftest import FEED, World, make_item


class Interrupted(TrovaprezziFormat):
    """Something happens while the second item is written."""

    def __init__(self, happens: Callable[[], Any]) -> None:
        self._happens = happens

    def writer(self, columns: Sequence[str]) -> XmlWriter:
        return _InterruptedWriter(self._happens)


class _InterruptedWriter(XmlWriter):
    def __init__(self, happens: Callable[[], Any]) -> None:
        self._happens = happens
        self._items = 0

    def item(self, body: bytes) -> bytes:
        self._items += 1
        if self._items == 2:
            self._happens()
        return body


def interrupted(happens: Callable[[], Any]) -> Feed:
    return Feed(Interrupted(happens), FeedRules())


def stored_files(world: World) -> int:
    """Files of which there is anything, finished or not; as the server has them, confirmed or not."""
    chunks = world.database[f"{BUCKET}.chunks"].with_options(read_concern=ReadConcern("local"))
    return len(chunks.distinct("files_id"))


async def test_a_file_has_all_items_in_order_and_its_gzip_has_the_same(world: World) -> None:
    await world.put(*(make_item(code) for code in ("B", "a", "C")))
    built = world.build()
    published = world.state().published
    assert (built.result, built.count) == (Result.PUBLISHED, 3)
    assert published is not None
    file = world.file()
    assert [file.index(f"<Code>{code}<") for code in ("a", "B", "C")] == sorted(
        file.index(f"<Code>{code}<") for code in ("a", "B", "C")
    )
    assert gzip.decompress(b"".join(world.store.files.read(published.zipped.id))).decode() == file
    assert published.digest == hashlib.sha256(file.encode()).hexdigest()
    assert published.plain.size == len(file.encode())
    assert not world.state().dirty


async def test_nothing_new_keeps_the_file_and_a_change_swaps_it(world: World) -> None:
    await world.put(make_item("A"))
    world.build()
    first = world.state().published
    await world.put(make_item("A"))
    assert world.state().dirty
    assert world.build().result is Result.UNCHANGED
    second = world.state().published
    assert first is not None
    assert second is not None
    assert (second.plain, second.at) == (first.plain, first.at)
    assert second.checked > first.checked
    assert not world.state().dirty
    await world.put(make_item("A", "5.00"))
    assert world.build().result is Result.PUBLISHED
    assert "5.00" in world.file()


async def test_a_file_is_due_when_something_changed_and_the_interval_is_over(world: World) -> None:
    await world.put(make_item("A"))
    assert world.state().due(60, world.now)
    world.build()
    assert not world.state().due(60, world.now + timedelta(hours=1))
    await world.put(make_item("B"))
    assert not world.state().due(60, world.now + timedelta(seconds=59))
    assert world.state().due(60, world.now + timedelta(seconds=60))


async def test_without_an_offer_there_is_no_file(world: World) -> None:
    assert world.build().result is Result.EMPTY
    await world.put(make_item("A"))
    await world.remove("A")
    assert world.build().result is Result.EMPTY
    assert world.state().published is None


def _break() -> None:
    raise RuntimeError("a bug in the format")


async def test_a_build_that_breaks_off_leaves_the_last_good_file_and_nothing_else(world: World) -> None:
    await world.put(*(make_item(code) for code in "ABC"))
    world.build()
    before = world.file()
    await world.put(make_item("D"))
    with pytest.raises(RuntimeError, match="a bug"):
        world.build(interrupted(_break))
    assert world.file() == before
    assert world.state().dirty
    assert stored_files(world) == 2
    assert world.build().result is Result.PUBLISHED
    assert "<Code>D</Code>" in world.file()


async def test_a_lost_answer_to_the_swap_leaves_a_file_that_can_be_read(world: World) -> None:
    await world.put(make_item("A"), make_item("B"))
    builder = world.builder()
    builder.store = _AnswerLost(world.database)
    with pytest.raises(AutoReconnect):
        builder.build(world.key, FEED)
    assert world.file().count("<Offer>") == 2
    await world.put(make_item("C"))
    world.build()
    assert world.file().count("<Offer>") == 3


class _AnswerLost(FeedStore):
    """The connection breaks when the swap is done."""

    def publish(self, state: FeedState, publication: Publication) -> bool:
        super().publish(state, publication)
        raise AutoReconnect("connection closed")


async def test_what_a_killed_builder_left_behind_is_removed(world: World) -> None:
    await world.put(*(make_item(code) for code in "ABC"))
    world.build()
    store = world.store
    file = ObjectId()
    assert store.begin(world.key, [file], world.now) is not None
    writer = store.files.create(file, "half", {})
    writer.write(b"x" * 5_000_000)
    assert stored_files(world) == 3
    await world.put(make_item("D"))
    world.build()
    assert stored_files(world) == 4
    assert file not in world.state().files
    world.build()
    assert stored_files(world) == 4


async def test_the_file_before_stays_for_those_who_are_reading_it_and_then_goes(world: World) -> None:
    read = []
    for price in ("1.00", "2.00", "3.00"):
        await world.put(make_item("A", price))
        world.build()
        published = world.state().published
        assert published is not None
        read.append(published.plain.id)
    world.builder().store.clean(world.key)
    assert b"2.00" in b"".join(world.store.files.read(read[1]))
    with pytest.raises(FileMissingError):
        list(world.store.files.read(read[0]))


async def test_a_builder_that_was_overtaken_publishes_nothing(world: World) -> None:
    await world.put(make_item("A"), make_item("B"))

    def overtake() -> None:
        world.build()

    built = world.builder().build(world.key, interrupted(overtake))
    assert built.result is Result.OVERTAKEN
    assert len(world.file()) > 0
    world.builder().store.clean(world.key)
    assert stored_files(world) == 2


async def test_a_builder_that_is_to_stop_stops_in_the_middle(world: World) -> None:
    await world.put(*(make_item(f"A-{number}") for number in range(1001)))
    built = world.builder(may_go_on=lambda: False).build(world.key, FEED)
    assert (built.result, built.count) == (Result.STOPPED, 1000)
    assert (world.state().published, stored_files(world)) == (None, 0)


async def test_a_file_that_would_shrink_is_held_until_somebody_lets_it_go(world: World) -> None:
    codes = [f"A-{number}" for number in range(10)]
    await world.put(*map(make_item, codes))
    world.build()
    before = world.file()
    await world.remove(*codes[:5])
    assert world.build().result is Result.HELD
    state = world.state()
    assert (world.file(), state.dirty) == (before, True)
    assert state.held is not None
    assert (state.held.count, state.held.before) == (5, 10)
    assert world.store.release(world.key, Release(state.held.count, "anna", world.now + timedelta(hours=1)))
    assert world.state().due(60, world.now)
    await world.remove(codes[5])
    assert world.build().result is Result.HELD  # fewer than anna saw
    await world.put(make_item(codes[5]))
    assert world.build().result is Result.PUBLISHED
    state = world.state()
    assert (state.held, state.release, world.file().count("<Offer>")) == (None, None, 5)
    await world.remove(*codes[5:])
    assert world.build().result is Result.HELD
    assert world.file().count("<Offer>") == 5


async def test_a_hold_ends_by_itself_when_the_offers_come_back(world: World) -> None:
    codes = [f"A-{number}" for number in range(10)]
    await world.put(*map(make_item, codes))
    world.build()
    await world.remove(*codes)
    assert world.build().result is Result.HELD
    await world.put(*map(make_item, codes))
    assert world.build().result is Result.UNCHANGED
    assert world.state().held is None


async def test_items_that_go_while_the_file_is_written_are_counted_before_it_is_published(world: World) -> None:
    codes = [f"A-{number:04}" for number in range(1500)]
    await world.put(*map(make_item, codes))
    world.build()
    before = world.file()

    def lose() -> None:
        world.database["feed_items"].update_many({"key": {"$gte": "a-1100"}}, {"$set": {"gone": True}})

    rules = FeedRules(shrink_share=0.2, shrink_count=2)
    built = world.builder().build(world.key, Feed(Interrupted(lose), rules))
    assert built.result is Result.HELD
    assert world.file() == before


async def test_new_categories_wait_to_be_told(world: World) -> None:
    await world.put(make_item("A"), make_item("B"))
    world.build()
    book = CategoryBook(world.database)
    assert [(one.name, one.offers) for one in book.untold(world.key)] == [("casa", 2)]
    assert book.tell(world.key, world.now) == 1
    assert book.untold(world.key) == []
    await world.sell(["C"], category="Giardino")
    world.build()
    assert [one.name for one in book.untold(world.key)] == ["giardino"]
    assert [one.name for one in book.all(world.key)] == ["casa", "giardino"]


class Rows(TrovaprezziFormat):
    """A format whose header names the columns of its items."""

    def writer(self, columns: Sequence[str]) -> FeedWriter:  # type: ignore[override]  # a writer of another kind
        return _Rows(columns)


class _Rows:
    footer = b""

    def __init__(self, columns: Sequence[str]) -> None:
        self.header = ";".join(columns).encode() + b"\n"

    def item(self, body: bytes) -> bytes:
        return body


async def test_the_header_names_the_columns_of_all_items(world: World) -> None:
    await world.put(replace(make_item("A"), columns=("sku", "b")), replace(make_item("B"), columns=("a", "sku")))
    world.build(Feed(Rows(), FeedRules()))
    assert world.file().splitlines()[0] == "a;b;sku"
