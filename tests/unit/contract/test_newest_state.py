"""The documented rule alone finds the newest state of every product, whatever the order of topics and repetitions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.events import Operation, ProductEvent, change_sequence, encode_headers, encode_value, read_sequence
from tests.newest_state import NewestState, RefusedError

_TIME = datetime(2026, 11, 23, tzinfo=UTC)
_STEPS = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(Operation)), max_size=25)


@dataclass
class History:
    """What capture wrote about some products. states: version of each product that exists in the end."""

    topics: Mapping[Operation, list[ProductEvent]] = field(default_factory=lambda: {kind: [] for kind in Operation})
    states: dict[str, int] = field(default_factory=dict)

    def write(self, number: int, code: str, operation: Operation, version: int | None) -> None:
        sequence = read_sequence(1, number) if operation is Operation.READ else change_sequence(1, number, 0)
        product = None if version is None else {"entity_code": code, "version": version}
        event = ProductEvent(f"{number}", operation, "acme", code, sequence, _TIME, None, product)
        self.topics[operation].append(event)


def later_versions(steps: Sequence[tuple[str, Operation]], number: int, code: str) -> list[int]:
    """What a look-up after change `number` may find: this version, or one before the product's next deletion."""
    found = [number]
    for later, (other, operation) in enumerate(steps[number:], start=number + 1):
        if other == code and operation is Operation.DELETED:
            break
        if other == code and operation is not Operation.READ:
            found.append(later)
    return found


@st.composite
def histories(draw: st.DrawFn) -> History:
    history, steps = History(), draw(_STEPS)
    for number, (code, operation) in enumerate(steps, start=1):
        alive = code in history.states
        if operation is Operation.READ:
            if alive:
                history.write(number, code, operation, history.states[code])
        elif operation is Operation.DELETED:
            if alive:
                del history.states[code]
                history.write(number, code, operation, None)
        else:
            history.states[code] = number
            shown = draw(st.sampled_from(later_versions(steps, number, code))) if alive else number
            history.write(number, code, Operation.UPDATED if alive else Operation.CREATED, shown)
    return history


@st.composite
def arrivals(draw: st.DrawFn, history: History) -> list[ProductEvent]:
    """Each topic in its own order, among each other in any; parts of them again, as after a crash of the reader."""
    places, found = dict.fromkeys(Operation, 0), []
    while waiting := [kind for kind in Operation if places[kind] < len(history.topics[kind])]:
        kind = draw(st.sampled_from(waiting))
        found.append(history.topics[kind][places[kind]])
        places[kind] += 1
        if len(found) < 60 and draw(st.integers(0, 9)) == 0:
            places[kind] = draw(st.integers(0, places[kind]))
    return found


@given(st.data())
def test_the_rule_finds_the_newest_state(data: st.DataObject) -> None:
    history = data.draw(histories())
    reader = NewestState()
    for event in data.draw(arrivals(history)):
        reader.take(encode_headers(event), encode_value(event))
    assert {code: product["version"] for (_, code), product in reader.products.items()} == history.states


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "sold"},
        {"tenant": ""},
        {"entity_code": None},
        {"sequence": "1"},
        {"sequence": "F" * 24},
        {"product": {}},
        {"operation": "read"},
    ],
)
def test_a_value_that_does_not_keep_the_schema_is_refused(change: dict[str, object]) -> None:
    headers = [("ce_type", b"marketsync.product.deleted.v1")]
    good = {"operation": "deleted", "tenant": "a", "entity_code": "P", "sequence": "0" * 24, "product": None}
    NewestState().take(headers, json.dumps(good).encode())
    with pytest.raises(RefusedError, match="schema"):
        NewestState().take(headers, json.dumps(good | change).encode())


@pytest.mark.parametrize("value", [None, b"", b"{"])
def test_a_value_that_is_not_json_is_refused(value: bytes | None) -> None:
    with pytest.raises(RefusedError, match="JSON"):
        NewestState().take([("ce_type", b"marketsync.product.deleted.v1")], value)


@pytest.mark.parametrize("kind", [b"marketsync.product.deleted.v2", b"marketsync.product.sold.v1", b"", b"\xff"])
def test_another_type_is_refused(kind: bytes) -> None:
    with pytest.raises(RefusedError, match="type"):
        NewestState().take([("ce_type", kind)], b"{}")
