"""`marketsync held` and `marketsync history` as a person types them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from adapters.model import Money, Operation
from consumer.cli import app
from consumer.embedded import Endpoints
from consumer.listings.brakes import Brake
from consumer.listings.codec import from_document, to_document
from consumer.listings.history import COLLECTION as HISTORY
from consumer.listings.owed import Cause, Leave
from consumer.listings.state import ListingState, Status, Version
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.mongo import Collection, Document, connect
from tests.unit.delivery.making import make_sequence

Say = Callable[..., str]
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def say(servers: Endpoints, fresh_name: str, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command of an installation of its own; returns what it printed."""
    variables = {
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": fresh_name,
        "MARKETSYNC_DATABASE": f"marketsync-{fresh_name}",
        "MARKETSYNC_TOPICS_PREFIX": f"{fresh_name}.",
        "MARKETSYNC_TOPICS_PARTITIONS": "2",
        "COLUMNS": "250",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    run("init")
    return run


@pytest.fixture
def listings(servers: Endpoints, fresh_name: str) -> Iterator[Collection[Document]]:
    with connect(servers.mongodb_uri) as client:
        yield client[f"marketsync-{fresh_name}"][LISTINGS]
        client.drop_database(f"marketsync-{fresh_name}")


def held(code: str, brake: Brake, *, price: str = "9.90", quantity: int = 7) -> Document:
    """A listing that a brake holds, as delivery leaves it."""
    money = Money(Decimal("9.90"), "EUR")
    accepted = Version(make_sequence(1), Operation.CREATE, code, AT, price=money, quantity=7)
    wants = replace(accepted, operation=Operation.REVISE_OFFER, price=Money(Decimal(price), "EUR"), quantity=quantity)
    state = ListingState(
        f"ebay/main/shop/{code}", 2, make_sequence(2), Status.LIVE, AT, AT, sku=code, sent=accepted, accepted=accepted
    )
    owed = {"cause": Cause.HELD.value, "since": AT, "due": AT, "sequence": make_sequence(2), "mark": "m"}
    words = {"words": f"too much ({brake.value})", "brake": brake.value}
    return {**to_document(replace(state, proposed=wants)), "partition": 0, "owed": owed | words}


def test_a_person_sees_what_is_held_and_decides_brake_by_brake(say: Say, listings: Collection[Document]) -> None:
    assert "Nothing is held" in say("held", "list")
    listings.insert_many(
        [
            held("P-1", Brake.PRICE_CHANGE, price="0.99"),
            held("P-2", Brake.MASS_ZERO_STOCK, quantity=0),
            held("P-3", Brake.MASS_ZERO_STOCK, quantity=0),
        ]
    )
    shown = say("held", "list", "--channel", "ebay")
    assert "P-1 (9.90 → 0.99 EUR)" in shown
    assert "P-2 (7 → 0 pieces), P-3 (7 → 0 pieces)" in shown
    assert "price_change" in shown
    assert "too much (mass_zero_stock)" in shown
    wrong = CliRunner().invoke(app, ["held", "list", "--brake", "prices"])
    assert wrong.exit_code == 2

    only = ("--channel", "ebay", "--account", "main", "--brake", "mass_zero_stock", "--yes")
    assert "2 listings are released" in say("held", "release", *only)
    assert "1 listings stay as they are" in say("held", "drop", "--channel", "ebay", "--yes")
    states = [from_document(document) for document in listings.find().sort("_id", 1)]
    assert states[0].owed is None
    for state in states[1:]:
        assert state.owed is not None
        assert state.owed.cause is Cause.RELEASED
        assert state.owed.leave == Leave(Operation.REVISE_OFFER, Money(Decimal("9.90"), "EUR"), 0)
    assert "Nothing is held" in say("held", "list")


def test_the_history_of_a_product_says_where_its_listings_stand(say: Say, listings: Collection[Document]) -> None:
    assert "There is no listing of P-1" in say("history", "P-1")
    listings.insert_one(held("P-1", Brake.PRICE_CHANGE, price="0.99"))
    entry = {"reason": "change", "operation": "create", "outcome": "accepted", "sequence": "1", "price": "9.90 EUR"}
    identity = {"_id": "ebay/main/shop/P-1 @2026-06-01T12:00:00.000 00000001", "at": AT}
    listings.database[HISTORY].insert_one({**identity, **entry, "quantity": 7, "waited": 1.25})
    told = say("history", "P-1")
    for words in (
        "ebay/main/shop/P-1",
        "wanted listed",
        "work held",
        "next A person decides, with `marketsync held`: too much (price_change).",
        "wants 2026-06-01 12:00:00 revise_offer 0.99 EUR, 7 pieces",
        "accepted 2026-06-01 12:00:00 create 9.90 EUR, 7 pieces",
        "confirmed -",
        "2026-06-01 12:00:00 │ change │ create │ accepted │ 9.90 EUR │ 7 │ 1.2 s",
    ):
        assert words in told
