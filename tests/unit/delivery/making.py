"""Values to start from for delivery's tests: small products, events, records, works."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from consumer.delivery.lanes import Lane
from consumer.delivery.limits import CoreSettings
from consumer.delivery.offsets import Ticket
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.work import Work
from consumer.events import Operation, ProductEvent, Sequence, change_sequence, encode_headers, encode_key, encode_value
from consumer.kafka.records import Partition, Record
from consumer.listings.accounts import Account
from consumer.listings.brakes import NO_BRAKES
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.prices import PriceRules
from consumer.listings.state import ListingKey

CHANNEL = "memory"
START = 1_700_000_000
POLICY = RetryPolicy(attempts=4, backoff=1, ceiling=60, memory_wait=5, delays=(10, 40))
SETTINGS = CoreSettings(
    policy=POLICY, concurrency=2, linger=0.03125, max_waiting=100, background_topics=frozenset({"resync"})
)


def make_account(name: str = "default", tenant: str = "shop", **changes: Any) -> Account:
    account = Account(
        tenant=tenant,
        channel=CHANNEL,
        name=name,
        price=PriceRules(basis="retail", vat_included=True),
        languages=("it",),
        categories=Categories(map={"c-1": "9355"}),
        # Tests change everything at once, as no shop does; those of brakes say which they want.
        brakes=NO_BRAKES,
    )
    return replace(account, **changes)


def make_document(code: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """A product that can be sold; every version looks different. A field set to `...` is left out."""
    document: dict[str, Any] = {
        "entity_code": code,
        "sku": code,
        "isCurrent": True,
        "status": "published",
        "name": {"it": f"Trapano {code} versione {version}"},
        "description": {"it": "Potente."},
        "category": {"category_id": "c-1", "name": {"it": "Trapani"}},
        "images": [{"url": "https://img.example.test/a.jpg", "position": 0}],
        "pricing": {"retail": 100 + version, "currency": "EUR", "vat_included": True},
        "quantity": version,
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not ...}


def make_sequence(number: int) -> Sequence:
    return change_sequence(START, number, 0)


def make_event(
    code: str = "P-1", number: int = 1, operation: Operation = Operation.UPDATED, tenant: str = "shop", **changes: Any
) -> ProductEvent:
    """The event of change number `number` of everything; it is the product's version too."""
    return ProductEvent(
        id=f"event-{number}",
        operation=operation,
        tenant=tenant,
        entity_code=code,
        sequence=make_sequence(number),
        time=datetime.fromtimestamp(START, UTC),
        changed=None,
        product=None if operation is Operation.DELETED else make_document(code, number, **changes),
    )


def make_record(
    event: ProductEvent | None = None, *, topic: str = "updated", partition: int = 0, offset: int = 0
) -> Record:
    event = event or make_event()
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        key=encode_key(event.tenant, event.entity_code),
        value=encode_value(event),
        headers=tuple(encode_headers(event)),
        timestamp=START,
    )


def make_work(
    code: str = "P-1", number: int = 1, *, lane: Lane = Lane.CONTENT, account: str = "default", **changes: Any
) -> Work:
    """A work of a record of its own: offset = number."""
    record = Record("updated", 0, number, b"shop/" + code.encode(), b"{}", (), START)
    work = Work(
        key=ListingKey(CHANNEL, account, "shop", code),
        sequence=make_sequence(number),
        lane=lane,
        record=record,
        ticket=Ticket(Partition("updated", 0), number, 1),
    )
    return replace(work, **changes)
