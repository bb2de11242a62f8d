"""Kafka Connect with one connector, in a process of its own: the programs that capture is measured beside."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consumer.embedded import Endpoints, jars, wheels
from consumer.settings import PlaceSettings

_HERE = Path(__file__).parent
_JVM = ("-Xms256m", "-Xmx2g", "-XX:+UseG1GC", "-Dlog4j2.configurationFile=logging.properties")
_LOGGING = """
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = connect.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
"""


def _worker(bootstrap: str) -> Mapping[str, str]:
    """Offsets are kept every five seconds instead of every minute: fewer repetitions after a crash."""
    converters = {
        f"{part}.{setting}": value
        for part in ("key.converter", "value.converter")
        for setting, value in (("", "org.apache.kafka.connect.json.JsonConverter"), ("schemas.enable", "false"))
    }
    return {
        "bootstrap.servers": bootstrap,
        **{name.rstrip("."): value for name, value in converters.items()},
        "offset.storage.file.filename": "offsets",
        "offset.flush.interval.ms": "5000",
        "plugin.path": "plugins",
        "listeners": "http://127.0.0.1:0",
        "connector.client.config.override.policy": "All",
    }


# Beyond the defaults: large batches, compressed as ours are, into as many partitions.
_PRODUCER = {
    "producer.override.batch.size": "1000000",
    "producer.override.linger.ms": "20",
    "producer.override.compression.type": "lz4",
    "topic.creation.default.partitions": "12",
    "topic.creation.default.replication.factor": "1",
    "tasks.max": "1",
}


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector as a carrier. folder: of its worker, with offsets and log. settings: the connector's own."""

    name: str
    topic: str
    folder: Path
    endpoints: Endpoints
    manifest: str
    settings: Mapping[str, str]

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it, where it stopped."""
        kafka, connect, plugin = (_jars(jars.pinned_jars()), _read("connect.jars"), _read(self.manifest))
        plugins = self.folder / "plugins" / self.name
        plugins.mkdir(parents=True, exist_ok=True)
        for jar in plugin:
            link = plugins / jar.name
            if not link.exists():
                link.symlink_to(jar)
        _write(self.folder / "worker.properties", _worker(self.endpoints.kafka_bootstrap_servers))
        _write(self.folder / "connector.properties", {"name": self.name, **self.settings, **_PRODUCER})
        (self.folder / "logging.properties").write_text(_LOGGING, encoding="ascii")
        return subprocess.Popen(
            [
                *(str(wheels.java()), *_JVM, "-cp", ":".join(map(str, kafka + connect))),
                *("org.apache.kafka.connect.cli.ConnectStandalone", "worker.properties", "connector.properties"),
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def download() -> None:
    """Everything that is missing in the cache. Raises EmbeddedError."""
    _jars(jars.pinned_jars())
    for manifest in sorted(_HERE.glob("*.jars")):
        _read(manifest.name)


def _read(manifest: str) -> list[Path]:
    return _jars(jars.parse_manifest((_HERE / manifest).read_text(encoding="ascii")))


def _jars(wanted: list[jars.Jar]) -> list[Path]:
    return jars.prepare(PlaceSettings().cache_folder.resolve(), wanted, print)


def _write(file: Path, properties: Mapping[str, str]) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")
