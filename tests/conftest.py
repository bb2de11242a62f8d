"""Fixtures for all tests. Nothing is started unless a test asks for it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer import embedded
from consumer.embedded import Endpoints


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A real MongoDB replica set and a real Kafka, shared by all tests of the run: use fresh names.

    Those of MONGODB_URI and KAFKA_BOOTSTRAP_SERVERS where both are set; else embedded ones, which stay up in the folder
    MARKETSYNC_TEST_HOME where that is set, and otherwise end with the run.
    """
    uri, kafka = os.environ.get("MONGODB_URI"), os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    kept = os.environ.get("MARKETSYNC_TEST_HOME")
    if uri and kafka:
        yield Endpoints(mongodb_uri=uri, kafka_bootstrap_servers=kafka)
    elif kept:
        yield embedded.start(Path(kept))
    else:
        home = tmp_path_factory.mktemp("servers")
        try:
            yield embedded.start(home)
        finally:
            embedded.stop(home)


@pytest.fixture
def fresh_name() -> str:
    """A name nobody else uses, for tenants, topic prefixes and groups: lower case letters and digits."""
    return f"t{uuid.uuid4().hex[:11]}"
