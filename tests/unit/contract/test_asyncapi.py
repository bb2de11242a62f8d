"""asyncapi.json is AsyncAPI 3.0, describes every topic there is and nothing else, and all it points to is there."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing.exceptions import Unresolvable

from consumer.delivery.assembly import group_of
from consumer.events import Operation, decode
from consumer.kafka import TopicNames
from tests.event_contract import Json, contract_files, validator, violations

_META_SCHEMA = Path(__file__).parents[2] / "data" / "asyncapi" / "3.0.0.json"
DOCUMENT = contract_files()["asyncapi.json"]
CHANNELS: dict[str, Json] = DOCUMENT["channels"]
MESSAGES: dict[str, Json] = DOCUMENT["components"]["messages"]
SCHEMAS = sorted(set(contract_files()) - {"asyncapi.json"})


def references(value: Any) -> Iterator[str]:
    """Every reference in a JSON value. Examples are no part of the document they stand in."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for name, inner in value.items():
            if name != "examples":
                yield from references(inner)


def local(reference: str) -> Any:
    """What a reference inside the document points to."""
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def addresses(prefix: str) -> set[str]:
    filled = {"prefix": prefix, "channel": "ebay", "delay": "60"}
    return {re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], channel["address"]) for channel in CHANNELS.values()}


def test_it_is_asyncapi() -> None:
    meta_schema = json.loads(_META_SCHEMA.read_text(encoding="utf-8"))
    assert [
        f"{error.json_path}: {error.message[:300]}" for error in Draft7Validator(meta_schema).iter_errors(DOCUMENT)
    ] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_and_its_references_lead_somewhere(name: str) -> None:
    schema = contract_files()[name]
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)
    for reference in references(schema):
        target = name + reference if reference.startswith("#") else reference
        judge(target)


def judge(reference: str) -> None:
    """Use the schema. Raises Unresolvable where there is none, or where one leads on to nothing."""
    list(validator(reference.removeprefix("./")).iter_errors(None))


@pytest.mark.parametrize("reference", ["product-event.v1.schema.json#/$defs/nothing", "nothing.schema.json"])
def test_a_reference_that_leads_nowhere_would_be_noticed(reference: str) -> None:
    with pytest.raises(Unresolvable):
        judge(reference)


def test_references_of_the_document_lead_somewhere_and_every_schema_is_used() -> None:
    used = set()
    for reference in references(DOCUMENT):
        if reference.startswith("#/"):
            assert local(reference)
        else:
            judge(reference)
            used.add(reference.removeprefix("./").partition("#")[0])
    inner = {reference.partition("#")[0] for name in SCHEMAS for reference in references(contract_files()[name])}
    assert used | inner - {""} == set(SCHEMAS)


@pytest.mark.parametrize("prefix", ["", "team-1."])
def test_every_topic_is_described_and_nothing_else(prefix: str) -> None:
    names = TopicNames(prefix)
    every = {*names.products, names.positions, names.capture_dead_letters, names.gaps}
    every |= {names.retry("ebay", 60), names.dead_letters("ebay"), names.orders, names.order_receipts}
    assert addresses(prefix) == every
    known = {"prefix", "of", "products", "positions", "capture_dead_letters", "gaps", "retry", "dead_letters"}
    known |= {"orders", "order_receipts"}
    questions = {"every_retry", "delay_of"}  # about names, not topics of their own
    members = {name for name, _ in inspect.getmembers(TopicNames) if not name.startswith("_")}
    assert members - questions == known, "a new topic"


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=CHANNELS)
def test_parameters_of_a_topic_are_those_in_its_name(channel: Json) -> None:
    assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])


def test_every_operation_has_its_topic_and_message() -> None:
    for operation in Operation:
        address = TopicNames("{prefix}").of(operation)
        (channel,) = [channel for channel in CHANNELS.values() if channel["address"] == address]
        message = local(next(iter(channel["messages"].values()))["$ref"])
        assert message["payload"]["schema"] == {"$ref": "./product-event.v1.schema.json"}
        assert message["headers"]["schema"] == {"$ref": "./product-event-headers.v1.schema.json"}
        assert [example["payload"]["operation"] for example in message["examples"]] == [operation]


def test_everything_is_written_by_somebody_and_read_by_the_groups_that_read_it() -> None:
    writers: dict[str, set[str]] = {name: set() for name in CHANNELS}
    sent: dict[str, set[str]] = {name: set() for name in CHANNELS}
    groups: dict[str, str] = {}
    for operation in DOCUMENT["operations"].values():
        name = operation["channel"]["$ref"].removeprefix("#/channels/")
        messages = {m["$ref"] for m in operation["messages"]}
        sent[name] |= messages if operation["action"] == "send" else set()
        assert messages <= {f"#/channels/{name}/messages/{message}" for message in CHANNELS[name]["messages"]}
        assert operation["action"] == "send" or len(messages) == len(CHANNELS[name]["messages"])
        if operation["action"] == "send":
            writers[name] |= {tag["name"] for tag in operation["tags"]}
        elif "bindings" in operation:
            groups[name] = local(operation["bindings"]["kafka"]["groupId"]["$ref"])["pattern"]
    assert {name: len(messages) for name, messages in sent.items()} == {
        name: len(channel["messages"]) for name, channel in CHANNELS.items()
    }
    assert writers.pop("resync") == {"capture", "control"}
    assert {name: len(who) for name, who in writers.items()} == dict.fromkeys(writers, 1)
    assert set(groups) == {"created", "updated", "deleted", "resync", "retry"}
    for pattern in groups.values():
        assert re.search(pattern, group_of("ebay", TopicNames("team-1.")))


@pytest.mark.parametrize("name", MESSAGES)
def test_examples_of_messages_keep_their_schemas(name: str) -> None:
    message = MESSAGES[name]
    assert message["examples"]
    for example in message["examples"]:
        for part in ("headers", "payload"):
            if "schema" in message.get(part, {}):
                schema = message[part]["schema"]["$ref"].removeprefix("./")
                assert violations(schema, example[part]) == []
        if message["payload"].get("schema") == {"$ref": "./product-event.v1.schema.json"}:
            body = example["payload"]
            headers = [(header, text.encode()) for header, text in example["headers"].items()]
            key = f"{body['tenant']}/{body['entity_code']}".encode()
            assert decode(key, json.dumps(body).encode(), headers).sequence == body["sequence"]


@pytest.mark.parametrize("name", MESSAGES)
def test_examples_of_keys_keep_their_pattern(name: str) -> None:
    key = MESSAGES[name]["bindings"]["kafka"]["key"]
    for example in key.get("examples", []):
        assert re.search(key["pattern"], example)


def test_examples_of_schemas_keep_them() -> None:
    found = 0
    for name in ("capture-positions.schema.json", "product-event.v1.schema.json"):
        for place, definition in contract_files()[name]["$defs"].items():
            for example in definition.get("examples", []):
                assert violations(f"{name}#/$defs/{place}", example) == []
                found += 1
    assert found == 5
