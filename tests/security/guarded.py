"""A mongod and a Kafka as a provider runs them: TLS, passwords, and nobody may do what nobody allowed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from consumer.embedded import broker, wheels
from consumer.errors import UnavailableError
from consumer.kafka.brokers import Brokers
from consumer.kafka.topics import missing_topics
from consumer.mongo import Document, PyMongoError, connect
from consumer.processes import free_ports
from tests.waiting import wait_until

USERS = ("marketsync-admin", "marketsync-capture", "marketsync-ebay")
ROOT_PASSWORD = "root-pw-of-a-test"


def password_of(user: str) -> str:
    """What this user logs in with."""
    return f"{user}-pw-of-a-test"


@contextmanager
def guarded_mongod(folder: Path, ca_file: Path, server_file: Path) -> Iterator[Callable[[str, str], str]]:
    """Address of a replica set, for a user and a password. Its root is "root"."""
    (port,) = free_ports("127.0.0.1", 22980, 1)
    (folder / "data").mkdir(parents=True)
    key = folder / "key"
    key.write_text("akeyofonetest")  # base64 signs only
    key.chmod(0o600)
    arguments = f"--port {port} --bind_ip 127.0.0.1 --replSet rs0 --wiredTigerCacheSizeGB 0.25".split()
    tls = ("--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(server_file), "--tlsCAFile", str(ca_file))
    process = subprocess.Popen(
        [
            *(str(wheels.mongod()), "--dbpath", str(folder / "data"), "--keyFile", str(key)),
            *(*arguments, *tls, "--tlsAllowConnectionsWithoutCertificates"),
        ],
        stdout=subprocess.DEVNULL,
    )

    def address(user: str, password: str) -> str:
        login = f"{user}:{password}@" if user else ""
        how = "authSource=admin&replicaSet=rs0" if user else "directConnection=true"
        return f"mongodb://{login}127.0.0.1:{port}/?tls=true&tlsCAFile={ca_file}&{how}"

    try:
        with connect(address("", "")) as first:
            members: Document = {"_id": "rs0", "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
            root: Document = {"createUser": "root", "pwd": ROOT_PASSWORD, "roles": ["root"]}
            wait_until(lambda: _works(first.admin.command, {"replSetInitiate": members}), 30, "mongod does not start")
            wait_until(lambda: _works(first.admin.command, root), 30, "there is no primary")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _works(ask: Callable[[Document], Document], command: Document) -> bool:
    try:
        return bool(ask(command))
    except PyMongoError:
        return False


@contextmanager
def guarded_kafka(
    folder: Path, cache: Path, ca_file: Path, server_file: Path
) -> Iterator[Callable[[str, str], Brokers]]:
    """Where a broker is, for a user and a password. Its super user is "root"."""
    broker_port, controller_port = free_ports("127.0.0.1", 23980, 2)
    ports = {"broker": broker_port, "controller": controller_port}
    command = broker.prepare(folder, ports, cache, print)
    _guard(folder / "server.properties", ports, ca_file, server_file)
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)

    def brokers(user: str, password: str) -> Brokers:
        return Brokers(broker.address(ports), client_settings(user, password, ca_file))

    try:
        root = brokers("root", ROOT_PASSWORD)
        wait_until(lambda: _answers(root), 60, "Kafka does not start")
        yield brokers
    finally:
        process.terminate()
        process.wait(30)


def client_settings(user: str, password: str, ca_file: Path) -> Mapping[str, str]:
    """In librdkafka's words."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": password,
        "ssl.ca.location": str(ca_file),
    }


def _guard(file: Path, ports: Mapping[str, int], ca_file: Path, server_file: Path) -> None:
    """Later lines of the file win."""
    users = " ".join(f'user_{user}="{password_of(user)}"' for user in USERS)
    listeners = f"SASL_SSL://127.0.0.1:{ports['broker']},CONTROLLER://127.0.0.1:{ports['controller']}"
    file.write_text(
        f"""{file.read_text(encoding="ascii")}
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
listeners={listeners}
advertised.listeners={listeners}
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="root" password="{ROOT_PASSWORD}" user_root="{ROOT_PASSWORD}" {users};
ssl.keystore.type=PEM
ssl.keystore.location={server_file}
ssl.truststore.type=PEM
ssl.truststore.location={ca_file}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:root;User:ANONYMOUS
""",
        encoding="ascii",
    )


def _answers(brokers: Brokers) -> bool:
    try:
        return missing_topics(brokers, ["nothing"]) == ["nothing"]
    except UnavailableError:
        return False
