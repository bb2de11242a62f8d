"""Products asked for by their codes: as they all were at one time, of whichever tenant, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consumer.embedded import Endpoints
from consumer.mongo import Database, Document, connect
from consumer.mongo import current_products as module
from consumer.mongo.address import read_address
from consumer.mongo.current_products import read_current
from consumer.mongo.documents import decode
from consumer.mongo.pim import PRODUCTS
from consumer.mongo.tenant_products import RegisteredTenants, TenantProducts


@pytest.fixture
def database(servers: Endpoints, fresh_name: str) -> Iterator[Database[Document]]:
    with connect(servers.mongodb_uri) as client:
        yield client[fresh_name]
        client.drop_database(fresh_name)


def product(code: str, version: int = 1, *, current: bool = True, **more: object) -> Document:
    return {"entity_code": code, "version": version, "isCurrent": current} | more


def test_current_versions_are_found_as_they_were_at_one_time(database: Database[Document]) -> None:
    database[PRODUCTS].insert_many(
        [
            product("A", 1, current=False),
            product("A", 2),
            product("B", 7),
            product("B", 3),
            product("ended", 1, current=False),
            *(product(f"more-{number}") for number in range(250)),
        ]
    )
    reading = read_current(database, ["A", "B", "ended", "unknown", *(f"more-{number}" for number in range(250))])
    found = {code: decode(raw)["version"] for code, raw in reading.documents.items()}
    assert (found["A"], found["B"]) == (2, 7), "of two current versions the newest"
    assert len(found) == 252
    assert (reading.complete, reading.empty) == (True, False)
    before = reading.time
    database[PRODUCTS].insert_one(product("unknown"))
    later = read_current(database, ["unknown"])
    assert later.time > before
    assert set(later.documents) == {"unknown"}


def test_what_is_not_there_is_told_from_a_catalogue_that_is_empty(database: Database[Document]) -> None:
    assert read_current(database, ["A"]).empty, "no collection"
    database[PRODUCTS].insert_one(product("A", current=False))
    assert read_current(database, ["A"]).empty, "no current product"
    database[PRODUCTS].insert_one(product("B"))
    assert not read_current(database, ["A"]).empty
    assert read_current(database, ["A"]).time > (0, 0)


def test_a_reading_is_bounded_and_says_so(database: Database[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 5_000)
    database[PRODUCTS].insert_many([product(f"P-{number}", text="x" * 1_000) for number in range(20)])
    reading = read_current(database, [f"P-{number}" for number in range(20)])
    assert not reading.complete
    assert 0 < len(reading.documents) < 20
    assert not reading.empty


def test_tenants_of_the_registry_are_read_where_they_are(
    servers: Endpoints, database: Database[Document], fresh_name: str
) -> None:
    home, now = database.client, [0.0]
    elsewhere = servers.mongodb_uri.replace("127.0.0.1", "localhost")
    registry = database["tenants"]
    registry.insert_many(
        [
            {"tenant_id": "here", "status": "active", "database": {"mongo_db": fresh_name}},
            {"tenant_id": "there", "status": "active", "database": {"mongo_url": elsewhere, "mongo_db": "there"}},
            {"tenant_id": "gone", "status": "suspended"},
        ]
    )
    database[PRODUCTS].insert_one(product("A"))
    tenants = RegisteredTenants(
        home, fresh_name, address=read_address(servers.mongodb_uri), interval=2, clock=lambda: now[0]
    )
    opened = []

    def open_client(address: str) -> object:
        opened.append(address)
        return connect(address)

    products = TenantProducts(home, tenants.find, open_client)  # type: ignore[arg-type]  # a client all the same
    here, there = products.read("here", ["A"]), products.read("there", ["A"])
    assert here is not None
    assert set(here.documents) == {"A"}
    assert there is not None
    assert there.empty
    assert products.read("there", ["A"]) is not None
    assert opened == [elsewhere], "one client for each MongoDB"
    assert products.read("gone", ["A"]) is None
    assert products.read("unknown", ["A"]) is None
    registry.update_one({"tenant_id": "gone"}, {"$set": {"status": "active"}})
    assert products.read("gone", ["A"]) is None, "it is not asked for every reading"
    now[0] = 2.0
    assert products.read("gone", ["A"]) is not None
    products.close()
