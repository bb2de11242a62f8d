"""`marketsync feeds` as a person types it, and two processes that build and serve."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consumer.cli import app
from consumer.embedded import Endpoints
from consumer.errors import UnavailableError
from consumer.feeds.model import FeedKey
from consumer.health import read_metrics
from consumer.processes import free_ports
from tests.integration.feeds.conftest import World, make_item
from tests.waiting import wait_until

Say = Callable[..., str]


@pytest.fixture
def variables(servers: Endpoints, fresh_name: str, world: World) -> dict[str, str]:
    """Those of an installation with one shop, whose feed is the test's."""
    world.key = FeedKey(fresh_name, "trovaprezzi", "default")
    return {
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": fresh_name,
        "MARKETSYNC_DATABASE": f"marketsync-{fresh_name}",
        "MARKETSYNC_TOPICS_PREFIX": f"{fresh_name}.",
        "MARKETSYNC_FEEDS_URL": "https://feeds.example.test/",
        "MARKETSYNC_FEEDS_LEASE": "2",
        "TROVAPREZZI_ENABLED": "true",
        "TROVAPREZZI_LINK": "https://shop.example/p/{sku}",
        "TROVAPREZZI_FEED_URL": "https://shop.example/feed.xml",
        "TROVAPREZZI_PRICE_BASIS": "retail",
        "COLUMNS": "250",
    }


@pytest.fixture
def say(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Say:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["feeds", *words], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    return run


async def put(world: World, *codes: str) -> None:
    await world.put(*(make_item(code) for code in codes))


def test_a_person_sees_builds_checks_and_lets_go(say: Say, world: World) -> None:
    assert "no listing has gone to it yet" in say("list")
    codes = [f"A-{number}" for number in range(50)]
    asyncio.run(put(world, *codes))
    assert "waits for its first file" in say("list")
    assert "published, 50 offers" in say("build", "--channel", "trovaprezzi")
    assert "up to date" in say("list")
    shown = say("show")
    assert f"https://feeds.example.test/feeds/{world.state().token}/trovaprezzi.xml" in shown
    assert "offers: 50" in shown
    assert "told: https://shop.example/feed.xml" in shown
    assert "nothing is wrong" in say("check")
    assert say("show", "--content") == " ".join(world.file().split())
    assert "casa 50 offers" in say("categories")
    assert "1 categories count as told" in say("categories", "--told")
    assert "knows all categories" in say("categories")
    assert "Nothing is held" in say("release", "--yes")
    asyncio.run(world.remove(*codes[10:]))
    assert "held, 10 offers: it would have 10 offers, 40 fewer" in say("build", code=1)
    assert "held: it would have 10 offers" in say("show")
    told = CliRunner().invoke(app, ["held", "list"], catch_exceptions=False).output
    assert "50 offers, held: it would have 10 offers" in told
    assert "marketsync feeds release" in told
    assert "1 files are released" in say("release", "--yes")
    assert "published, 10 offers" in say("build")
    assert "there is no such feed" in say("build", "--account", "other", code=2)


def test_a_published_file_with_a_mistake_in_it_is_found(say: Say, world: World) -> None:
    asyncio.run(put(world, "A"))
    asyncio.run(world.put(make_item("B", price="0.00")))
    say("build")
    found = say("check", code=1)
    assert "offer 2" in found
    assert "code B" in found
    assert "Price" in found


def test_any_file_can_be_checked_whoever_wrote_it(tmp_path: Path) -> None:
    file = tmp_path / "theirs.xml"
    file.write_text("<products><product/></products>", encoding="utf-8")
    result = CliRunner().invoke(app, ["feeds", "check", "--channel", "trovaprezzi", "--file", str(file)])
    assert (result.exit_code, "its root is <products>" in result.output) == (1, True)


class Serving:
    """One `marketsync feeds serve`."""

    def __init__(self, variables: dict[str, str], log: Path) -> None:
        self.metrics, self.port = free_ports("127.0.0.1", 21000 + os.getpid() % 5000, 2)
        own = {"MARKETSYNC_METRICS_PORT": str(self.metrics), "MARKETSYNC_FEEDS_PORT": str(self.port)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "consumer", "feeds", "serve"],
                env={**os.environ, **variables, **own},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def builds(self) -> bool:
        try:
            samples = read_metrics(f"http://127.0.0.1:{self.metrics}")
        except UnavailableError:
            return False
        return any(sample.name == "marketsync_feed_builder" and sample.value == 1 for sample in samples)

    def get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def end(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def two(variables: dict[str, str], tmp_path: Path) -> Iterator[tuple[Serving, Serving]]:
    first = Serving(variables, tmp_path / "first.log")
    try:
        wait_until(first.builds, 30)
        second = Serving(variables, tmp_path / "second.log")
        try:
            yield first, second
        finally:
            second.end()
    finally:
        first.end()


async def test_another_process_builds_when_the_builder_is_killed_and_any_of_them_serves(
    two: tuple[Serving, Serving], world: World
) -> None:
    first, second = two
    await put(world, "A")
    path = f"/feeds/{world.state().token}/trovaprezzi.xml"
    wait_until(lambda: "<Code>A</Code>" in first.get(path), 30)
    wait_until(lambda: "<Code>A</Code>" in second.get(path), 30)
    assert not second.builds()
    first.end()
    await put(world, "B")
    world.database["feeds"].update_one({}, {"$unset": {"tried": ""}})  # the interval is over
    wait_until(lambda: "<Code>B</Code>" in second.get(path), 30)
    assert second.builds()
    os.kill(second.process.pid, signal.SIGTERM)
    assert second.process.wait(20) == 0
