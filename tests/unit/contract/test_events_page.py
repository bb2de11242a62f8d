"""docs/events.md is true: its examples keep the contract, its tables and its code do what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from consumer.capture.classify import DeadLetterReason
from consumer.events import Operation, decode
from consumer.kafka import TopicNames
from consumer.mongo.documents import from_extended_json
from tests.event_contract import EVENT, EVENT_HEADERS, EXTENDED_JSON, Json, contract_files, keeps, violations
from tests.newest_state import NewestState, murmur2, partition_of
from tests.unit.contract.making import FORMS
from tests.unit.contract.test_product_event import headers_agree

PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, Json]] = [
    (schema, json.loads(text))
    for schema, text in re.findall(r"^```json (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]
EVENTS = [
    (BLOCKS[place - 1][1], body) for place, (schema, body) in enumerate(BLOCKS) if schema == EVENT
]  # headers stand before their value


def table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    (_, _, rest) = PAGE.partition(f"{heading}\n")
    rows = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    assert rows is not None, heading
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[0].splitlines()[2:]]


def code(cell: str) -> str:
    """What stands in code quotes."""
    found = re.fullmatch(r"`(.*)`", cell)
    assert found is not None, cell
    return found[1]


@pytest.mark.parametrize(("schema", "body"), BLOCKS)
def test_examples_keep_their_schema(schema: str, body: Json) -> None:
    assert violations(schema, body) == []


def test_there_is_an_example_of_everything() -> None:
    assert {body["operation"] for _, body in EVENTS} == set(Operation)
    headers = {name for name in contract_files() if "headers" in name}
    assert headers <= {schema for schema, _ in BLOCKS}
    text = json.dumps([body for _, body in EVENTS])
    assert all(form in text for form in ('"$numberDecimal"', '{"$date": "', '"$numberLong"', '"NaN"', '"$oid"'))
    assert any(body["operation"] == "deleted" and body["before"] for _, body in EVENTS)


@pytest.mark.parametrize(("headers", "body"), EVENTS, ids=lambda part: part.get("operation", "headers"))
def test_examples_of_events_are_what_the_decoder_reads(headers: Json, body: Json) -> None:
    event = decode(
        f"{body['tenant']}/{body['entity_code']}".encode(),
        json.dumps(body).encode(),
        [(name, text.encode()) for name, text in headers.items()],
    )
    assert event.operation == body["operation"]
    assert headers_agree(headers, body)


def test_every_file_and_topic_is_named() -> None:
    for name in contract_files():
        assert f"`{name}`" in PAGE
    names = TopicNames()
    topics = {code(row[0]) for row in table("## Topics")}
    assert topics == {
        *names.products,
        names.positions,
        names.capture_dead_letters,
        names.gaps,
        names.orders,
        names.order_receipts,
        "marketsync.<channel>.retry.<delay>s",
        "marketsync.<channel>.dead-letters",
    }


def test_members_and_headers_are_all_told() -> None:
    assert [code(row[0]) for row in table("## Value")] == contract_files()[EVENT]["required"]
    assert {code(row[0]) for row in table("## Headers")} == set(contract_files()[EVENT_HEADERS]["required"])


def test_reasons_are_all_told() -> None:
    assert {code(row[0]) for row in table("## Dead letters of capture")} == set(DeadLetterReason)


def test_keys_are_where_the_page_says() -> None:
    for key, hashed, partition in table("## Key and partition"):
        assert murmur2(code(key).encode()) == int(hashed)
        assert partition_of(code(key).encode(), 12) == int(partition)


def test_forms_of_extended_json_are_forms() -> None:
    shown = set()
    for row in table("## Documents: Extended JSON"):
        for text in re.findall(r"`(\{.*?\})`", " ".join(row[1:])):
            value = json.loads(text)
            (form,) = [form for form in FORMS if keeps(f"{EXTENDED_JSON}#/$defs/{form}", value)]
            shown.add(form)
            if form in ("decimal", "date", "objectId", "binary", "timestamp", "nonFiniteDouble"):
                assert from_extended_json(value) != value
    assert shown == set(FORMS)


def take_on_the_page() -> tuple[Any, dict[Any, Any]]:
    """The function the page shows, and the states it keeps."""
    (source,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    space: dict[str, Any] = {"json": json, "re": re, "Refused": ValueError, "newest": {}, "states": {}}
    exec(source, space)  # noqa: S102  our own page
    return space["take"], space["states"]


def test_the_code_does_what_the_table_says() -> None:
    take, states = take_on_the_page()
    reader = NewestState()
    drill = [(headers, body) for headers, body in EVENTS if body["entity_code"] == "NW-750"]
    last = drill[1][1]["product"]
    for row in table("### What a reader makes of them"):
        operation, sequence = row[1], code(row[2])
        known = [(headers, body) for headers, body in drill if body["sequence"] == sequence]
        late = drill[1][1] | {"operation": "read", "sequence": sequence}
        headers, body = known[0] if known else (drill[1][0] | {"ce_type": "marketsync.product.read.v1"}, late)
        assert body["operation"] == operation
        before = states.get(("acme", "NW-750"))
        take(headers, json.dumps(body))
        reader.take([(name, text.encode()) for name, text in headers.items()], json.dumps(body).encode())
        assert (states["acme", "NW-750"] != before) == row[4].startswith("takes it")
        assert (("acme", "NW-750") in reader.products) == (states["acme", "NW-750"] is not None)
        assert states["acme", "NW-750"] in (last, None)
    assert states == {("acme", "NW-750"): None}
    with pytest.raises(ValueError, match="v2"):
        take({"ce_type": "marketsync.product.read.v2"}, b"{}")
