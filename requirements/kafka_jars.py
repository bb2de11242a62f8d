"""Write the manifests of jars: those that Apache Kafka needs, and those of the programs that stand beside capture.

`make jars`, after changing a version here. Kafka and its logging are resolved apart from each other: the logging
project's version table also names some of Kafka's own libraries, in older versions.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from jgo.maven import MavenContext

KAFKA = "4.3.1"
ROOT = Path(__file__).parent.parent
PEERS = ROOT / "tests" / "benchmarks" / "peers"


@dataclass(frozen=True)
class Manifest:
    """What to resolve. chosen: versions where two roots want different ones."""

    target: Path
    what: str
    roots: tuple[str, ...]
    chosen: dict[str, str] = field(default_factory=dict)


# Both roots want slf4j-api; the logging implementation needs the newer one.
BROKER = Manifest(
    ROOT / "consumer" / "embedded" / f"kafka-{KAFKA}.jars",
    f"Everything Apache Kafka {KAFKA} needs to run",
    (f"org.apache.kafka:kafka_2.13:{KAFKA}", "org.apache.logging.log4j:log4j-slf4j2-impl:2.25.4"),
    {"org.slf4j:slf4j-api": "2.0.17"},
)
CONNECT = Manifest(
    PEERS / "connect.jars",
    f"What Kafka Connect {KAFKA} needs besides Kafka",
    (f"org.apache.kafka:connect-runtime:{KAFKA}",),
)
DEBEZIUM = Manifest(
    PEERS / "debezium.jars",
    "Debezium's connector for MongoDB",
    ("io.debezium:debezium-connector-mongodb:3.6.1.Final",),
)
MONGO_KAFKA = Manifest(
    PEERS / "mongo-kafka.jars",
    "MongoDB's own connector",
    ("org.mongodb.kafka:mongo-kafka-connect:2.0.1", "org.mongodb:mongodb-driver-sync:4.7.2"),
    # It wants a range of versions, which the resolver does not know.
    {"org.mongodb:mongodb-driver-sync": "4.7.2"},
)


def main() -> None:
    """Resolve, download and hash."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), local_repos=[], timeout=30)
        broker = _versions(context, BROKER)
        _write(context, BROKER, broker)
        connect = _without(_versions(context, CONNECT), broker)
        _write(context, CONNECT, connect)
        for peer in (DEBEZIUM, MONGO_KAFKA):
            _write(context, peer, _without(_versions(context, peer), broker | connect))


def _versions(context: MavenContext, manifest: Manifest) -> dict[str, str]:
    versions: dict[str, str] = {}
    for root in manifest.roots:
        inputs, further = context.resolver.resolve([context.create_dependency(root)])
        for dependency in (*inputs, *further):
            if dependency.scope in ("compile", "runtime", None):
                name = f"{dependency.groupId}:{dependency.artifactId}"
                versions.setdefault(name, manifest.chosen.get(name, dependency.version))
    return versions


def _without(versions: dict[str, str], others: dict[str, str]) -> dict[str, str]:
    """Those that are not there anyway."""
    return {name: version for name, version in versions.items() if name not in others}


def _write(context: MavenContext, manifest: Manifest, versions: dict[str, str]) -> None:
    lines = [f"{_hash(context, name, version)}  {name}:{version}" for name, version in sorted(versions.items())]
    head = f"# {manifest.what}: SHA-256 and Maven coordinates of each jar (make jars)."
    manifest.target.write_text("\n".join([head, *lines, ""]), encoding="ascii")


def _hash(context: MavenContext, name: str, version: str) -> str:
    group, artifact = name.split(":")
    path = context.project(group, artifact).at_version(version).artifact().resolve()
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
