"""All of it against servers with TLS and passwords, each process as a user that may do no more than the scripts allow.

Not part of `make test`: `make test-security`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from consumer.embedded import Endpoints
from consumer.kafka.brokers import Brokers
from consumer.kafka.topics import missing_topics
from consumer.mongo import OperationFailure, connect
from consumer.settings.place import PlaceSettings
from tests.acceptance.conftest import installed
from tests.acceptance.installation import ROOT, Installation, make_product
from tests.security.authority import make_certificates
from tests.security.guarded import ROOT_PASSWORD, USERS, client_settings, guarded_kafka, guarded_mongod, password_of
from tests.waiting import wait_until

ROLES = {
    "marketsync-admin": "marketsync-admin",
    "marketsync-capture": "marketsync-capture",
    "marketsync-ebay": "marketsync-delivery",
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """An installation whose processes log in. ca: the authority of both servers."""

    installation: Installation
    mongodb: dict[str, str]
    kafka: dict[str, Brokers]
    ca: Path

    def user(self, name: str) -> dict[str, str]:
        """The variables of a process that logs in as this user."""
        return {
            "MONGODB_URI": self.mongodb[name],
            "KAFKA_SASL_USERNAME": name,
            "KAFKA_SASL_PASSWORD": password_of(name),
        }


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    ca, server = make_certificates(tmp_path)
    cache = PlaceSettings().cache_folder
    with (
        guarded_mongod(tmp_path / "mongod", ca, server) as mongodb,
        guarded_kafka(tmp_path / "kafka", cache, ca, server) as kafka,
    ):
        root = Endpoints(mongodb("root", ROOT_PASSWORD), kafka("root", ROOT_PASSWORD))
        with installed(root, tmp_path) as installation:
            _make_users(installation, root, tmp_path, ca)
            installation.variables |= {
                "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "KAFKA_SASL_MECHANISM": "PLAIN",
                "KAFKA_SSL_CA_FILE": str(ca),
            }
            passwords = {user: password_of(user) for user in USERS}
            yield Guarded(
                installation,
                {user: mongodb(user, password) for user, password in passwords.items()},
                {user: kafka(user, password) for user, password in passwords.items()},
                ca,
            )


def _make_users(installation: Installation, root: Endpoints, folder: Path, ca: Path) -> None:
    """By the scripts, as an operator does it; twice, since they may be run again."""
    config = folder / "root.properties"
    settings = client_settings("root", ROOT_PASSWORD, ca)
    config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    roles = (root.mongodb_uri, "--database", installation.database, "--tenants", installation.name)
    acls = (
        root.kafka_bootstrap_servers,
        "--config",
        str(config),
        "--prefix",
        installation.prefix,
        "--channels",
        "ebay",
    )
    for _ in range(2):
        _run("mongodb/roles.py", *roles)
        _run("kafka/acls.py", *acls)
    for user, role in ROLES.items():
        installation.client.admin.command("createUser", user, pwd=password_of(user), roles=[role])


def _run(script: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.timeout(240)
def test_a_change_arrives_with_the_least_rights(guarded: Guarded) -> None:
    installation = guarded.installation
    admin = guarded.user("marketsync-admin")
    done = installation.run("init", changed=admin)
    assert done.returncode == 0, done.stdout + done.stderr
    capture = installation.start("capture", changed=guarded.user("marketsync-capture"))
    ebay = guarded.user("marketsync-ebay")
    delivery = installation.start("deliver", "--channel", "ebay", changed=ebay)
    installation.products.insert_one(make_product("P-1", 3))
    wait_until(lambda: _shows(installation, 3), 60, f"read the logs in {installation.folder}")
    installation.products.update_one({"entity_code": "P-1"}, {"$set": {"quantity": 4}})
    wait_until(lambda: _shows(installation, 4), 60, f"read the logs in {installation.folder}")
    for process in (capture, delivery):
        assert process.stop() == 0
        assert "not authorized" not in process.output()
        assert "uthorization failed" not in process.output()
    checked = installation.run("check", changed=admin)
    assert not [line for line in checked.stdout.splitlines() if line.startswith("FAIL")], checked.stdout
    status = installation.run("status", changed=admin)
    assert status.returncode == 0, status.stdout + status.stderr
    _may_do_no_more(guarded)


def _shows(installation: Installation, quantity: int) -> bool:
    return bool(installation.channel.listings().get("P-1", {}).get("quantity") == quantity)


def _may_do_no_more(guarded: Guarded) -> None:
    pim, own = f"vinc-{guarded.installation.name}", guarded.installation.database
    for uri in guarded.mongodb.values():
        with connect(uri) as client:
            with pytest.raises(OperationFailure, match="not authorized"):
                client[pim]["pimproducts"].update_one({}, {"$set": {"quantity": 0}})
            with pytest.raises(OperationFailure, match="not authorized"):
                client[pim]["pimproducts"].delete_many({})
            with pytest.raises(OperationFailure, match="not authorized"):
                client["elsewhere"]["things"].find_one()
            with pytest.raises(OperationFailure, match="not authorized"):
                client.drop_database(own)
    prefix = guarded.installation.prefix
    # What a user may not describe, Kafka says there is none of.
    letters = f"{prefix}marketsync.ebay.dead-letters"
    assert missing_topics(guarded.kafka["marketsync-ebay"], [letters]) == []
    assert missing_topics(guarded.kafka["marketsync-capture"], [letters]) == [letters]


def test_a_wrong_password_and_an_unknown_authority_are_said_in_words(guarded: Guarded) -> None:
    installation = guarded.installation
    user = guarded.user("marketsync-admin")
    wrong = installation.run("init", changed=user | {"KAFKA_SASL_PASSWORD": "not-the-password"})
    assert wrong.returncode == 1
    assert "KAFKA_SECURITY_PROTOCOL" in wrong.stderr
    assert "not-the-password" not in wrong.stdout + wrong.stderr
    unknown = installation.run("init", changed=user | {"KAFKA_SSL_CA_FILE": ""})
    assert unknown.returncode == 1
    assert "cannot be used" in unknown.stderr
