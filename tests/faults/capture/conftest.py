"""Servers of the fault runs' own, since they are killed, and installations on them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from consumer import embedded
from consumer.embedded import Endpoints
from consumer.embedded.members import MemberSet
from consumer.mongo import connect
from tests.acceptance.installation import Channel, Installation, stop_all
from tests.faults.capture.world import SETTINGS, Broker, OneMember, Pim, ThreeMembers, World

MakeWorld = Callable[..., World]


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a mongod and a Kafka of one test, running."""
    home = tmp_path_factory.mktemp("servers")
    try:
        embedded.start(home)
        yield home
    finally:
        embedded.stop(home)
        shutil.rmtree(home)


@pytest.fixture
def make_world(home: Path, tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes a world on them: two captures that run. members: of the PIM, 1 (behind a proxy) or 3."""
    with ExitStack() as exits:

        def make(*, members: int = 1, **variables: str) -> World:
            endpoints = embedded.start(home)
            pim = make_pim(endpoints.mongodb_uri, tmp_path / "members", members=members)
            exits.callback(pim.close)
            client = exits.enter_context(connect(pim.uri))
            servers = Endpoints(pim.uri_of_captures, endpoints.kafka_bootstrap_servers)
            name = f"t{uuid.uuid4().hex[:11]}"
            installation = Installation(name, servers, client, tmp_path, Channel("http://127.0.0.1:9"))
            installation.variables = SETTINGS | variables
            exits.callback(lambda: list(stop_all(installation.started)))
            world = World(installation, Broker(home), pim)
            exits.callback(world.close)
            world.start()
            return world

        yield make


def make_pim(uri: str, folder: Path, *, members: int) -> Pim:
    """The PIM's MongoDB, of one or three members."""
    if members == 1:
        return OneMember(uri)
    three = MemberSet(folder, members=members, oplog=256)
    three.start()
    return ThreeMembers(three)
