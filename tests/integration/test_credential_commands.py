"""`marketsync credentials` as a person types it, on a real MongoDB: what it takes, says, and leaves behind."""

from __future__ import annotations

import base64
import re
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consumer.bootstrap.credentials import master_keys
from consumer.cli import app
from consumer.embedded import Endpoints
from consumer.embedded.servers import ServerStatus, Status
from consumer.errors import SettingsError
from consumer.listings.credentials.key_file import BYTES
from consumer.mongo import Collection, Document, connect
from consumer.mongo.encryption import local_provider
from consumer.settings import load_settings
from tests.left_behind import refuse_secrets
from tests.planted import plant, shown_in

Say = Callable[..., str]
ACCOUNT = "acme/ebay/main"
TOKEN = f"v^1.1#i^1#{plant('refresh')}"


@pytest.fixture
def accounts(servers: Endpoints, fresh_name: str) -> Iterator[Collection[Document]]:
    with connect(servers.mongodb_uri) as client:
        database = client[f"marketsync-{fresh_name}"]
        database["accounts"].insert_one({"_id": ACCOUNT, "credentials": {}, "revision": 1})
        yield database["accounts"]
        refuse_secrets(servers, [database.name], "")
        client.drop_database(database)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "master.keys"
    path.parent.mkdir()
    path.write_text(base64.b64encode(bytes(BYTES)).decode())
    return path


@pytest.fixture
def say(
    servers: Endpoints,
    accounts: Collection[Document],
    key_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Say:
    """Runs a command of an installation of its own; returns what it printed, errors too."""
    variables = {
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_DATABASE": accounts.database.name,
        "MARKETSYNC_HOME": str(tmp_path / "home"),
        "MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE": str(key_file),
        "COLUMNS": "200",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0, typed: str = "") -> str:
        result = CliRunner().invoke(app, ["credentials", *words], input=typed, catch_exceptions=False)
        assert shown_in(result.output) is None, "a secret was shown"
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    return run


def test_a_credential_is_taken_from_standard_input_or_a_file_and_never_shown(
    say: Say, accounts: Collection[Document], tmp_path: Path
) -> None:
    said = say("set", ACCOUNT, "refresh_token", "--file", "-", typed=f"{TOKEN}\n")
    assert "refresh_token of acme/ebay/main is set, ends in 54" in said, "547.5 days, as eBay says"
    assert "18 months" in said
    path = tmp_path / "secret"
    path.write_text(f" {TOKEN} \n")
    assert "is set, ends in" in say("set", ACCOUNT, "refresh_token", "--file", str(path))
    say("set", ACCOUNT, "api_secret", "--file", str(path), "--expires", "2199-05-01")
    document = accounts.find_one({"_id": ACCOUNT})
    assert document is not None
    assert document["revision"] == 4
    assert document["credentials"]["api_secret"]["expires_at"] == datetime(2199, 5, 1, tzinfo=UTC)
    listed = say("list")
    assert re.search(r"acme/ebay/main │ api_secret │ ends in \d+ days, on 2199-05-01", listed)
    assert "refresh_token" in listed
    assert "forgotten" in say("remove", ACCOUNT, "refresh_token")
    assert "nothing was done" in say("remove", ACCOUNT, "refresh_token")


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("acme/ebay/none", "refresh_token"), TOKEN, "there is no account 'acme/ebay/none'"),
        ((ACCOUNT, "api_url"), TOKEN, "api_url is no credential of ebay; there are: api_secret, refresh_token"),
        ((ACCOUNT, "refresh_token"), " \n", "the credential is empty: nothing was stored"),
        ((ACCOUNT, "refresh_token"), f"token {TOKEN}", "blanks or line breaks inside"),
        ((ACCOUNT, "refresh_token", "--expires", "soon"), TOKEN, "--expires: 'soon' is no date"),
        ((ACCOUNT, "refresh_token", "--expires", "2020-01-01"), TOKEN, "--expires: 2020-01-01 has passed"),
    ],
)
def test_what_cannot_be_set_is_told_in_one_line(
    say: Say, accounts: Collection[Document], words: tuple[str, ...], typed: str, told: str
) -> None:
    before = accounts.find_one({"_id": ACCOUNT})
    code = 1 if "no account" in told else 2
    assert told in say("set", *words, "--file", "-", code=code, typed=typed)
    assert accounts.find_one({"_id": ACCOUNT}) == before


def test_nobody_is_asked_where_nobody_is(say: Say) -> None:
    assert "by --file FILE" in say("set", ACCOUNT, "refresh_token", code=2, typed=TOKEN)


def test_keys_are_rotated_from_the_data_key_to_the_master_key(say: Say, key_file: Path) -> None:
    say("set", ACCOUNT, "refresh_token", "--file", "-", typed=TOKEN)
    assert "1 credentials are under data key 2 now" in say("rotate-keys")
    assert "one more master key, the first" in say("new-master-key")
    assert "1 credentials are under data key 3 now; 2 older data keys" in say("rotate-keys")
    first, *_ = key_file.read_text().splitlines()
    key_file.write_text(first)
    assert "1 credentials are under data key 4 now" in say("rotate-keys"), "the former key is needed no more"
    key_file.unlink()
    assert "holds a new master key" in say("new-master-key", str(key_file))
    lost = say("rotate-keys", code=2)
    assert "data keys need master keys that the settings do not have: local:" in lost
    given_up = say("rotate-keys", "--give-up-lost-keys", code=1)
    assert "left as it is: account acme/ebay/main: credential refresh_token cannot be opened" in given_up
    say("set", ACCOUNT, "refresh_token", "--file", "-", typed=TOKEN)
    assert "1 credentials are under data key 6 now" in say("rotate-keys", "--give-up-lost-keys")


def test_what_ends_or_is_old_stands_in_the_list(say: Say, accounts: Collection[Document]) -> None:
    soon = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    say("set", ACCOUNT, "refresh_token", "--file", "-", "--expires", soon, typed=TOKEN)
    long_ago = datetime.now(UTC) - timedelta(days=100)
    accounts.update_one({"_id": ACCOUNT}, {"$set": {"credentials.refresh_token.set_at": long_ago}})
    listed = say("list")
    assert "it ends in 5 days" in listed
    assert "it has not been changed for 100 days" in listed


@pytest.mark.usefixtures("say")
def test_the_master_key_is_found_or_asked_for_by_name(
    servers: Endpoints, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = local_provider(bytes(BYTES))
    assert master_keys(load_settings(), servers).current == own
    monkeypatch.setenv("MARKETSYNC_CREDENTIALS_MASTER_KEYS", key_file.read_text())
    with pytest.raises(SettingsError, match="both MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE and"):
        master_keys(load_settings(), servers)
    monkeypatch.delenv("MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE")
    assert master_keys(load_settings(), servers).current == own
    monkeypatch.delenv("MARKETSYNC_CREDENTIALS_MASTER_KEYS")
    elsewhere = Endpoints("mongodb://db.example.test", "kafka.example.test:9092")
    with pytest.raises(SettingsError, match=r"^MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE is missing.*new-master-key FILE"):
        master_keys(load_settings(), elsewhere)
    assert not (tmp_path / "home" / "master.keys").exists(), "nothing is made up for servers of others"


@pytest.mark.usefixtures("say")
def test_a_key_management_service_is_passed_on_beside_the_local_keys(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKETSYNC_CREDENTIALS_PROVIDER", "aws")
    monkeypatch.setenv("MARKETSYNC_CREDENTIALS_PROVIDER_OPTIONS", f'{{"secretAccessKey": "{plant("aws")}"}}')
    monkeypatch.setenv("MARKETSYNC_CREDENTIALS_PROVIDER_KEY", '{"region": "eu-south-1", "key": "arn:aws:kms:x"}')
    found = master_keys(load_settings(), servers)
    assert found.current == "aws"
    assert found.providers["aws"] == {"secretAccessKey": plant("aws")}
    assert local_provider(bytes(BYTES)) in found.providers, "what is under it can still be opened, and moved"
    assert found.key == {"region": "eu-south-1", "key": "arn:aws:kms:x"}
    assert shown_in(repr(found)) is None


def test_servers_of_this_machine_get_a_key_of_their_own(
    servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    mongod, kafka = servers.mongodb_uri, servers.kafka_bootstrap_servers
    here = Status(home, ServerStatus("mongod", 1, mongod), ServerStatus("Kafka", 1, kafka))
    monkeypatch.setenv("MARKETSYNC_HOME", str(home))
    monkeypatch.setattr("consumer.embedded.status", lambda _: here)
    found = master_keys(load_settings(), servers)
    assert found == master_keys(load_settings(), servers), "made once"
    assert stat.S_IMODE((home / "master.keys").stat().st_mode) == 0o600
