"""Streams are kept as the registry asks, whatever happens to one of them or to the registry."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from pymongo.errors import ServerSelectionTimeoutError

from consumer.capture.keeper import StreamKeeper
from consumer.capture.streams import StreamPlan, plan_streams
from consumer.capture.tenant_watch import TenantWatch
from consumer.metrics import tenant_metrics
from consumer.mongo.address import read_address
from consumer.mongo.tenants import Registry
from tests.waiting import wait_until

OWN, OTHER = "mongodb://me:first@own/", "mongodb://me:second@own/"


@dataclass
class KnownStream:
    """A stream that works until it is stopped or told to fail; it says what was asked of it."""

    plan: StreamPlan
    address: SecretStr | None
    failure: Exception | None = None
    followed: list[Mapping[str, str]] = field(default_factory=list)
    leading: bool = False
    led_by: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        self.leading = True
        self.over.wait()
        self.leading = False
        if self.failure is not None:
            raise self.failure

    def follow(self, databases: Mapping[str, str]) -> None:
        self.followed.append(databases)

    def stop(self) -> None:
        self.over.set()

    def fail(self, words: str) -> None:
        self.failure = RuntimeError(words)
        self.over.set()

    def unready(self) -> list[str]:
        return [] if self.leading else ["not yet"]

    def standing_by(self) -> str:
        return self.led_by


@dataclass
class Place:
    """Where streams are opened; some addresses may be refused."""

    opened: list[KnownStream] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    @contextmanager
    def open(self, plan: StreamPlan, address: SecretStr | None) -> Iterator[KnownStream]:
        if address is not None and address.get_secret_value() in self.refused:
            raise RuntimeError("refused")
        stream = KnownStream(plan, address)
        self.opened.append(stream)
        yield stream

    def leading(self, name: str) -> KnownStream | None:
        return next((s for s in self.opened if s.leading and s.plan.name == name), None)

    def wait_for(self, name: str) -> KnownStream:
        return wait_until(lambda: self.leading(name), 10)


@pytest.fixture
def keep() -> Iterator[Callable[[Place], StreamKeeper]]:
    made: list[StreamKeeper] = []

    def make(place: Place) -> StreamKeeper:
        made.append(StreamKeeper("pim", place.open))
        made[-1].start()
        return made[-1]

    yield make
    for keeper in made:
        keeper.end()
    assert all(keeper.join(10) for keeper in made)


def plan(*tenants: str, addresses: tuple[SecretStr | None, ...] = (None,)) -> StreamPlan:
    return StreamPlan("pim", tuple((tenant, f"vinc-{tenant}") for tenant in tenants), addresses=addresses)


def test_other_tenants_need_no_other_stream(keep: Callable[[Place], StreamKeeper]) -> None:
    place = Place()
    keeper = keep(place)
    keeper.want(plan("a"))
    stream = place.wait_for("pim")
    keeper.want(plan("a", "b"))
    keeper.want(plan("a", "b"))
    assert stream.followed == [{"a": "vinc-a"}, {"a": "vinc-a", "b": "vinc-b"}]
    assert place.opened == [stream]
    keeper.want(None)
    wait_until(lambda: not stream.leading, 10)
    assert keeper.unready() == []
    keeper.want(plan("c"))
    assert wait_until(lambda: place.leading("pim"), 10).followed == [{"c": "vinc-c"}]


def test_another_address_is_another_connection(keep: Callable[[Place], StreamKeeper]) -> None:
    place = Place()
    keeper = keep(place)
    keeper.want(plan("a", addresses=(SecretStr(OWN),)))
    place.wait_for("pim")
    keeper.want(plan("a", addresses=(SecretStr(OTHER),)))
    wait_until(lambda: (s := place.leading("pim")) and s.address == SecretStr(OTHER), 10)


def test_a_failed_stream_is_opened_again(keep: Callable[[Place], StreamKeeper]) -> None:
    place = Place()
    keeper = keep(place)
    keeper.want(plan("a"))
    first = place.wait_for("pim")
    first.fail("the disk is full")
    wait_until(lambda: keeper.unready() == ["stream pim (a): the disk is full"], 10)
    assert place.wait_for("pim") is not first
    assert keeper.unready() == []


def test_of_several_addresses_one_that_works_is_found(keep: Callable[[Place], StreamKeeper]) -> None:
    place = Place(refused={OWN})
    keeper = keep(place)
    keeper.want(plan("a", "b", addresses=(SecretStr(OWN), SecretStr(OTHER))))
    assert place.wait_for("pim").address == SecretStr(OTHER)


@dataclass
class Register:
    """A registry that may be away, and what is remembered of it."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    away: bool = False
    known: Registry = field(default_factory=Registry)

    def recall(self) -> Registry:
        return self.known

    def remember(self, registry: Registry) -> None:
        self.known = registry

    def read(self) -> list[dict[str, Any]]:
        if self.away:
            raise ServerSelectionTimeoutError("home:1: connection refused")
        return list(self.documents)


@dataclass
class Town:
    register: Register
    place: Place
    watch: TenantWatch
    metrics: CollectorRegistry

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.get_sample_value(f"marketsync_{name}", labels)


@pytest.fixture
def town() -> Iterator[Town]:
    with watched(Register(away=True)) as town:
        yield town


@contextmanager
def watched(register: Register) -> Iterator[Town]:
    """A watch runs during the block."""
    place, metrics = Place(), CollectorRegistry()
    home = read_address("mongodb://home:1/")
    watch = TenantWatch(
        register,
        lambda tenants: plan_streams(tenants, home=home, stream="pim"),
        place.open,
        home=home,
        interval=0.01,
        metrics=tenant_metrics(metrics),
    )
    thread = threading.Thread(target=watch.run)
    thread.start()
    yield Town(register, place, watch, metrics)
    watch.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert not any(stream.leading for stream in place.opened)


def tenant(number: int, name: str, **database: str) -> dict[str, Any]:
    return {"_id": number, "tenant_id": name, "status": "active", "database": database}


def test_an_unreadable_registry_changes_nothing(town: Town) -> None:
    wait_until(lambda: "connection refused" in "".join(town.watch.unready()), 10)
    town.register.documents = [tenant(1, "a"), tenant(2, "b", mongo_url=OWN)]
    town.register.away = False
    town.place.wait_for("pim")
    wait_until(lambda: sum(stream.leading for stream in town.place.opened) == 2, 10)
    wait_until(lambda: town.metric("tenant_problems") == 0, 10)
    assert town.watch.unready() == []
    town.register.away = True
    wait_until(lambda: town.metric("tenant_problems") == 1, 10)
    assert sum(stream.leading for stream in town.place.opened) == 2
    assert town.watch.unready() == []
    town.register.away = False
    town.register.documents = []
    wait_until(lambda: town.metric("tenant_problems") == 1, 10)
    assert sum(stream.leading for stream in town.place.opened) == 2, "nobody means to remove all tenants at once"


def test_a_start_without_a_registry_follows_the_tenants_known_last() -> None:
    register = Register([tenant(1, "a"), tenant(2, "b") | {"status": "suspended"}])
    with watched(register) as before:
        before.place.wait_for("pim")
        wait_until(lambda: register.known.entries, 10)
    register.away = True
    with watched(register) as town:
        assert town.place.wait_for("pim").followed == [{"a": "vinc-a"}]
        wait_until(lambda: town.watch.unready() == [], 10)
        wait_until(lambda: town.metric("tenant_problems") == 1, 10)
        register.documents = [tenant(1, "a"), tenant(2, "b")]
        register.away = False
        wait_until(lambda: {"a": "vinc-a", "b": "vinc-b"} in town.place.wait_for("pim").followed, 10)


def test_a_document_broken_while_nobody_looked_leaves_its_tenant_as_it_was() -> None:
    register = Register([tenant(1, "a")])
    with watched(register):
        wait_until(lambda: register.known.entries, 10)
    register.documents = [tenant(1, "a") | {"status": "aktive"}]
    with watched(register) as town:
        assert town.place.wait_for("pim").followed == [{"a": "vinc-a"}]


def test_streams_that_others_lead_are_told(town: Town) -> None:
    town.register.documents = [tenant(1, "a"), tenant(2, "b", mongo_url=OWN)]
    town.register.away = False
    wait_until(lambda: sum(stream.leading for stream in town.place.opened) == 2, 10)
    assert town.watch.standing_by() == ""
    for number, stream in enumerate(town.place.opened):
        stream.led_by = f"led by {number}"
    assert sorted(town.watch.standing_by().split("; ")) == ["led by 0", "led by 1"]


def test_one_streams_failure_is_not_the_others(town: Town) -> None:
    town.place.refused.add(OWN)
    town.register.documents = [tenant(1, "a"), tenant(2, "b", mongo_url=OWN)]
    town.register.away = False
    home = town.place.wait_for("pim")
    wait_until(lambda: len(streams_of(town)) == 2, 10)
    (own,) = (name for name in streams_of(town) if name != "pim")
    wait_until(lambda: town.metric("tenant_stream_failing", stream=own) == 1, 10)
    wait_until(lambda: town.metric("tenant_stream_following", stream="pim") == 1, 10)
    assert home.leading
    assert town.watch.unready() == [], "the process does its work for the others"
    town.place.refused.clear()
    town.place.wait_for(own)
    town.register.documents = [tenant(1, "a") | {"status": "suspended"}, tenant(2, "b", mongo_url=OWN)]
    wait_until(lambda: not home.leading, 10)
    assert town.place.leading(own)


def streams_of(town: Town) -> list[str]:
    samples = [sample for metric in town.metrics.collect() for sample in metric.samples]
    return sorted({sample.labels["stream"] for sample in samples if "stream" in sample.labels})
