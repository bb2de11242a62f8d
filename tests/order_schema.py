"""The schema of order events, made from the model of orders. `python -m tests.order_schema` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapters.orders import Order
from consumer.orders.stored import PERSONAL

FILE = Path(__file__).parents[1] / "consumer" / "contract" / "order-event.v1.schema.json"


def schema() -> dict[str, Any]:
    """The value of a record: whose order, the number of the event, the order without who bought."""
    order = Order.model_json_schema(mode="serialization")
    definitions = order.pop("$defs")
    for name in PERSONAL:
        del order["properties"][name]
    order["required"] = [name for name in order.get("required", ()) if name not in PERSONAL]
    order["description"] = "The order as the channel showed it last. Who bought is never in it."
    own = {"type": "string", "minLength": 1}
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What became of an order",
        "type": "object",
        "required": ["tenant", "channel", "account", "number", "order"],
        "properties": {
            "tenant": {**own, "description": "Whose account sold."},
            "channel": {**own, "description": "Where it was sold."},
            "account": {**own, "description": "The selling account."},
            "number": {"type": "integer", "minimum": 1, "description": "Counts the events of this order."},
            "order": order,
        },
    }
    used = _used(definitions, made)
    return {**made, "$defs": {name: definitions[name] for name in sorted(used)}}


def _used(definitions: dict[str, Any], made: dict[str, Any]) -> set[str]:
    """Names of the definitions that are referred to, also by each other."""
    used: set[str] = set()
    text = json.dumps(made)
    while more := {name for name in definitions if f'"#/$defs/{name}"' in text} - used:
        used |= more
        text += "".join(json.dumps(definitions[name]) for name in more)
    return used


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
