"""Fixtures of the acceptance tests: the program as processes, against real servers and eBay's stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer.embedded import Endpoints
from consumer.kafka.removal import remove_installation
from consumer.mongo import connect
from tests.acceptance.installation import ROOT, Channel, Installation, stop_all
from tests.waiting import wait_until


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    """A fresh eBay stand-in as a process. Its limit of 250 revisions a day is lifted: the tests make a day's work."""
    ready = tmp_path / "ebay.json"
    arguments = ("--port", "0", "--ready-file", str(ready), "--revisions-per-day", "1000000")
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.sandbox.ebay", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: ready.exists() and ready.read_text().endswith("\n"), 20, "the stand-in does not start")
        yield Channel(json.loads(ready.read_text())["url"])
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def installation(servers: Endpoints, fresh_name: str, channel: Channel, tmp_path: Path) -> Iterator[Installation]:
    """An installation before `init`. What it started is ended, what it left on the servers is removed."""
    with connect(servers.mongodb_uri) as client:
        installation = Installation(fresh_name, servers, client, tmp_path, channel)
        try:
            yield installation
        finally:
            list(stop_all(installation.started))
            client.drop_database(f"vinc-{fresh_name}")
            client.drop_database(installation.database)
            remove_installation(servers.kafka_bootstrap_servers, installation.prefix)


@pytest.fixture
def ready(installation: Installation) -> Installation:
    """An installation after `init`."""
    done = installation.run("init")
    assert done.returncode == 0, done.stderr
    return installation
