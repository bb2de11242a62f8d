"""The audit over a real MongoDB: what commands write down, how it is found again, and that no secret stands there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from typer.testing import CliRunner

from consumer.cli import app
from consumer.control.audit import COLLECTION, Audit, AuditEntry, AuditFilter
from consumer.embedded import Endpoints
from consumer.logs import SecretCutter
from consumer.mongo import AsyncCollection, Document, connect_async

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECRET = "v3ry-s3cret-value-0123"


@pytest.fixture
async def collection(servers: Endpoints, fresh_name: str) -> AsyncIterator[AsyncCollection[Document]]:
    async with connect_async(servers.mongodb_uri) as client:
        yield client[f"marketsync-{fresh_name}"][COLLECTION]
        await client.drop_database(f"marketsync-{fresh_name}")


async def test_what_was_noted_is_found_again_by_page_and_tenant(collection: AsyncCollection[Document]) -> None:
    audit = Audit(collection, SecretCutter([SECRET]))
    await audit.prepare(30)
    await audit.prepare(40)  # another number of days takes the place of the first
    for number in range(5):
        about = AuditEntry(AT + timedelta(seconds=number), "cli:ann@here", "pause", f"t{number % 2}", "ebay/main")
        await audit.note(about)

    first = await audit.entries(AuditFilter(tenant="t0"), 2)
    rest = await audit.entries(AuditFilter(tenant="t0", before=first[-1].id), 2)

    assert [entry.at.second for entry in (*first, *rest)] == [4, 2, 0]
    assert await audit.entries(AuditFilter(what="paus", since=AT + timedelta(seconds=4))) == [first[0]]
    assert await audit.entries(AuditFilter(what="resume")) == []
    indexes = await collection.index_information()
    assert indexes["expiry"]["expireAfterSeconds"] == 40 * 86400
    with pytest.raises(ValueError, match="no entry's id"):
        await audit.entries(AuditFilter(before="nonsense"))


async def test_no_secret_is_written_wherever_it_was_given(collection: AsyncCollection[Document]) -> None:
    audit = Audit(collection, SecretCutter([SECRET]))
    details = {"why": f"because {SECRET}", "api_secret": "anything-at-all", "a.$b": "odd name", "n": 3}
    await audit.note(AuditEntry(AT, f"cli:{SECRET}", "change", "t", f"x {SECRET}", details))

    stored = await collection.find_one()
    (entry,) = await audit.entries(AuditFilter())
    assert SECRET not in str(stored)
    assert "anything-at-all" not in str(stored)
    assert entry.details["a.$b"] == "odd name"
    assert entry.details["n"] == 3


async def test_a_huge_text_is_cut(collection: AsyncCollection[Document]) -> None:
    audit = Audit(collection, SecretCutter())
    await audit.note(AuditEntry(AT, "api:x", "y", details={f"d{n}": "z" * 10_000 for n in range(500)}))
    (entry,) = await audit.entries(AuditFilter())
    assert len(str(entry.details)) < 20_000


@pytest.fixture
def say(servers: Endpoints, fresh_name: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    variables = {
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_DATABASE": f"marketsync-{fresh_name}",
        "MARKETSYNC_TOPICS_PREFIX": f"{fresh_name}.",
        "COLUMNS": "250",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_commands_that_change_something_are_noted(say: Callable[..., str]) -> None:
    say("pause", "--channel", "ebay", "--account", "main", "--tenant", "acme", "--why", "stocktake")
    say("resume", "--channel", "ebay", "--account", "main", "--tenant", "acme")
    say("held", "drop", "--channel", "ebay", "--yes")
    say("held", "list")

    entries = orjson.loads(say("audit", "--json"))

    assert [entry["what"] for entry in entries] == ["held drop", "resume", "pause"]
    assert entries[2]["subject"] == "ebay/main"
    assert entries[2]["tenant"] == "acme"
    assert entries[2]["details"] == {"why": "stocktake"}
    assert entries[2]["who"].startswith("cli:")
    assert "stocktake" in say("audit", "--what", "pause", "--last", "1", "--from", "1h")
