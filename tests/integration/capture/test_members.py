"""Members of the PIM's replica set come and go: every change is seen once, and nobody has to act."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from consumer.embedded.members import MemberSet
from consumer.events import Operation
from consumer.mongo import Collection, Document, MongoClient, PyMongoError, connect
from tests.integration.capture.conftest import Line, make_product
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemberSet]:
    """A set of three members."""
    folder = tmp_path_factory.mktemp("three")
    members = MemberSet(folder, members=3, oplog=64)
    try:
        members.start()
        yield members
    finally:
        members.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def client(three: MemberSet) -> Iterator[MongoClient[Document]]:
    with connect(three.address) as client:
        yield client


@pytest.fixture
def line(client: MongoClient[Document], make_line: Callable[..., Line], fresh_name: str) -> Line:
    """A tenant there."""
    return make_line(fresh_name, client=client)


class Writer:
    """Inserts products one after the other, each until a majority has it."""

    def __init__(self, products: Collection[Document]) -> None:
        self.products = products
        self.written = 0

    def write(self, enough: threading.Event) -> None:
        while not enough.is_set():
            try:
                self.products.replace_one({"_id": self.written}, make_product(self.written), upsert=True)
                self.written += 1
            except PyMongoError:  # the driver tries once more, an election may take longer
                continue

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Somebody works in the PIM during the block."""
        enough = threading.Event()
        thread = threading.Thread(target=self.write, args=(enough,), name="writer-of-the-test")
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()


def step_down(three: MemberSet, client: MongoClient[Document]) -> None:
    before = three.primary()
    client.admin.command({"replSetStepDown": 60, "secondaryCatchUpPeriodSecs": 10, "force": False})
    wait_until(lambda: three.primary() not in ("", before), 30, "another primary")


def kill_primary(three: MemberSet, client: MongoClient[Document]) -> None:
    before = three.primary()
    three.kill_member(before)
    wait_until(lambda: three.primary() not in ("", before), 30, "another primary")
    three.start_member(before)


def restart_all(three: MemberSet, client: MongoClient[Document]) -> None:
    three.stop()
    three.start()


@pytest.mark.parametrize("trouble", [step_down, kill_primary, restart_all])
def test_every_change_is_seen_once(
    line: Line, three: MemberSet, trouble: Callable[[MemberSet, MongoClient[Document]], None]
) -> None:
    running = line.capture()
    writer = Writer(line.products)
    with writer.writing():
        wait_until(lambda: len(line.events(Operation.CREATED)) > 20, 20)
        trouble(three, line.client)
        so_far = writer.written
        wait_until(lambda: writer.written > so_far + 20, 60, "somebody can write")
    wait_until(lambda: created(line).keys() >= numbers(writer.written), 60, "all of them")
    running.stop()
    assert running.failure is None
    assert created(line) == Counter(numbers(writer.written))
    assert running.metric("gaps_total", stream="pim") == 0


def numbers(count: int) -> set[str]:
    return {f"P-{number}" for number in range(count)}


def created(line: Line) -> Counter[str]:
    """How often each product was told to be new."""
    return Counter(event.entity_code for event in line.events(Operation.CREATED))
