"""The registry of tenants, followed by a running capture on real servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.bootstrap.overview import read_overview
from consumer.bootstrap.preparation import initialise
from consumer.bootstrap.tenant_checks import check_tenants
from consumer.bootstrap.tenant_streams import forget_streams, make_tenant_watch
from consumer.capture.positions import stream_key
from consumer.capture.tenant_watch import TenantWatch
from consumer.events import Operation
from consumer.kafka import read_compacted
from consumer.mongo import Collection, Document, MongoClient, connect
from consumer.settings import CaptureSettings, PlaceSettings, Settings, load_settings
from tests.integration.capture.conftest import Line, make_product
from tests.waiting import wait_until


@dataclass
class Town:
    """A registry, its tenants' databases, and one capture that follows it."""

    line: Line
    client: MongoClient[Document]
    settings: Settings
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    watch: TenantWatch = field(init=False)
    thread: threading.Thread = field(init=False)
    databases: set[str] = field(default_factory=set)

    @property
    def tenants(self) -> Collection[Document]:
        return self.client[self.settings.place.tenant_registry]["tenants"]

    def start(self) -> None:
        self.registry = CollectorRegistry()
        self.watch = make_tenant_watch(self.settings, self.line.servers, self.client, self.registry)
        self.thread = threading.Thread(target=self.watch.run, name="watch-under-test")
        self.thread.start()

    def stop(self) -> None:
        self.watch.stop()
        self.thread.join(40)
        assert not self.thread.is_alive()

    def add(self, letter: str, **more: Any) -> str:
        """Register an active tenant; returns its name."""
        name = f"{self.line.tenant}{letter}"
        self.databases.add(f"vinc-{name}")
        self.tenants.insert_one({"tenant_id": name, "name": letter, "status": "active"} | more)
        return name

    def set(self, tenant: str, **members: Any) -> None:
        self.tenants.update_one({"tenant_id": tenant}, {"$set": members})

    def products(self, tenant: str) -> Collection[Document]:
        return self.client[f"vinc-{tenant}"]["pimproducts"]

    def codes(self, tenant: str, *operations: Operation) -> list[str]:
        operations = operations or (Operation.CREATED, Operation.UPDATED, Operation.DELETED)
        return sorted(event.entity_code for event in self.line.events(*operations) if event.tenant == tenant)

    def wait_for(self, tenant: str, codes: list[str], *operations: Operation) -> None:
        wait_until(lambda: self.codes(tenant, *operations) == codes, 30, f"{tenant}: {codes}")

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"marketsync_{name}", labels) or 0.0

    def wait_until_followed(self, streams: int = 1) -> None:
        """Until so many streams follow their tenants."""

        def following() -> bool:
            samples = [s for m in self.registry.collect() for s in m.samples]
            return sum(s.value for s in samples if s.name == "marketsync_tenant_stream_following") == streams

        wait_until(following, 30, "streams follow")


@pytest.fixture
def town(line: Line, fresh_name: str) -> Iterator[Town]:
    place = PlaceSettings(
        tenant_registry=f"reg-{fresh_name}", tenant_registry_interval=0.1, database=f"ms-{fresh_name}"
    )
    capture = CaptureSettings(max_await=0.1, idle_position=0.1, transaction_timeout=10)
    settings = replace(load_settings(), place=place, topics=line.topics, capture=capture)
    with connect(line.servers.mongodb_uri) as client:
        town = Town(line, client, settings)
        yield town
        if hasattr(town, "thread"):
            town.stop()
        for name in (*town.databases, place.tenant_registry, place.database):
            client.drop_database(name)


def test_a_tenant_is_added_suspended_and_back_while_capture_runs(town: Town) -> None:
    first = town.add("a")
    town.start()
    town.wait_until_followed()
    town.products(first).insert_one(make_product(1))
    town.wait_for(first, ["P-1"])

    second = town.add("b")
    town.products(second).insert_one(make_product(2))
    wait_until(lambda: "P-2" in town.codes(second, *Operation), 30)
    wait_until(lambda: town.metric("tenants", status="active") == 2, 5)
    town.products(second).insert_one(make_product(3))
    wait_until(lambda: "P-3" in town.codes(second), 30)

    town.set(second, status="suspended")
    wait_until(lambda: town.metric("tenants", status="suspended") == 1, 5)
    town.products(first).insert_one(make_product(4))
    wait_until(lambda: "P-4" in town.codes(first), 30)
    town.products(second).insert_one(make_product(5))
    town.products(first).insert_one(make_product(6))
    wait_until(lambda: "P-6" in town.codes(first), 30)
    assert town.codes(first) == ["P-1", "P-4", "P-6"], "the other missed nothing and repeats nothing"
    assert "P-5" not in town.codes(second, *Operation)

    town.set(second, status="active")
    wait_until(lambda: {"P-2", "P-3", "P-5"} <= set(town.codes(second, Operation.READ)), 30)
    assert "P-5" not in town.codes(second), "what it missed is read, not told"
    town.products(second).insert_one(make_product(7))
    wait_until(lambda: "P-7" in town.codes(second), 30)


def test_a_removed_tenant_is_not_followed_any_more(town: Town) -> None:
    first, second = town.add("a"), town.add("b")
    town.start()
    town.wait_until_followed()
    town.tenants.delete_one({"tenant_id": second})
    wait_until(lambda: town.metric("tenants", status="active") == 1, 5)
    town.products(first).insert_one(make_product(1))
    town.wait_for(first, ["P-1"])
    wait_until(lambda: town.metric("capture_reconnects_total", reason="tenants") == 1, 10)
    town.products(second).insert_one(make_product(2))
    town.products(first).insert_one(make_product(3))
    town.wait_for(first, ["P-1", "P-3"])
    assert town.codes(second, *Operation) == []


def test_after_a_restart_tenants_known_last_are_followed_without_a_registry(town: Town) -> None:
    first = town.add("a")
    town.add("b", status="suspended")
    town.add("c", database={"mongo_url": "mongodb://me:topsecret@127.0.0.1:1/"})
    town.start()
    town.wait_until_followed()
    town.stop()
    town.client.drop_database(town.tenants.database.name)
    town.start()
    town.wait_until_followed()
    assert town.metric("tenant_problems") == 1
    town.products(first).insert_one(make_product(1))
    town.wait_for(first, ["P-1"])
    (known,) = town.client[town.settings.place.database]["tenants"].find()
    assert "topsecret" not in repr(known)
    assert [entry["status"] for entry in known["entries"]] == ["active", "suspended"]


def test_a_broken_document_is_told_and_changes_nothing(town: Town) -> None:
    first, second = town.add("a"), town.add("b")
    town.start()
    town.wait_until_followed()
    town.set(second, status="actve", database="elsewhere")
    wait_until(lambda: town.metric("tenant_problems") == 1, 5)
    third = town.add("c", database={"mongo_url": "mongodb://me:top/secret@nowhere"})
    fourth = town.add("d")
    wait_until(lambda: town.metric("tenant_problems") == 2, 5)
    for tenant in (first, second, third, fourth):
        town.products(tenant).insert_one(make_product(1))
    for tenant in (first, second, fourth):
        wait_until(lambda t=tenant: "P-1" in town.codes(t, *Operation), 30)  # type: ignore[misc]
    assert town.codes(third, *Operation) == []
    town.set(second, status="active", database={})
    wait_until(lambda: town.metric("tenant_problems") == 1, 5)


def test_a_mongodb_of_its_own_has_a_stream_of_its_own(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    host, port = town.client.address or ("", 0)
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}[host]
    first = town.add("a")
    second = town.add("b", database={"mongo_url": f"mongodb://{other}:{port}/?directConnection=true", "mongo_db": ""})
    lost = town.add(
        "c", database={"mongo_url": "mongodb://someone:s3cret-pass@127.0.0.1:1/?serverSelectionTimeoutMS=300"}
    )
    town.start()
    town.wait_until_followed(2)
    for tenant in (first, second):
        town.products(tenant).insert_one(make_product(1))
        town.wait_for(tenant, ["P-1"])
    keys = read_compacted(town.line.servers.kafka_bootstrap_servers, town.line.names.positions)
    assert stream_key("pim") in keys
    assert sum(key.startswith(b"stream/pim-") for key in keys) == 1
    wait_until(lambda: sum(_failing(town)) == 1, 10)
    # The lost one's MongoDB moves to where it can be reached.
    town.set(lost, database={"mongo_url": f"mongodb://{other}:{port}/?directConnection=true"})
    town.products(lost).insert_one(make_product(2))
    wait_until(lambda: "P-2" in town.codes(lost, *Operation), 30)
    wait_until(lambda: sum(_failing(town)) == 0, 10)
    town.stop()
    del town.thread
    records = b"".join(key + value for key, value in keys.items())
    output = "".join(capfd.readouterr())
    assert "someone" not in output
    assert "s3cret" not in output + records.decode()


def _failing(town: Town) -> list[float]:
    samples = [sample for metric in town.registry.collect() for sample in metric.samples]
    return [sample.value for sample in samples if sample.name == "marketsync_tenant_stream_failing"]


def test_a_new_beginning_is_one_for_every_stream(town: Town) -> None:
    host, port = town.client.address or ("", 0)
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}[host]
    own = {"mongo_url": f"mongodb://{other}:{port}/?directConnection=true"}
    tenants = [town.add("a"), town.add("b", database=own)]
    for tenant in tenants:
        town.products(tenant).insert_one(make_product(1))
    town.start()
    for tenant in tenants:
        town.wait_for(tenant, ["P-1"], Operation.READ)
    town.stop()
    forget_streams(town.settings, town.line.servers)
    town.start()
    for tenant in tenants:
        town.wait_for(tenant, ["P-1", "P-1"], Operation.READ)


def test_check_init_and_status_speak_of_each_tenant(town: Town) -> None:
    first = town.add("a")
    town.add("b", status="suspended")
    town.add("c", status="?")
    lost = town.add(
        "d", database={"mongo_url": "mongodb://someone:s3cret-pass@127.0.0.1:1/?serverSelectionTimeoutMS=300"}
    )
    settings, servers = town.settings, town.line.servers

    prepared = list(initialise(settings, servers))
    assert f"pre-images of vinc-{first}.pimproducts: turned on" in prepared
    (left_out,) = (line for line in prepared if line.startswith(f"tenants {lost}"))
    assert "does not answer" in left_out

    findings = list(check_tenants(settings, servers, town.client))
    cures = {finding.subject: finding.cure for finding in findings}
    assert cures[f"tenant {first}"] == ""
    assert cures[f"tenant {town.line.tenant}b"] == ""
    assert "Correct the document" in cures[f"tenant {town.line.tenant}c"]
    assert any("mongo_url" in cure for cure in cures.values())

    town.start()
    town.wait_until_followed()
    overview = read_overview(settings, servers)
    assert list(overview.tenant_problems) == [f"tenant {town.line.tenant}c"]
    assert sorted(capture.stream.startswith("pim-") for capture in overview.captures) == [False, True]
    assert {capture.stream: capture.lease is not None for capture in overview.captures}["pim"]
    assert "s3cret" not in repr((prepared, findings, overview))
