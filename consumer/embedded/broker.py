"""One Apache Kafka in a folder: broker and KRaft controller in one Java process.

It runs with its folder as working directory and finds everything by relative paths, whatever the folder is called.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from consumer.embedded import jars, wheels
from consumer.embedded.errors import EmbeddedError
from consumer.embedded.ports import accepts
from consumer.embedded.processes import ServerProcess, environment
from consumer.kafka.probe import cluster_of

PORTS = ("broker", "controller")
_FORMAT_DEADLINE = 60

# A record may be a 16 MB document as JSON with its state before the change, and requests carry some more.
_LARGEST_RECORD = 52_428_800

# Measured on two cores: without the optimising compiler it starts in 1.8 s instead of 2.5 s, takes half the CPU time
# for that and for 100,000 records, and 50 MB less. With it, it takes twice as much for half a minute of work, and half
# as much from then on: 5 instead of 9 ms for a transaction of 12 records.
_QUICK = ("-XX:TieredStopAtLevel=1",)
_JVM = (
    *("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError"),
    *("-Djava.net.preferIPv4Stack=true", "-Dlog4j2.configurationFile=logging.properties"),
)

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
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
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
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %m %throwable{short.message}%n
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
rootLogger.appenderRef.console.ref = console
rootLogger.appenderRef.console.level = error
"""


def address(ports: dict[str, int]) -> str:
    """The bootstrap servers for clients."""
    return f"127.0.0.1:{ports['broker']}"


def prepare(
    folder: Path, ports: dict[str, int], cache: Path, say: Callable[[str], None], *, lasting: bool = False
) -> list[str]:
    """The command that runs it, with its folder formatted and its settings written.

    lasting: it is to run for long, so it is compiled well on the way; otherwise it starts sooner.
    """
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    (folder / "logging.properties").write_text(_LOGGING, encoding="ascii")
    classpath = ":".join(str(jar) for jar in jars.prepare(cache, jars.pinned_jars(), say))
    java, options = str(wheels.java()), [*_JVM, f"-Djava.io.tmpdir={folder / 'tmp'}", "-cp", classpath]
    if not (folder / "data").is_dir():
        _format([java, *_QUICK, *options], folder, ports)
    _write_settings(folder / "server.properties", "data", ports)
    return [java, *(() if lasting else _QUICK), *options, "kafka.Kafka", "server.properties"]


def serves(process: ServerProcess, ports: dict[str, int]) -> bool:
    """Whether the broker has joined its controller and tells clients so."""
    if not accepts(ports["broker"]):
        return False
    return cluster_of(address(ports), deadline=2) == _cluster(process.folder / "data")


def last_words(lines: Sequence[str]) -> str:
    """Why it ended, from its output, without stack traces and the warnings that the runtime gives at every start."""
    said = (line.strip() for line in reversed(lines))
    return next((line for line in said if line and not line.startswith(("WARNING:", "at "))), "")


def _format(command: list[str], folder: Path, ports: dict[str, int]) -> None:
    """Aside, then moved in place whole: a format that was interrupted leaves nothing behind that looks ready.

    Each try has a folder of its own, since the formatter of a start that was killed may still be writing.
    """
    for left_over in folder.glob("formatting-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    with tempfile.TemporaryDirectory(dir=folder, prefix="formatting-", ignore_cleanup_errors=True) as place:
        aside = Path(place)
        settings = aside / "format.properties"
        _write_settings(settings, f"{aside.name}/data", ports)
        arguments = ["format", f"--cluster-id={cluster}", "-c", f"{aside.name}/{settings.name}", "--standalone"]
        _run_tool([*command, "kafka.tools.StorageTool", *arguments], folder)
        (aside / "data").rename(folder / "data")


def _run_tool(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=environment(),
            timeout=_FORMAT_DEADLINE,
        )
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError(f"Kafka has not formatted its folder in {folder} in {_FORMAT_DEADLINE} s") from error
    except subprocess.CalledProcessError as error:
        raise EmbeddedError(
            f"Kafka cannot format its folder in {folder}: {last_words(error.stdout.splitlines())}"
        ) from error


def _write_settings(file: Path, data: str, ports: dict[str, int]) -> None:
    listeners = f"PLAINTEXT://127.0.0.1:{ports['broker']},CONTROLLER://127.0.0.1:{ports['controller']}"
    file.write_text(
        f"{_SETTINGS}log.dirs={data}\nlisteners={listeners}\nadvertised.listeners={listeners}\n"
        f"controller.quorum.bootstrap.servers=127.0.0.1:{ports['controller']}\n",
        encoding="ascii",
    )


def _cluster(data: Path) -> str | None:
    """The cluster id this folder was formatted with."""
    try:
        lines = (data / "meta.properties").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    return next((line.partition("=")[2] for line in lines if line.startswith("cluster.id=")), None)
