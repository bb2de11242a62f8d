"""`check` and `init`: every trouble is told with its cure, and a good installation is told to be good."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not in its __all__

from consumer.embedded import wheels
from consumer.mongo import PyMongoError, connect
from consumer.processes import free_ports
from tests.acceptance.installation import Installation
from tests.waiting import wait_until


def failures(installation: Installation, **changed: str) -> str:
    """The failing lines of `check`, which has to end with 1."""
    done = installation.run("check", changed=changed)
    assert done.returncode == 1, done.stdout + done.stderr
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith("FAIL"))


def test_a_fresh_installation_becomes_good_with_init_and_stays_so(installation: Installation) -> None:
    found = failures(installation)
    assert f"there is no collection vinc-{installation.name}.pimproducts" in found
    assert f"Topic {installation.prefix}pim.products.created does not exist" in found
    assert "marketsync init" in found

    first = installation.run("init")
    assert first.returncode == 0, first.stderr
    assert f"pre-images of vinc-{installation.name}.pimproducts: turned on" in first.stdout
    assert f"topic {installation.prefix}pim.products.created created" in first.stdout

    good = installation.run("check")
    assert good.returncode == 0, good.stdout
    assert "FAIL" not in good.stdout

    second = installation.run("init")
    assert second.returncode == 0
    assert "turned on" not in second.stdout
    assert "created" not in second.stdout.replace("products.created", "")


def test_pre_images_that_were_switched_off_are_told(ready: Installation) -> None:
    ready.client[f"vinc-{ready.name}"].command(
        {"collMod": "pimproducts", "changeStreamPreAndPostImages": {"enabled": False}}
    )
    found = failures(ready)
    assert f"pre-images of {ready.name}: off" in found
    assert "Turn them on with `marketsync init`" in found


def test_topics_with_the_wrong_number_of_partitions_are_told(installation: Installation) -> None:
    admin = AdminClient({"bootstrap.servers": installation.servers.kafka_bootstrap_servers})
    name = f"{installation.prefix}pim.products.updated"
    admin.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])[name].result(20)
    installation.run("init")
    found = failures(installation)
    assert f"Topic {name} has 3 partitions, 4 are wanted" in found
    assert "MARKETSYNC_TOPICS_PARTITIONS" in found


def test_credentials_that_do_not_work_are_told_with_the_variable(shared: Installation) -> None:
    found = failures(shared, EBAY_REFRESH_TOKEN="v^1.1#revoked-long-ago")
    assert f"ebay/default of {shared.name}" in found
    assert "sign in again" in found
    assert "v^1.1#revoked-long-ago" not in found

    found = failures(shared, EBAY_RETURN_POLICY_ID="6199999999")
    assert "EBAY_RETURN_POLICY_ID" in found
    assert "Correct the setting that is named" in found


def test_settings_that_are_missing_are_named(shared: Installation) -> None:
    assert "EBAY_PRICE_BASIS" in failures(shared, EBAY_PRICE_BASIS="")
    assert "MARKETSYNC_TENANTS" in failures(shared, MARKETSYNC_TENANTS="")
    assert "EBAY_ENABLED=true" in failures(shared, EBAY_ENABLED="")
    assert "KAFKA_BOOTSTRAP_SERVERS is missing" in failures(shared, KAFKA_BOOTSTRAP_SERVERS="")


def test_servers_that_do_not_answer_are_told(shared: Installation) -> None:
    (nobody,) = free_ports("127.0.0.1", 21900, 1)
    found = failures(
        shared,
        MONGODB_URI=f"mongodb://shop:the-password@127.0.0.1:{nobody}/?serverSelectionTimeoutMS=500",
        KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{nobody}",
    )
    assert "MongoDB does not answer" in found
    assert "Is it running" in found
    assert "Kafka at 127.0.0.1" in found
    assert "KAFKA_BOOTSTRAP_SERVERS" in found
    assert "the-password" not in found


def test_no_servers_at_all_are_told(shared: Installation) -> None:
    found = failures(shared, MONGODB_URI="", KAFKA_BOOTSTRAP_SERVERS="")
    assert "marketsync embedded up" in found


@pytest.fixture
def stand_alone(tmp_path: Path) -> Iterator[str]:
    """A mongod that is no replica set."""
    (port,) = free_ports("127.0.0.1", 21950, 1)
    data = tmp_path / "stand-alone"
    data.mkdir()
    arguments = (
        "--dbpath",
        str(data),
        "--port",
        str(port),
        "--bind_ip",
        "127.0.0.1",
        "--wiredTigerCacheSizeGB",
        "0.25",
    )
    process = subprocess.Popen([str(wheels.mongod()), *arguments], stdout=subprocess.DEVNULL, env=dict(os.environ))
    uri = f"mongodb://127.0.0.1:{port}/"
    try:
        wait_until(lambda: _answers(uri), 30, "mongod does not start")
        yield uri
    finally:
        process.terminate()
        process.wait(30)


def _answers(uri: str) -> bool:
    with connect(uri) as client:
        try:
            return bool(client.admin.command("ping"))
        except PyMongoError:
            return False


def test_a_stand_alone_server_is_told_with_what_to_do(shared: Installation, stand_alone: str) -> None:
    with connect(stand_alone) as client:
        client[f"vinc-{shared.name}"].create_collection("pimproducts")
    found = failures(shared, MONGODB_URI=stand_alone)
    assert "a stand-alone server, which has no change streams" in found
    assert "rs.initiate()" in found
