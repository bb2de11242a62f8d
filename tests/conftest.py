"""Fixtures for all tests. Nothing is started unless a test asks for it."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
import structlog

from consumer import embedded
from consumer.embedded import Endpoints
from tests.lookout import LookOut, listening

_OURS = ("MONGODB_", "KAFKA_", "MARKETSYNC_", "SYNC_", "EBAY_", "AMAZON_", "MANOMANO_", "TROVAPREZZI_")
_KEPT = frozenset({"MARKETSYNC_SHARED"})  # where the vendors' contracts are: test input, no setting of the service
_outside = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Forget the developer's own settings and accounts: no test may depend on them, let alone write to them."""
    # The programs that tests start may keep their compiled modules: hundreds of starts are much quicker with them.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ours = [name for name in os.environ if name.startswith(_OURS) and name not in _KEPT]
    config.stash[_outside] = {name: os.environ.pop(name) for name in ours}
    # A run that is ended from outside (a time limit of CI) takes its servers along.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell's background job ignores SIGINT, and so would every program that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes depends on the machine; a test that hangs is ended by its timeout.
    hypothesis.settings.register_profile("marketsync", deadline=None, print_blob=True)
    hypothesis.settings.load_profile("marketsync")
    look_out = LookOut()
    config.pluginmanager.register(look_out, "look-out for planted secrets")
    ending = ExitStack()
    ending.enter_context(listening(look_out))
    config.add_cleanup(ending.close)


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A real MongoDB replica set and a real Kafka, shared by all tests of the run: use fresh names.

    Those of MONGODB_URI and KAFKA_BOOTSTRAP_SERVERS where both are set; else embedded ones, which stay up in the folder
    MARKETSYNC_TEST_HOME where that is set, and otherwise end with the run. All processes of a run have the same ones.
    """
    outside = pytestconfig.stash[_outside]
    uri, kafka = outside.get("MONGODB_URI"), outside.get("KAFKA_BOOTSTRAP_SERVERS")
    kept = outside.get("MARKETSYNC_TEST_HOME")
    if uri and kafka:
        yield Endpoints(mongodb_uri=uri, kafka_bootstrap_servers=kafka)
    elif kept:
        yield embedded.start(Path(kept))
    else:
        yield embedded.start(_home_of_the_run(pytestconfig, tmp_path_factory))


def _home_of_the_run(config: pytest.Config, factory: pytest.TempPathFactory) -> Path:
    """Where the run's servers live: a process of several has a folder of its own inside that of the run."""
    own = factory.getbasetemp()
    return (own.parent if hasattr(config, "workerinput") else own) / "servers"


def pytest_unconfigure(config: pytest.Config) -> None:
    """The run's first process outlives the others, and ends the servers that any of them started."""
    factory: pytest.TempPathFactory | None = getattr(config, "_tmp_path_factory", None)
    if factory is None or hasattr(config, "workerinput"):
        return
    home = _home_of_the_run(config, factory)
    if home.is_dir():
        embedded.stop(home)
        shutil.rmtree(home)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command run inside a test sends all logging to that test's own streams, which are closed when it ends."""
    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    if structlog.get_config()["logger_factory"] is not before["logger_factory"]:
        structlog.configure(**before)
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)


@pytest.fixture
def fresh_name() -> str:
    """A name nobody else uses, for tenants, topic prefixes and groups: lower case letters and digits."""
    return f"t{uuid.uuid4().hex[:11]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Lines that tests want to be read although they passed: their property "told"."""
    for report in terminalreporter.getreports("passed"):
        for name, words in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(words))
