"""Local master keys: read, or refused by the name of the setting; made so that nobody else can read them."""

from __future__ import annotations

import base64
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.errors import SettingsError
from consumer.listings.credentials.key_file import BYTES, add_key, make_key_file, parse_keys, read_keys
from tests.planted import MARK, plant


def key(number: int) -> bytes:
    return bytes([number]) * BYTES


def line(number: int) -> str:
    return base64.b64encode(key(number)).decode()


def always(number: int) -> Callable[[int], bytes]:
    return lambda count: bytes([number]) * count


def test_keys_stand_on_lines_or_between_commas() -> None:
    assert parse_keys(f"{line(1)}\n\n  {line(2)}\n", "HERE") == (key(1), key(2))
    assert parse_keys(f"{line(1)},{line(2)}", "HERE") == (key(1), key(2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no key in it"),
        (plant("key") + "!", "key 1 is no base64"),
        (base64.b64encode(b"short").decode(), "key 1 has 5 bytes, a master key has 96"),
        (f"{line(1)}\n{line(2)[:64]}", "key 2 has 48 bytes"),
    ],
)
def test_anything_else_is_refused_with_the_setting_and_the_cure(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"^HERE: {words}.*marketsync credentials new-master-key") as caught:
        parse_keys(text, "HERE")
    assert MARK not in str(caught.value)


def test_a_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "home" / "master.keys"
    make_key_file(path, always(1))
    make_key_file(path, always(2))
    assert read_keys(path, "HERE") == (key(1),), "whoever came first, wins"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [found.name for found in path.parent.iterdir()] == ["master.keys"], "nothing else is left"


def test_a_new_key_comes_first_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "master.keys"
    make_key_file(path, always(1))
    add_key(path, always(2))
    assert read_keys(path, "HERE") == (key(2), key(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_files_have_two_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_key_file(tmp_path / name)
    assert read_keys(tmp_path / "one", "HERE") != read_keys(tmp_path / "two", "HERE")


def test_a_missing_file_is_told_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^HERE: there is no file .*gone.*new-master-key"):
        read_keys(tmp_path / "gone", "HERE")
    with pytest.raises(SettingsError, match=r"^HERE: .* cannot be read"):
        read_keys(tmp_path, "HERE")
