"""Variables are read, or refused in one line that names them and never shows what they hold."""

from __future__ import annotations

import pytest

from consumer.errors import SettingsError
from consumer.settings import load_settings
from tests.planted import plant
from tests.settings_table import variables

PLANTED = "{" + plant("secret")


def refusal() -> str | None:
    """The words in which the variables are refused, None if they are taken."""
    try:
        load_settings()
    except SettingsError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", variables())
def test_whatever_a_variable_holds_it_is_taken_or_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, PLANTED)
    words = refusal()
    assert words is None or (name in words and PLANTED not in words and "\n" not in words)


def test_a_map_that_is_no_json_is_refused_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EBAY_CATEGORIES", "{bad")
    with pytest.raises(SettingsError, match=r'^EBAY_CATEGORIES: must be a map in JSON, such as \{"cat-1": "9355"\}'):
        load_settings()


def test_a_wrong_entry_of_a_map_is_named_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EBAY_CATEGORIES", '{"cat-1": ["9355"]}')
    with pytest.raises(SettingsError, match=r"^EBAY_CATEGORIES \(cat-1\): "):
        load_settings()


@pytest.mark.parametrize("name", variables())
def test_an_empty_variable_counts_as_not_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name, raising=False)
    unset = load_settings()
    monkeypatch.setenv(name, "")
    assert load_settings() == unset


def test_the_old_queues_variables_count_only_where_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().delivery.concurrency == 8
    monkeypatch.setenv("SYNC_WORKER_CONCURRENCY", "2")
    assert load_settings().delivery.concurrency == 2
    monkeypatch.setenv("MARKETSYNC_DELIVERY_CONCURRENCY", "5")
    assert load_settings().delivery.concurrency == 5
