"""The embedded servers against everything that happens to servers: ends, kills, left-overs, taken ports."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # they export it so

from consumer import embedded
from consumer.embedded import EmbeddedError, Endpoints, jars
from consumer.mongo import OperationFailure, connect
from consumer.settings import PlaceSettings
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder of our own, since these tests stop and kill what runs in it. Also a name that needs quoting."""
    folder = tmp_path_factory.mktemp("dati di città")
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def running(home: Path) -> Endpoints:
    """Both servers up, whatever the test before has done to them."""
    return embedded.start(home)


def create_topic(endpoints: Endpoints, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": endpoints.kafka_bootstrap_servers})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)


def produce(endpoints: Endpoints, topic: str, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": endpoints.kafka_bootstrap_servers, "message.max.bytes": 50_000_000})
    outcomes: list[object] = []
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: outcomes.append(error))
    producer.flush(20)
    assert outcomes == [None] * len(values)


def read(endpoints: Endpoints, topic: str, count: int) -> list[bytes | None]:
    """The first `count` committed records."""
    consumer = Consumer(
        {
            "bootstrap.servers": endpoints.kafka_bootstrap_servers,
            "group.id": topic,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    found: list[Message] = []

    def enough() -> bool:
        found.extend(consumer.consume(count - len(found), 0.1))
        return len(found) >= count

    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        wait_until(enough, 20, f"{count} records in {topic}")
        return [message.value() for message in found]
    finally:
        consumer.close()


def keep(endpoints: Endpoints, name: str) -> None:
    """Store something in both servers."""
    create_topic(endpoints, name)
    produce(endpoints, name, b"kept")
    with connect(endpoints.mongodb_uri) as client:
        client[name]["things"].insert_one({"_id": "kept"})


def still_there(endpoints: Endpoints, name: str) -> bool:
    """Whether both still have it, and take more."""
    produce(endpoints, name, b"more")
    with connect(endpoints.mongodb_uri) as client:
        client[name]["things"].insert_one({"_id": "more"})
        ids = [document["_id"] for document in client[name]["things"].find().sort("_id")]
    return ids == ["kept", "more"] and read(endpoints, name, 2) == [b"kept", b"more"]


def pids(home: Path) -> dict[str, int | None]:
    status = embedded.status(home)
    return {"mongod": status.mongod.pid, "kafka": status.kafka.pid}


def kill(home: Path, *names: str) -> None:
    for name in names:
        pid = pids(home)[name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Another program has this port."""
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections that are only fading
        stranger.bind(("127.0.0.1", port))
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        yield


def test_starting_again_changes_nothing(home: Path, running: Endpoints) -> None:
    before = pids(home)
    assert embedded.start(home) == running
    assert pids(home) == before
    assert embedded.status(home).endpoints == running


def test_stopped_servers_come_back_with_their_data_at_the_same_addresses(
    home: Path, running: Endpoints, fresh_name: str
) -> None:
    keep(running, fresh_name)
    embedded.stop(home)
    assert pids(home) == {"mongod": None, "kafka": None}
    assert (home / "mongod" / "data" / "mongod.lock").read_text() == ""  # both say so when their end was clean
    assert (home / "kafka" / "data" / ".kafka_cleanshutdown").exists()
    embedded.stop(home)
    assert embedded.start(home) == running
    assert still_there(running, fresh_name)


@pytest.mark.parametrize(("victim", "other"), [("mongod", "kafka"), ("kafka", "mongod")])
def test_only_the_killed_server_is_brought_back(
    home: Path, running: Endpoints, fresh_name: str, victim: str, other: str
) -> None:
    keep(running, fresh_name)
    before = pids(home)
    kill(home, victim)
    assert embedded.start(home) == running
    after = pids(home)
    assert after[other] == before[other]
    assert after[victim] != before[victim]
    assert still_there(running, fresh_name)


def test_locks_and_ids_left_by_killed_servers_hold_nobody_up(home: Path, running: Endpoints, fresh_name: str) -> None:
    keep(running, fresh_name)
    kill(home, "mongod", "kafka")
    wait_until(lambda: set(pids(home).values()) == {None}, 5)
    assert (home / "mongod" / "data" / "mongod.lock").read_text().strip()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        for name in ("mongod", "kafka"):
            (home / name / "process.lock").write_text(f"{stranger.pid}\n")
        assert embedded.status(home).endpoints is None
        assert embedded.start(home) == running
        assert stranger.pid not in pids(home).values()
        assert stranger.poll() is None
    assert still_there(running, fresh_name)


def test_two_starts_at_once_share_the_servers(home: Path, running: Endpoints) -> None:
    embedded.stop(home)
    code = "import sys, pathlib; from consumer import embedded; print(embedded.start(pathlib.Path(sys.argv[1])))"
    both = [subprocess.Popen([sys.executable, "-c", code, home], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=40)[0].strip() for process in both] == [str(running)] * 2
    assert [process.returncode for process in both] == [0, 0]
    # One data folder cannot have two servers; that neither was started twice shows in what the second would have left.
    assert not any("already runs" in (home / name / "output.log").read_text() for name in ("mongod", "kafka"))


def test_taken_ports_are_replaced_and_the_data_goes_along(home: Path, running: Endpoints, fresh_name: str) -> None:
    keep(running, fresh_name)
    embedded.stop(home)
    mongod = int(running.mongodb_uri.split(":")[2].split("/")[0])
    kafka = int(running.kafka_bootstrap_servers.split(":")[1])
    with taken(mongod), taken(kafka):
        moved = embedded.start(home)
    assert moved.mongodb_uri != running.mongodb_uri
    assert moved.kafka_bootstrap_servers != running.kafka_bootstrap_servers
    assert still_there(moved, fresh_name)


@pytest.mark.parametrize("name", ["mongod", "kafka"])
def test_a_server_whose_ports_were_forgotten_is_found_again(home: Path, running: Endpoints, name: str) -> None:
    (home / name / "ports.json").write_text("{")
    assert embedded.status(home).endpoints is None
    moved = embedded.start(home)
    with connect(moved.mongodb_uri) as client:
        assert client.admin.command("ping")["ok"]
    assert embedded.status(home).endpoints == moved
    assert moved != running


def test_a_start_that_was_killed_is_completed_by_the_next(tmp_path: Path) -> None:
    code = "import sys, pathlib; from consumer import embedded; embedded.start(pathlib.Path(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", code, tmp_path]) as killed:
        wait_until(lambda: embedded.status(tmp_path).mongod.pid, 20)
        killed.kill()
    try:
        endpoints = embedded.start(tmp_path)
        keep(endpoints, "after")
        assert still_there(endpoints, "after")
    finally:
        embedded.stop(tmp_path)


def test_a_format_that_was_interrupted_is_done_anew(home: Path, running: Endpoints, fresh_name: str) -> None:
    embedded.stop(home)
    aside = home / "kafka" / "formatting-interrupted"
    aside.mkdir()
    (home / "kafka" / "data").rename(aside / "data")  # as it is left, half done and not yet put in place
    (aside / "data" / "meta.properties").write_text("half")
    assert embedded.start(home) == running
    create_topic(running, fresh_name)
    assert not aside.exists()


def test_what_ends_while_starting_is_told_with_its_last_words(home: Path, running: Endpoints) -> None:
    embedded.stop(home)
    meta = home / "kafka" / "data" / "meta.properties"
    right = meta.read_text()
    meta.write_text("broken")
    try:
        with pytest.raises(EmbeddedError, match=r"^Kafka ended while starting \(.*fatal exception .*\): see ") as told:
            embedded.start(home)
        assert "\n" not in str(told.value)
        assert pids(home) == {"mongod": None, "kafka": None}
    finally:
        meta.write_text(right)
    assert embedded.start(home) == running


def test_a_wrong_jar_is_refused_and_nothing_is_left_running(home: Path, running: Endpoints, tmp_path: Path) -> None:
    embedded.stop(home)
    name = f"kafka-{jars.KAFKA_VERSION}"
    shutil.copytree(PlaceSettings().cache_folder / name, tmp_path / name)
    wrong = tmp_path / name / f"kafka-clients-{jars.KAFKA_VERSION}.jar"
    wrong.write_bytes(wrong.read_bytes()[:-1])
    with pytest.raises(EmbeddedError, match=r"kafka-clients-[0-9.]+jar is not the file that marketsync is pinned to"):
        embedded.start(home, cache=tmp_path)
    assert pids(home) == {"mongod": None, "kafka": None}
    assert embedded.start(home) == running


def test_mongodb_has_transactions_snapshots_and_change_streams(running: Endpoints, fresh_name: str) -> None:
    with connect(running.mongodb_uri) as client, client.start_session() as session:
        things = client[fresh_name]["things"]
        things.insert_one({"_id": 0})
        with things.watch() as changes:
            with session.start_transaction():
                things.insert_one({"_id": 1}, session=session)
                assert things.count_documents({}) == 1
            assert changes.next()["documentKey"] == {"_id": 1}
        with client.start_session(snapshot=True) as frozen:
            assert things.count_documents({}, session=frozen) == 2
            things.insert_one({"_id": 2})
            assert things.count_documents({}, session=frozen) == 2
        with pytest.raises(OperationFailure, match="readConcern"):
            client.admin.command("find", "x", readConcern={"level": "nonsense"})


def test_kafka_has_transactions_and_takes_the_largest_record(running: Endpoints, fresh_name: str) -> None:
    create_topic(running, fresh_name)
    producer = Producer({"bootstrap.servers": running.kafka_bootstrap_servers, "transactional.id": fresh_name})
    producer.init_transactions(20)
    for value, end in (
        (b"aborted", producer.abort_transaction),
        (b"committed", producer.commit_transaction),
    ):
        producer.begin_transaction()
        producer.produce(fresh_name, value)
        end(20)
    largest = bytes(45_000_000)
    produce(running, fresh_name, largest)
    assert read(running, fresh_name, 2) == [b"committed", largest]


def test_kafka_makes_no_topic_by_itself(running: Endpoints, fresh_name: str) -> None:
    admin = AdminClient({"bootstrap.servers": running.kafka_bootstrap_servers, "allow.auto.create.topics": True})
    admin.list_topics(fresh_name, timeout=10)
    assert fresh_name not in admin.list_topics(timeout=10).topics


def test_only_this_machine_is_listened_to(home: Path, running: Endpoints) -> None:
    listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
    ports = [int(running.mongodb_uri.split(":")[2].split("/")[0]), int(running.kafka_bootstrap_servers.split(":")[1])]
    if not listening:
        pytest.skip("needs Linux's list of listeners")
    for port in ports:
        addresses = {line.split()[1] for line in listening.splitlines() if f":{port:04X}" in line.split()[1]}
        assert addresses == {f"0100007F:{port:04X}"}
