"""What an installation leaves on the servers is looked through: a planted secret in the clear is found there."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from consumer.embedded import Endpoints
from consumer.kafka import TopicNames, ensure_topics
from consumer.kafka.removal import remove_installation
from consumer.mongo import Database, Document, connect
from consumer.settings import TopicSettings
from tests.left_behind import refuse_secrets
from tests.planted import plant


@pytest.fixture
def database(servers: Endpoints, fresh_name: str) -> Iterator[Database[Document]]:
    with connect(servers.mongodb_uri) as client:
        yield client[fresh_name]
        client.drop_database(fresh_name)
        remove_installation(servers.kafka_bootstrap_servers, f"{fresh_name}.")


@pytest.mark.parametrize(
    "document",
    [
        {"token": plant("a")},
        {"deep": [{"error": f"refused: Bearer {plant('a')}"}]},
        {"header": base64.b64encode(f"app:{plant('a')}".encode()).decode()},
        {"_id": plant("a")},
        {plant("a"): 1},
    ],
)
def test_in_a_document(servers: Endpoints, database: Database[Document], document: Document) -> None:
    database["quiet"].insert_many([{"n": n} for n in range(300)])
    refuse_secrets(servers, [database.name], "")
    database["accounts"].insert_one(document)
    with pytest.raises(AssertionError, match=rf"in the clear:\n{database.name}\.accounts"):
        refuse_secrets(servers, [database.name], "")


@pytest.mark.parametrize("part", ["key", "value", "header"])
def test_in_a_record(servers: Endpoints, database: Database[Document], part: str) -> None:
    names = TopicNames(f"{database.name}.")
    settings = TopicSettings(prefix=names.prefix, partitions=1)
    ensure_topics(servers.kafka_bootstrap_servers, names, topic_settings=settings, channels=["ebay"], retry_delays=[])
    letters = names.dead_letters("ebay")
    write(servers, letters, b"quiet", b"quiet", b"quiet")
    refuse_secrets(servers, [], names.prefix)
    secret = f"refused {plant('a')}".encode()
    write(servers, letters, *(secret if name == part else b"quiet" for name in ("key", "value", "header")))
    with pytest.raises(AssertionError, match=rf"in the clear:\n{letters}"):
        refuse_secrets(servers, [], names.prefix)


def write(servers: Endpoints, topic: str, key: bytes, value: bytes, header: bytes) -> None:
    producer = Producer({"bootstrap.servers": servers.kafka_bootstrap_servers})
    producer.produce(topic, key=key, value=value, headers=[("kafka_dlt-exception-message", header)])
    assert producer.flush(20) == 0
