"""Memory while the largest documents there can be come one after another."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.mongo import Document, connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.catalogue import product
from tests.benchmarks.installation import FIRST_PORT, Installation, Servers
from tests.benchmarks.meters import peak_megabytes, watch
from tests.benchmarks.table import Figure

_DOCUMENTS = 40
# Text and rows of attributes, as products have them. The server takes 16 MB for the document, and for its event.
_TEXT = 13_100_000
_ROWS = 50_000


def events(servers: Servers) -> list[Figure]:
    """They go through: Kafka takes records of 40 MB by default."""
    return _measure(servers, "large", {})


def dead_letters(servers: Servers) -> list[Figure]:
    """Kafka takes a megabyte: each of them becomes a dead letter."""
    return _measure(servers, "large-refused", {"MARKETSYNC_TOPICS_MAX_MESSAGE_BYTES": "1000000"})


def _measure(servers: Servers, part: str, settings: Mapping[str, str]) -> list[Figure]:
    installation = Installation(servers.endpoints, part, (f"bench-{part}",), settings)
    installation.create()
    installation.begin()
    # Written before capture starts: it finds all of them at once.
    with connect(servers.endpoints.mongodb_uri) as client:
        products = client[tenant_database(installation.tenants[0])][PRODUCTS]
        for number in range(_DOCUMENTS):
            products.insert_one(_large(number))
    with installation.capturing() as process:
        last = watch(process, FIRST_PORT, lambda found: found.written + found.dead_letters >= _DOCUMENTS, every=0.1)
        peak = peak_megabytes(process.pid)
    return [
        Figure(part, "documents of 16 MB as events", last.written),
        Figure(part, "documents of 16 MB as dead letters", last.dead_letters),
        Figure(part, "peak memory, MB", peak, at_most=400),
    ]


def _large(number: int) -> Document:
    rows = [{"key": f"attribute-{row}", "label": "Colore", "value": "Rosso"} for row in range(_ROWS)]
    return product(number) | {"description": {"it": "x" * _TEXT}, "attributes": {"it": rows}}
