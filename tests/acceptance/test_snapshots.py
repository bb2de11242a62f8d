"""A person asks a running capture to read products again, looks how far it is, and cancels; SIGKILL forgets nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.acceptance.installation import Installation
from tests.waiting import wait_until

PRODUCTS = 1500


def make_products(number: int) -> list[dict[str, Any]]:
    return [
        {"_id": n, "entity_code": f"P-{n}", "isCurrent": True, "quantity": n, "brand": {"brand_id": f"b-{n % 3}"}}
        for n in range(number)
    ]


def ask(installation: Installation, *options: str) -> str:
    """Ask for a snapshot; returns its id."""
    done = installation.run("capture", "snapshot", "--tenant", installation.name, *options)
    assert done.returncode == 0, done.stderr
    found = re.search(r"Asked for as (\w+)[.]", done.stdout)
    assert found, done.stdout
    return found[1]


def shown(installation: Installation, request: str) -> str:
    """The line of this request, as people see it."""
    done = installation.run("capture", "snapshots", changed={"COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if request in line and "│" in line]
    return line


def test_a_snapshot_is_asked_for_seen_killed_gone_on_with_and_cancelled(ready: Installation) -> None:
    ready.products.insert_many(make_products(PRODUCTS))
    slow = {"MARKETSYNC_CAPTURE_SNAPSHOT_RATE": "100", "MARKETSYNC_CAPTURE_SNAPSHOT_CHUNK": "20"}
    first = ready.start("capture")
    wait_until(lambda: first.lines("snapshot is complete"), 30)
    assert first.stop() == 0

    request = ask(ready, "--filter", '{"brand.brand_id": {"$in": ["b-1", "b-2"]}}')
    nobody = ready.run("capture", "snapshots")
    assert "Nobody leads the stream pim" in nobody.stdout
    assert "waiting" in shown(ready, request)

    killed = ready.start("capture", changed=slow)
    wait_until(lambda: re.search(r"running .* [1-9]\d* ", shown(ready, request)), 30)
    killed.kill()
    ready.start("capture")
    line = wait_until(lambda: line if "done" in (line := shown(ready, request)) else None, 30)
    assert "1,000" in line, "once each, though it was killed in the middle"

    ready.started[-1].stop()
    whole = ask(ready)
    assert ready.run("capture", "cancel-snapshot", whole).returncode == 0
    again = ready.run("capture", "cancel-snapshot", whole)
    assert (again.returncode, "is cancelled already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--filter", '{"brnd.brand_id": "b-1"}'), "has a field 'brnd'. Did you mean 'brand'?"),
        (("--filter", '{"brand.brand_id": {"$in": "b-1"}}'), "MongoDB does not take it: $in needs an array"),
        (("--filter", '{"quantity": {"$above": 3}}'), "quantity uses $above"),
        (("--filter", "quantity=3"), "--filter is not JSON"),
        (("--code", ""), "--code: name 1 to 10000 products"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_field_and_the_cure(
    shared: Installation, options: tuple[str, ...], words: str
) -> None:
    if not shared.products.count_documents({}):
        shared.products.insert_many(make_products(3))
    done = shared.run("capture", "snapshot", "--tenant", shared.name, *options)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_tenant_that_nobody_follows_is_refused(shared: Installation) -> None:
    done = shared.run("capture", "snapshot", "--tenant", "stranger")
    assert done.returncode == 2
    assert f"does not follow 'stranger'. It follows {shared.name}." in done.stderr
