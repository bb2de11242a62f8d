"""Apache Kafka's jars: named with version and SHA-256 in the package, downloaded once per user, checked at each start.

With all of them in the cache no network is needed. Nothing is ever run whose hash is not the pinned one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from consumer.embedded.errors import ELSEWHERE, EmbeddedError

KAFKA_VERSION = "4.3.1"
_DOWNLOADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """Its name in the cache."""
        return f"{self.artifact}-{self.version}.jar"


def pinned_jars() -> list[Jar]:
    """What Kafka runs on, from the manifest in this package."""
    return parse_manifest((files(__package__) / f"kafka-{KAFKA_VERSION}.jars").read_text(encoding="ascii"))


def parse_manifest(text: str) -> list[Jar]:
    """Lines `sha256  group:artifact:version`, with # comments. Raises ValueError on anything else."""
    jars = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            sha256, coordinates = line.split()
            group, artifact, version = coordinates.split(":")
            jars.append(Jar(group, artifact, version, sha256))
    return jars


def prepare(cache: Path, jars: Sequence[Jar], say: Callable[[str], None]) -> list[Path]:
    """The jars' paths, in manifest order, all there and all right; those missing are downloaded.

    say: gets one line before a download. Raises EmbeddedError when one is not what was pinned or cannot be had.
    """
    folder = cache / f"kafka-{KAFKA_VERSION}"
    missing = [jar for jar in jars if not (folder / jar.file).is_file()]
    if missing:
        say(f"Downloading Apache Kafka {KAFKA_VERSION} into {folder} ({len(missing)} files, once per user) ...")
        _download(missing, folder)
    for jar in jars:
        _check(folder / jar.file, jar)
    return [folder / jar.file for jar in jars]


def _check(path: Path, jar: Jar) -> None:
    with path.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != jar.sha256:
        raise EmbeddedError(
            f"{path} is not the file that marketsync is pinned to (SHA-256 {found}, should be {jar.sha256}):"
            f" delete it and start again, {ELSEWHERE}"
        )


def _download(missing: Sequence[Jar], folder: Path) -> None:
    """Into a folder aside, checked there, and moved in place whole: two processes may do this at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="downloading-") as aside:
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            paths = list(pool.map(lambda jar: _fetch(jar, Path(aside), folder), missing))
        for jar, path in zip(missing, paths, strict=True):
            _check(path, jar)
            os.replace(path, folder / jar.file)


def _fetch(jar: Jar, aside: Path, folder: Path) -> Path:
    # Imported here: a start with a full cache needs neither it nor the HTTP client below it.
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=aside, local_repos=[], timeout=30)
    try:
        return context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except Exception as error:  # whatever the resolver raises, the cure is the same
        raise EmbeddedError(
            f"cannot download {jar.group}:{jar.artifact}:{jar.version} from Maven Central ({error}): connect once,"
            f" or put the file into {folder} by hand, {ELSEWHERE}"
        ) from error
