"""What `marketsync accounts add` asks of a person at a keyboard."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import typer

from consumer.cli.accounts import _asked, _given
from consumer.errors import SettingsError
from tests.planted import plant
from tests.unit.listings.accounts.making import make_account_document


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a person types for each credential; "" where it is not here."""
    answers: dict[str, str] = {}

    def ask(question: str, **options: Any) -> str:
        assert options["hide_input"]
        return answers.get(question.split()[0], "")

    monkeypatch.setattr(typer, "prompt", ask)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    return answers


def test_of_each_group_of_credentials_one_is_enough(keyboard: dict[str, str]) -> None:
    keyboard.update(api_secret=f" {plant('asked')}\n", refresh_token=plant("first"), access_token=plant("second"))
    found = {name: secret.get_secret_value() for name, secret in _asked(make_account_document()).items()}
    assert found == {"api_secret": plant("asked"), "refresh_token": plant("first")}


def test_what_is_left_empty_can_be_set_later(keyboard: dict[str, str]) -> None:
    keyboard.update(access_token=plant("only"))
    assert list(_asked(make_account_document())) == ["access_token"]


def test_nobody_is_asked_where_there_is_no_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert _asked(make_account_document()) == {}


def test_a_file_of_credentials_is_a_map_of_texts() -> None:
    assert list(_given(f"api_secret: {plant('file')}\nrefresh_token: ''")) == ["api_secret"]
    for text in ("- a", "api_secret: [a]", "", "a"):
        with pytest.raises(SettingsError, match="must be a map"):
            _given(text)
