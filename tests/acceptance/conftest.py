"""Fixtures of the acceptance tests: the program as processes, against real servers and eBay's stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consumer.embedded import Endpoints
from consumer.kafka.removal import remove_installation
from consumer.mongo import connect
from tests.acceptance.installation import ROOT, SELLER, Channel, Installation, stop_all
from tests.acceptance.said import secrets_said
from tests.left_behind import refuse_secrets
from tests.waiting import wait_until


@contextmanager
def serve_channel(folder: Path) -> Iterator[Channel]:
    """A fresh eBay stand-in as a process. Its limit of 250 revisions a day is lifted: the tests make a day's work."""
    ready = folder / "ebay.json"
    secrets = (f"--client-secret={SELLER.client_secret}", f"--refresh-token={SELLER.refresh_token}")
    arguments = ("--port", "0", "--ready-file", str(ready), "--revisions-per-day", "1000000", *secrets)
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.sandbox.ebay", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: ready.exists() and ready.read_text().endswith("\n"), 20, "the stand-in does not start")
        yield Channel(json.loads(ready.read_text())["url"])
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def installed(servers: Endpoints, folder: Path) -> Iterator[Installation]:
    """An installation before `init`. What it started is ended, what it left on the servers is removed."""
    name = f"t{uuid.uuid4().hex[:11]}"
    with serve_channel(folder) as channel, connect(servers.mongodb_uri) as client:
        installation = Installation(name, servers, client, folder, channel)
        try:
            yield installation
        finally:
            said = secrets_said(installation)
            list(stop_all(installation.started))
            try:
                refuse_secrets(servers, [f"vinc-{name}", installation.database], installation.prefix)
                assert not said, said
            finally:
                client.drop_database(f"vinc-{name}")
                client.drop_database(installation.database)
                remove_installation(servers.kafka_bootstrap_servers, installation.prefix)


@pytest.fixture
def installation(servers: Endpoints, tmp_path: Path) -> Iterator[Installation]:
    """An installation before `init`, for one test."""
    with installed(servers, tmp_path) as installation:
        yield installation


@pytest.fixture
def ready(installation: Installation) -> Installation:
    """An installation after `init`, for one test."""
    installation.initialise()
    return installation


@pytest.fixture(scope="module")
def shared(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation after `init`, for all tests of a file."""
    with installed(servers, tmp_path_factory.mktemp("installation")) as installation:
        installation.initialise()
        yield installation
