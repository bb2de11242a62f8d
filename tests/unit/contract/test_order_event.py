"""The schema of order events is that of the model, and holds what is really written."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from adapters.orders import Address, Buyer, Order, OrderLine, OrderStatus
from consumer.orders.publishing import encode, headers_of
from consumer.orders.stored import read
from tests.event_contract import contract_files, violations
from tests.order_schema import FILE, schema

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_the_schema_is_that_of_the_model() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == schema(), "say: python -m tests.order_schema"


def test_what_is_written_keeps_the_schemas_and_names_nobody() -> None:
    line = OrderLine(line_id="1", sku="P-1", quantity=1, status=OrderStatus.UNKNOWN)
    order = Order(
        order_id="O-1",
        status=OrderStatus.UNKNOWN,
        vendor_status="NEW_WORD",
        placed_at=AT,
        changed_at=AT,
        lines=(line,),
        buyer=Buyer(name="Anna Rossi"),
        ship_to=Address(name="Anna Rossi"),
    )
    stored = read(None, order, AT)
    assert stored is not None
    (event,) = stored.unpublished
    value = encode("acme/ebay/it/O-1", event)
    headers = {name: text.decode() for name, text in headers_of("acme/ebay/it/O-1", event) if text}
    assert violations("order-event.v1.schema.json", json.loads(value)) == []
    assert violations("order-event-headers.v1.schema.json", headers) == []
    assert b"Anna" not in value
    assert "Anna" not in str(headers)
    assert "order-event.v1.schema.json" in contract_files()
