"""The loop that keeps files as their items are: when it builds, what it tells, what it copies."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from adapters.feeds import Feed, FeedRules
from adapters.trovaprezzi import TrovaprezziFormat
from adapters.trovaprezzi.format import XmlWriter
from consumer.feeds.builder import FeedBuilder
from consumer.feeds.export import FolderExport
from consumer.feeds.keeper import FeedKeeper, Feeds
from consumer.feeds.telling import standing
from consumer.health import Registry
from consumer.metrics.feeds import feed_metrics
from tests.integration.feeds.conftest import FEED, World, make_item


@dataclass
class Chosen:
    """An election that is over, and its permit."""

    holds: bool = True

    def wait(self, timeout: float) -> Chosen:
        return self


def make_keeper(
    world: World, election: Chosen, registry: Registry, *, feeds: Feeds | None = None, folder: Path | None = None
) -> FeedKeeper:
    world.builder()
    keeper = FeedKeeper(
        lambda may_go_on: FeedBuilder(world.database, now=lambda: world.now, may_go_on=may_go_on),
        feeds or (lambda: {world.key: FEED}),
        election,
        export=FolderExport(folder, world.store.files) if folder else None,
        metrics=feed_metrics(registry),
        now=lambda: world.now,
    )
    keeper.take_turn()
    return keeper


def told(registry: Registry, name: str) -> float | None:
    labels = {"tenant": "acme", "channel": "trovaprezzi", "account": "main"}
    return registry.get_sample_value(f"marketsync_feed_{name}", labels)


async def test_a_change_is_in_the_file_within_the_interval_and_not_before(world: World) -> None:
    registry = Registry()
    keeper = make_keeper(world, Chosen(), registry)
    await world.put(make_item("A"))
    assert keeper.look() == 1
    await world.put(make_item("A", "5.00"))
    world.now += timedelta(seconds=59)
    assert keeper.look() == 0
    assert "5.00" not in world.file()
    world.now += timedelta(seconds=1)
    assert keeper.look() == 1
    assert "5.00" in world.file()
    world.now += timedelta(hours=1)
    assert keeper.look() == 0
    assert told(registry, "offers") == 1
    assert told(registry, "waiting_seconds") == 0
    assert told(registry, "new_categories") == 1
    assert told(registry, "published_timestamp_seconds") == (world.now - timedelta(hours=1)).timestamp()


async def test_one_that_was_not_chosen_builds_nothing(world: World) -> None:
    election = Chosen(holds=False)
    keeper = make_keeper(world, election, Registry())
    await world.put(make_item("A"))
    assert keeper.look() == 0
    election.holds = True
    assert keeper.look() == 1


class Broken(TrovaprezziFormat):
    def writer(self, columns: Sequence[str]) -> XmlWriter:
        raise RuntimeError("a bug in the format")


async def test_a_failing_feed_is_told_keeps_its_file_and_heals(world: World) -> None:
    feeds = {world.key: FEED}
    registry = Registry()
    keeper = make_keeper(world, Chosen(), registry, feeds=lambda: feeds)
    await world.put(make_item("A"))
    keeper.look()
    before = world.file()
    feeds[world.key] = Feed(Broken(), FEED.rules)
    await world.put(make_item("A", "5.00"))
    for count in (1, 2):
        world.now += timedelta(minutes=1)
        keeper.look()
        assert told(registry, "failing") == count
    assert world.file() == before
    assert "a bug in the format" in standing(world.state(), FEED.rules, world.now)
    feeds[world.key] = FEED
    world.now += timedelta(minutes=1)
    keeper.look()
    assert told(registry, "failing") == 0
    assert "5.00" in world.file()


async def test_changes_that_wait_too_long_and_files_that_are_held_are_an_alarm(world: World) -> None:
    registry = Registry()
    keeper = make_keeper(world, Chosen(), registry)
    await world.put(*(make_item(code) for code in "ABCDEFGHIJ"))
    keeper.look()
    await world.remove(*"ABCDE")
    world.now += timedelta(minutes=1)
    keeper.look()
    assert (told(registry, "held"), told(registry, "overdue")) == (1, 0)
    since = world.state().waiting_since
    assert since is not None
    world.now = since + timedelta(seconds=3 * FEED.rules.interval + 61)
    keeper.look()
    assert told(registry, "overdue") == 1
    assert standing(world.state(), FEED.rules, world.now).startswith("held: it would have 5 offers, 5 fewer")


async def test_every_process_copies_what_was_published_by_whomever(world: World, tmp_path: Path) -> None:
    await world.put(make_item("A"))
    world.build()
    keeper = make_keeper(world, Chosen(holds=False), Registry(), folder=tmp_path)
    keeper.look()
    place = tmp_path / world.state().token / "trovaprezzi.xml"
    assert place.read_text(encoding="utf-8") == world.file()
    assert gzip.decompress(place.with_name("trovaprezzi.xml.gz").read_bytes()).decode() == world.file()
    stamp = place.stat().st_mtime_ns
    keeper.look()
    assert place.stat().st_mtime_ns == stamp
    await world.put(make_item("A", "5.00"))
    world.build()
    keeper.look()
    assert "5.00" in place.read_text(encoding="utf-8")
    assert [path.name for path in place.parent.iterdir() if path.name.endswith(".part")] == []


async def test_a_folder_that_cannot_be_written_keeps_no_file_from_being_published(world: World, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder", encoding="utf-8")
    keeper = make_keeper(
        world,
        Chosen(),
        Registry(),
        folder=blocked,
        feeds=lambda: {world.key: Feed(TrovaprezziFormat(), FeedRules(interval=1))},
    )
    await world.put(make_item("A"))
    assert keeper.look() == 1
    assert "<Code>A</Code>" in world.file()
