"""One Apache Kafka in a folder: broker and KRaft controller in one Java process."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from consumer.embedded import wheels
from consumer.embedded.errors import EmbeddedError
from consumer.embedded.jars import pinned_jars, prepare
from consumer.embedded.ports import accepts
from consumer.embedded.processes import ServerProcess
from consumer.kafka.probe import broker_answers

PORTS = ("broker", "controller")
_FORMAT_DEADLINE = 60

# A record may be a 16 MB document as JSON with its state before the change, and requests carry some more.
_LARGEST_RECORD = 52_428_800
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")

# One node keeps the only copy of everything; the rest keeps it small, and quick to start and to clean up.
_SETTINGS = f"""
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
message.max.bytes={_LARGEST_RECORD}
replica.fetch.max.bytes={_LARGEST_RECORD}
log.segment.bytes=268435456
log.index.size.max.bytes=2097152
log.retention.hours=168
log.segment.delete.delay.ms=1000
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
auto.leader.rebalance.enable=false
"""

_LOGGING = """
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = server.log
appender.file.filePattern = server.log.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d] %p %m (%c)%n
appender.file.policy.type = SizeBasedTriggeringPolicy
appender.file.policy.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
"""


def address(ports: dict[str, int]) -> str:
    """The bootstrap servers for clients."""
    return f"127.0.0.1:{ports['broker']}"


def launch(process: ServerProcess, ports: dict[str, int], cache: Path) -> None:
    """Start the server, formatting its folder when that is new; returns before it serves."""
    folder = process.folder
    folder.mkdir(parents=True, exist_ok=True)
    command = _java(folder, cache)
    data = folder / "data"
    if not data.is_dir():
        _format(command, folder, data, ports)
    _write_settings(folder / "server.properties", data, ports)
    process.launch([*command, "kafka.Kafka", str(folder / "server.properties")], _environment())


def serves(ports: dict[str, int]) -> bool:
    """Whether the broker has joined its controller and tells clients so."""
    return accepts(ports["broker"]) and broker_answers(address(ports), deadline=2)


def _java(folder: Path, cache: Path) -> list[str]:
    (folder / "logging.properties").write_text(_LOGGING, encoding="ascii")
    jars = prepare(cache, pinned_jars())
    return [
        str(wheels.java()),
        *_JVM,
        f"-Dlog4j2.configurationFile={folder / 'logging.properties'}",
        "-cp",
        os.pathsep.join(str(jar) for jar in jars),
    ]


def _format(command: list[str], folder: Path, data: Path, ports: dict[str, int]) -> None:
    """Aside, then moved in place whole: a format that was interrupted leaves nothing behind that looks ready."""
    aside = folder / "data.new"
    shutil.rmtree(aside, ignore_errors=True)
    settings = folder / "format.properties"
    _write_settings(settings, aside, ports)
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    arguments = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings), "--standalone"]
    done = subprocess.run(
        [*command, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=_environment(),
        timeout=_FORMAT_DEADLINE,
    )
    if done.returncode != 0:
        words = " | ".join((done.stdout + done.stderr).strip().splitlines()[-3:])
        raise EmbeddedError(f"Kafka cannot format its folder {aside}: {words}")
    aside.rename(data)


def _write_settings(file: Path, data: Path, ports: dict[str, int]) -> None:
    broker, controller = ports["broker"], ports["controller"]
    file.write_text(
        f"{_SETTINGS}log.dirs={data}\n"
        f"listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}\n"
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}\n"
        f"controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n",
        encoding="utf-8",
    )


def _environment() -> dict[str, str]:
    """Ours without what other Java programs on this machine are told."""
    return {name: value for name, value in os.environ.items() if name not in {"CLASSPATH", "JAVA_TOOL_OPTIONS"}}
