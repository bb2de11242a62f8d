"""Write the manifest of the jars that Apache Kafka needs: `make jars`, after changing a version here.

Kafka and its logging are resolved apart from each other: the logging project's version table also names some of Kafka's
own libraries, in older versions.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import MavenContext

KAFKA = "4.3.1"
TARGET = Path(__file__).parent.parent / "consumer" / "embedded" / f"kafka-{KAFKA}.jars"
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA}", "org.apache.logging.log4j:log4j-slf4j2-impl:2.25.4")
# Both roots want it; the logging implementation needs the newer one.
CHOSEN = {"org.slf4j:slf4j-api": "2.0.17"}


def main() -> None:
    """Resolve, download and hash."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), local_repos=[], timeout=30)
        versions: dict[str, str] = {}
        for root in ROOTS:
            inputs, further = context.resolver.resolve([context.create_dependency(root)])
            for dependency in (*inputs, *further):
                if dependency.scope in ("compile", "runtime", None):
                    name = f"{dependency.groupId}:{dependency.artifactId}"
                    versions.setdefault(name, CHOSEN.get(name, dependency.version))
        lines = [f"{_hash(context, name, version)}  {name}:{version}" for name, version in sorted(versions.items())]
    head = f"# Everything Apache Kafka {KAFKA} needs to run: SHA-256 and Maven coordinates of each jar (make jars)."
    TARGET.write_text("\n".join([head, *lines, ""]), encoding="ascii")


def _hash(context: MavenContext, name: str, version: str) -> str:
    group, artifact = name.split(":")
    path = context.project(group, artifact).at_version(version).artifact().resolve()
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
