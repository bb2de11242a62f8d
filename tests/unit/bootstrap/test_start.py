"""Which servers are used, and which secrets are known to the logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.bootstrap.start import configured_servers, find_servers, secrets_of
from consumer.errors import SettingsError, UnavailableError
from consumer.settings import Settings, load_settings
from tests.planted import plant

URI = "mongodb://shop:p%40ssword@db.example.test/?replicaSet=rs0"


def settings_with(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_both_servers_are_configured_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured_servers(load_settings()) is None
    with pytest.raises(SettingsError, match="KAFKA_BOOTSTRAP_SERVERS is missing"):
        configured_servers(settings_with(monkeypatch, MONGODB_URI=URI))
    found = configured_servers(settings_with(monkeypatch, KAFKA_BOOTSTRAP_SERVERS="kafka:9092"))
    assert found is not None
    assert (found.mongodb_uri, found.kafka_bootstrap_servers) == (URI, "kafka:9092")


def test_only_kafka_is_as_wrong_as_only_mongodb(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="MONGODB_URI is missing"):
        configured_servers(settings_with(monkeypatch, KAFKA_BOOTSTRAP_SERVERS="kafka:9092"))


def test_without_servers_the_cure_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="marketsync embedded up"):
        find_servers(settings_with(monkeypatch, MARKETSYNC_HOME=str(tmp_path)))


def test_every_secret_is_known_but_the_address_of_mongodb_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(
        monkeypatch,
        MONGODB_URI=URI,
        EBAY_API_SECRET=plant("keyset"),
        EBAY_REFRESH_TOKEN=plant("refresh"),
        EBAY_ACCESS_TOKEN=plant("access"),
    )
    secrets = secrets_of(settings)
    assert {plant("keyset"), plant("refresh"), plant("access"), "p%40ssword", "p@ssword"} <= secrets
    assert URI not in secrets
