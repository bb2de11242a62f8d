"""What an installation left on the servers, looked through for planted secrets before it is removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from confluent_kafka.admin import AdminClient

from consumer.embedded import Endpoints
from consumer.kafka.brokers import security_of
from consumer.mongo import connect
from tests.planted import shown_in
from tests.reading import headers_of, read_messages


def refuse_secrets(servers: Endpoints, databases: Sequence[str], topics: str) -> None:
    """Fails where a planted secret stands in the clear in these databases, or in topics with this prefix."""
    found = [*_in_databases(servers.mongodb_uri, databases), *_in_topics(servers.kafka_bootstrap_servers, topics)]
    assert not found, "\n".join(["a planted secret stands in the clear:", *found])


def _in_databases(uri: str, databases: Sequence[str]) -> Iterator[str]:
    """All documents of all collections, as the bytes they are stored as."""
    with connect(uri) as client:
        for database in databases:
            for name in client[database].list_collection_names():
                if name.startswith("system."):
                    continue
                for batch in client[database][name].find_raw_batches():
                    if words := shown_in(bytes(batch)):  # type: ignore[arg-type]  # bytes, whatever the stub says
                        yield f"{database}.{name}: {words}"


def _in_topics(kafka: str, prefix: str) -> Iterator[str]:
    """All committed records: keys, headers, values. Dead letters and traces are among them."""
    topics = list(AdminClient({"bootstrap.servers": kafka, **security_of(kafka)}).list_topics(timeout=10).topics)
    for message in read_messages(kafka, [name for name in topics if prefix and name.startswith(prefix)]):
        headers = b" ".join(name.encode() + b"=" + value for name, value in headers_of(message))
        for part in (message.key(), headers, message.value()):
            if isinstance(part, bytes) and (words := shown_in(part)):
                yield f"{message.topic()}: {words}"
