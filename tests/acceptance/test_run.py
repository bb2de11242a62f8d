"""`run`: everything in one go, kept alive, drained when asked, and going on where it was afterwards."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from consumer.health import read_metrics
from tests.acceptance.installation import Installation, Running, make_product, of_version
from tests.waiting import wait_until

DEADLINE = 40


def start_run(installation: Installation) -> Running:
    running = installation.start("run")
    wait_until(lambda: len(children(running)) == 2, DEADLINE, "the children are not started")
    return running


def children(running: Running) -> Mapping[str, int]:
    """Name -> process id of the child started last."""
    return {line["child"]: line["pid"] for line in running.lines("child started")}


def addresses(running: Running) -> dict[str, str]:
    return {line["of"]: line["at"] for line in running.lines("metrics and health") if "of" in line}


def arrives(installation: Installation, code: str, quantity: int) -> None:
    def shown() -> bool:
        listing: dict[str, Any] = installation.channel.listings().get(code, {})
        return bool(listing.get("quantity") == quantity)

    wait_until(shown, DEADLINE, f"{code} does not get {quantity} pieces")


def gone(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def test_run_drains_on_sigterm_and_goes_on_where_it_was(ready: Installation) -> None:
    ready.products.insert_many([make_product(f"P-{number}") for number in range(40)])
    running = start_run(ready)
    arrives(ready, "P-39", 1)

    for version in range(2, 30):
        ready.products.update_many({}, {"$set": of_version(version)})
    assert running.stop() == 0, running.output()
    assert "Traceback" not in running.output()
    wait_until(lambda: all(map(gone, children(running).values())), 10, "a child outlives run")
    # Drained means: of every call that was made the outcome is stored. An intent without its call may be left.
    for listing in ready.listings.find({"intent": {"$ne": None}}):
        calls = [call["quantity"] for call in ready.channel.calls() if call["sku"] == listing["sku"]]
        assert listing["intent"]["quantity"] not in calls

    ready.products.update_many({}, {"$set": of_version(30)})
    again = start_run(ready)
    for number in range(40):
        arrives(ready, f"P-{number}", 30)
    assert again.stop() == 0
    versions = [call["quantity"] for call in ready.channel.calls() if call["sku"] == "P-7"]
    assert versions == sorted(versions)


def test_run_restarts_a_child_that_dies_and_serves_health(ready: Installation) -> None:
    running = start_run(ready)
    at = addresses(running)
    assert at.keys() == {"capture", "deliver ebay"}
    assert len(set(at.values())) == 2
    for url in at.values():
        becomes_ready(url)
        assert answer(f"{url}/health/live") == 200
    ready.products.insert_one(make_product("P-1"))
    arrives(ready, "P-1", 1)
    # The first reading of all products may have delivered it before.
    wait_until(lambda: ("created", 1) in captured(at["capture"]), DEADLINE, "its creation is not counted")

    for name, process_id in children(running).items():
        os.kill(process_id, signal.SIGKILL)
        is_replaced(running, name, process_id)
    ready.products.update_one({"entity_code": "P-1"}, {"$set": of_version(2)})
    arrives(ready, "P-1", 2)
    assert running.stop() == 0


def captured(url: str) -> list[tuple[str, float]]:
    """Events that capture has published: operation and number."""
    samples = [sample for sample in read_metrics(url) if sample.name == "marketsync_capture_events_total"]
    return [(sample.labels["operation"], sample.value) for sample in samples]


def is_replaced(running: Running, name: str, process_id: int) -> None:
    wait_until(lambda: children(running)[name] != process_id, DEADLINE, f"{name} is not started again")


def becomes_ready(url: str) -> None:
    wait_until(lambda: answer(f"{url}/health/ready") == 200, DEADLINE, f"{url} does not become ready")


def answer(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return int(reply.status)
    except OSError:
        return 0


def test_a_killed_run_leaves_nothing_running(ready: Installation) -> None:
    running = start_run(ready)
    started = children(running)
    running.kill()
    wait_until(lambda: all(map(gone, started.values())), DEADLINE, "a child outlives a killed run")


def test_ctrl_c_in_a_terminal_is_a_drain_too(ready: Installation) -> None:
    running = start_run(ready)
    for url in addresses(running).values():
        becomes_ready(url)
    os.killpg(running.process.pid, signal.SIGINT)  # a terminal sends it to the whole group
    assert running.process.wait(30) == 0, running.output()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"MARKETSYNC_TOPICS_PARTITIONS": "none"}, "MARKETSYNC_TOPICS_PARTITIONS"),
        ({"EBAY_PRICE_BASIS": ""}, "EBAY_PRICE_BASIS"),
        ({"MARKETSYNC_TENANTS": ""}, "MARKETSYNC_TENANTS"),
        ({"MONGODB_URI": ""}, "MONGODB_URI is missing"),
    ],
)
def test_unusable_settings_are_one_line_and_exit_code_2(
    shared: Installation, changed: dict[str, str], words: str
) -> None:
    for command in (["run"], ["deliver", "--channel", "ebay"]):
        done = shared.run(*command, changed=changed)
        assert done.returncode == 2, done.stderr
        (line,) = done.stderr.strip().splitlines()
        assert words in line


def test_settings_that_the_channel_s_code_cannot_use_are_one_line_and_exit_code_2(shared: Installation) -> None:
    done = shared.run("deliver", "--channel", "ebay", changed={"EBAY_API_URL": "http://example.test"})
    assert done.returncode == 2, done.stderr
    *before, line = done.stderr.strip().splitlines()
    assert all("the account comes from variables" in said for said in before)
    assert "EBAY_API_URL must start with https://" in line


@pytest.mark.parametrize("command", [("run",), ("capture",), ("deliver", "--channel", "ebay")])
def test_before_init_each_command_says_what_to_do(installation: Installation, command: tuple[str, ...]) -> None:
    done = installation.run(*command)
    assert done.returncode == 1
    assert "marketsync init" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_before_init_is_no_failure(installation: Installation) -> None:
    done = installation.run("status")
    assert done.returncode == 0, done.stderr
    assert "Listings: none yet." in done.stdout
    assert "has not begun" in done.stdout


def test_a_channel_that_there_is_not_is_told(shared: Installation) -> None:
    done = shared.run("deliver", "--channel", "etsy")
    assert done.returncode == 2
    assert "etsy" in done.stderr
    assert "Traceback" not in done.stderr
