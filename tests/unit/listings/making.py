"""Values to start from: one good product, one account, one event. Tests say what differs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.model import Listing
from consumer.events import Operation, ProductEvent, Sequence, change_sequence
from consumer.listings.accounts import Account
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import wanted
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.prices import PriceRules

CODE = "TRAP-750-R"
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
ACCOUNT = Account(
    tenant="shop",
    channel="memory",
    name="default",
    price=PriceRules(basis="retail"),
    categories=Categories(map={"1245": "3000", "644": "9355"}),
)


def make_document(**changes: Any) -> dict[str, Any]:
    """A product as the PIM's schema has it. A field set to `...` is left out."""
    document: dict[str, Any] = {
        "entity_code": CODE,
        "sku": CODE,
        "version": 7,
        "isCurrent": True,
        "isCurrentPublished": True,
        "status": "published",
        "not_visible": False,
        "name": {"it": "Trapano a percussione 750 W", "en": "Impact drill 750 W"},
        "description": {"it": "<p>Potente.</p>", "en": "<p>Strong.</p>"},
        "brand": {"brand_id": "b-1", "label": "Nordwald", "slug": "nordwald"},
        "product_model": "NW-750R",
        "ean": ["4006381333931"],
        "category": {
            "category_id": "644",
            "name": {"it": "Trapani", "en": "Drills"},
            "parent_id": "1244",
            "level": 2,
            "path": ["1245", "1244"],
            "hierarchy": [{"category_id": "1245", "level": 0}, {"category_id": "1244", "level": 1}],
        },
        "attributes": {"it": [{"key": "color", "label": "Colore", "value": "Rosso"}]},
        "images": [{"url": "https://img.example.test/a.jpg", "cdn_key": "a.jpg", "position": 0}],
        "pricing": {
            "list": 58.0,
            "retail": 99.9,
            "sale": 89.9,
            "currency": "EUR",
            "vat_rate": 22,
            "vat_included": True,
        },
        "quantity": 12,
        "unit": "pcs",
        "is_parent": True,
        "variants_entity_code": [],
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not ...}


def make_product(**changes: Any) -> Product:
    return read_product(make_document(**changes), CODE)


def make_listing(account: Account = ACCOUNT, **changes: Any) -> Listing:
    target = wanted(make_product(**changes), account, NOW).target
    assert isinstance(target, Listing), target
    return target


def make_sequence(number: int) -> Sequence:
    return change_sequence(1_700_000_000, number, 0)


def make_event(number: int, operation: Operation = Operation.UPDATED, **changes: Any) -> ProductEvent:
    """The event of the product's change `number`."""
    product = None if operation is Operation.DELETED else make_document(**changes)
    return ProductEvent(
        id=f"event-{number}",
        operation=operation,
        tenant=ACCOUNT.tenant,
        entity_code=CODE,
        sequence=make_sequence(number),
        time=datetime(2026, 6, 1, tzinfo=UTC),
        changed=None,
        product=product,
    )
