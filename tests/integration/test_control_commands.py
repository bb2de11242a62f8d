"""The commands of control on real servers, as a person types them: what they say, and what they leave behind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consumer.cli import app
from consumer.delivery.dead_letters import GivenUp, dead_letter_headers
from consumer.embedded import Endpoints
from consumer.events import JOB, REDRIVES, Operation, encode_headers, encode_key, encode_value
from consumer.kafka import ReliableProducer, TopicNames
from consumer.kafka.records import Record
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS
from tests.integration.delivery.reading import read_topic
from tests.left_behind import refuse_secrets
from tests.planted import plant
from tests.unit.delivery.making import make_document, make_event, make_record

Say = Callable[..., str]


@pytest.fixture
def say(servers: Endpoints, fresh_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Say]:
    """Runs a command of an installation of its own; returns what it printed."""
    variables = {
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": fresh_name,
        "MARKETSYNC_DATABASE": f"marketsync-{fresh_name}",
        "MARKETSYNC_TOPICS_PREFIX": f"{fresh_name}.",
        "MARKETSYNC_TOPICS_PARTITIONS": "2",
        "EBAY_ENABLED": "true",
        "EBAY_APP_ID": "app",
        "EBAY_API_SECRET": plant("keyset"),
        "EBAY_REFRESH_TOKEN": plant("refresh"),
        "EBAY_FULFILLMENT_POLICY_ID": "1",
        "EBAY_PAYMENT_POLICY_ID": "2",
        "EBAY_RETURN_POLICY_ID": "3",
        "EBAY_MERCHANT_LOCATION_KEY": "here",
        "EBAY_PRICE_BASIS": "retail",
        "COLUMNS": "200",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0, typed: str = "") -> str:
        result = CliRunner().invoke(app, list(words), input=typed, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    run("init")
    yield run
    databases = [f"vinc-{fresh_name}", f"marketsync-{fresh_name}"]
    refuse_secrets(servers, databases, f"{fresh_name}.")
    with connect(servers.mongodb_uri) as client:
        for name in databases:
            client.drop_database(name)


@pytest.fixture
def producer(servers: Endpoints) -> Iterator[ReliableProducer]:
    producer = ReliableProducer(servers.kafka_bootstrap_servers, max_message_bytes=20_000_000)
    producer.start()
    yield producer
    producer.close(5)


def write_letters(producer: ReliableProducer, names: TopicNames, tenant: str) -> None:
    for number, reason in enumerate(("exhausted", "exhausted", "bug")):
        record = make_record(make_event(f"P-{number}", 1, tenant=tenant), topic=names.of(Operation.UPDATED))
        error = RuntimeError(f"refused: {plant('keyset')}")
        why = GivenUp("g", "ebay", tenant, "default", reason, 4, 1.0, 2_000_000_000.0, error)
        headers = dead_letter_headers(record, why)
        producer.produce(names.dead_letters("ebay"), record.key, record.value, headers).result(20)
    odd = Record(names.of(Operation.UPDATED), 0, 3, b"\xff", b"\x00\xffno event", (), 1.0)
    why = GivenUp("g", "ebay", "", "", "undecodable", 0, 1.0, 2_000_000_000.0, None)
    producer.produce(names.dead_letters("ebay"), odd.key, odd.value, dead_letter_headers(odd, why)).result(20)


def sent(servers: Endpoints, names: TopicNames) -> list[Record]:
    records = read_topic(servers.kafka_bootstrap_servers, names.of(Operation.READ))
    return [record for record in records if JOB in dict(record.headers)]


def test_dead_letters(
    say: Say, producer: ReliableProducer, servers: Endpoints, fresh_name: str, tmp_path: Path
) -> None:
    names = TopicNames(f"{fresh_name}.")
    assert "Dead letters: none." in say("dead-letters", "list")
    write_letters(producer, names, fresh_name)
    listed = say("dead-letters", "list", "--reason", "exhausted")
    assert "RuntimeError" in listed
    assert "ebay-0-1" in listed
    assert "ebay-0-2" not in listed, "that one is a bug"
    found = json.loads(say("dead-letters", "list", "--json"))
    assert sum(row["letters"] for row in found["counts"]) == 4
    shown = say("dead-letters", "show", "ebay-0-0", "--save", str(tmp_path / "letter"))
    assert plant("keyset") not in shown
    assert "kafka_dlt-exception-message: refused: ***" in shown
    assert (tmp_path / "letter.key").read_bytes() == f"{fresh_name}/P-0".encode()
    assert json.loads(say("dead-letters", "show", "ebay-0-3", "--json"))["value"].startswith("(no text; in base64)")
    assert "there is no dead letter" in say("dead-letters", "show", "ebay-0-99", code=2)

    discard = ("dead-letters", "discard", "--channel", "ebay", "--reason", "bug", "--why", "known")
    say(*discard, code=1, typed="n\n")
    assert "1 discarded." in say(*discard, "--yes")
    redrive = ("dead-letters", "redrive", "--channel", "ebay")
    assert "discarded, left alone" in say(*redrive, "--dry-run")
    assert sent(servers, names) == []
    assert "2 brought back" in say(*redrive, "--reason", "exhausted", "--yes", "--rate", "0")
    assert [dict(record.headers)[REDRIVES] for record in sent(servers, names)] == [b"1", b"1"]
    rows = {row["standing"]: row["letters"] for row in json.loads(say("dead-letters", "list", "--json"))["counts"]}
    assert rows == {"redriven": 2, "discarded": 1, "open": 1}
    assert re.search(r"Job redrive-\w+ to ebay, begun .*\(.+@.+\): delivering: 2 sent", say("status"))


def test_replay_resync_and_distrust(say: Say, producer: ReliableProducer, servers: Endpoints, fresh_name: str) -> None:
    names = TopicNames(f"{fresh_name}.")
    for number in (1, 2):
        event = replace(make_event("P-1", number), tenant=fresh_name)
        key = encode_key(fresh_name, "P-1")
        producer.produce(names.of(event.operation), key, encode_value(event), encode_headers(event)).result(20)
    assert "updated" in say("replay", "--channel", "ebay", "--from", "1h", "--dry-run")
    assert sent(servers, names) == []
    assert "1 products sent again to ebay (2 records read" in say("replay", "--channel", "ebay", "--from", "1h")
    assert "0 products sent again" in say("replay", "--channel", "ebay", "--from", "1h", "--operation", "deleted")
    assert "--from: 'never' is no time" in say("replay", "--channel", "ebay", "--from", "never", code=2)
    assert "no account of the channel 'amazon'" in say("replay", "--channel", "amazon", "--from", "1h", code=2)

    assert "no products at all" in say("resync", "--channel", "ebay", "--dry-run")
    with connect(servers.mongodb_uri) as client:
        products = client[f"vinc-{fresh_name}"][PRODUCTS]
        products.insert_many(make_document(f"P-{number}") for number in range(3))
    assert "3 products sent to ebay" in say("resync", "--channel", "ebay", "--rate", "0")
    codes = ("--code", "P-1", "--code", "GONE")
    assert f"gone: {fresh_name}/GONE" in say("resync", "--channel", "ebay", *codes, "--dry-run")
    assert "2 products sent to ebay" in say("resync", "--channel", "ebay", *codes)
    assert "0 listings of ebay are in doubt now." in say("distrust", "--channel", "ebay", "--yes")
    assert "no such account" in say("distrust", "--channel", "ebay", "--account", "other", code=2)


def test_preview_of_a_product_and_of_all(
    say: Say, servers: Endpoints, fresh_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBAY_CATEGORIES", '{"c-1": "9355"}')
    brand = {"label": "Nordwald"}
    with connect(servers.mongodb_uri) as client:
        products = client[f"vinc-{fresh_name}"][PRODUCTS]
        products.insert_many([make_document(f"P-{number}", brand=brand) for number in range(3)])
        products.insert_one(make_document("P-3", brand=brand, name={}))
        products.insert_one(make_document("P-4", brand=brand, status="draft"))
    shown = say("preview", "P-0")
    assert f"ebay/default/{fresh_name}/P-0 (account is live) create: the channel has no listing of it yet" in shown
    assert "Trapano P-0 versione 1" in shown
    whole = json.loads(say("preview", "P-0", "--account", "ebay/default", "--json"))
    assert whole["payload"]["content"]
    assert whole["problems"] == []
    assert "title" in say("preview", "P-3")
    assert "has no product 'P-9'" in say("preview", "P-9", code=1)
    assert "there is no account 'other'; there are:" in say("preview", "P-0", "--account", "other", code=2)
    report = json.loads(say("preview", "--json"))
    assert report["products"] == 5
    counts = {row["verdict"]: row["count"] for row in report["verdicts"]}
    assert counts == {"create": 3, "invalid": 1, "unlisted": 1}
    assert report["problems"][0]["examples"] == ["P-3"]
    assert "5 products looked at; the account shows 0 listings. Nothing was sent." in say("preview")
    with connect(servers.mongodb_uri) as client:
        assert client[f"marketsync-{fresh_name}"]["listings"].count_documents({}) == 0
