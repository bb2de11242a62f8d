"""Local master keys: 96 random bytes each, in base64, one a line. The first encrypts, all of them decrypt."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from consumer.errors import SettingsError

BYTES = 96  # what libmongocrypt wants of a local master key
_OWNER_ONLY = 0o600

Random = Callable[[int], bytes]


def parse_keys(text: str, where: str) -> tuple[bytes, ...]:
    """The keys in a text of lines, or separated by commas. where: names the setting in what is complained of.

    Raises SettingsError; its message quotes nothing of the text.
    """
    lines = [line.strip() for line in text.replace(",", "\n").splitlines()]
    keys = []
    for number, line in enumerate((line for line in lines if line), start=1):
        try:
            key = base64.b64decode(line, validate=True)
        except binascii.Error:
            raise SettingsError(f"{where}: key {number} is no base64. {_CURE}") from None
        if len(key) != BYTES:
            raise SettingsError(f"{where}: key {number} has {len(key)} bytes, a master key has {BYTES}. {_CURE}")
        keys.append(key)
    if not keys:
        raise SettingsError(f"{where}: there is no key in it. {_CURE}")
    return tuple(keys)


_CURE = "Make one: `marketsync credentials new-master-key FILE`."


def read_keys(path: Path, setting: str) -> tuple[bytes, ...]:
    """The keys in a file. setting: what names the file. Raises SettingsError."""
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise SettingsError(
            f"{setting}: there is no file {path}. Put the master key there that this database is encrypted with; only"
            f" where there is none yet: `marketsync credentials new-master-key {path}`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting}: {path} cannot be read ({type(error).__name__})") from None
    return parse_keys(text, f"{setting} ({path})")


def make_key_file(path: Path, random: Random = secrets.token_bytes) -> None:
    """A file with one new key that only its owner may read, unless there is a file: whoever came first, wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = _written(path, _line(random))
    try:
        with suppress(FileExistsError):
            os.link(fresh, path)  # all of it or nothing, and never over another
    finally:
        fresh.unlink()


def add_key(path: Path, random: Random = secrets.token_bytes) -> None:
    """A new key before those that the file has, which stay."""
    _written(path, _line(random) + path.read_text(encoding="ascii")).replace(path)


def _line(random: Random) -> str:
    return base64.b64encode(random(BYTES)).decode() + "\n"


def _written(path: Path, text: str) -> Path:
    """A file beside the other one. Nobody else could read it at any moment."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return fresh
