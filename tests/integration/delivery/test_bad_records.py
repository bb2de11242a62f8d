"""Records that are none of ours, through a real broker: a dead letter with the original bytes, and nobody waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from consumer.events import Operation, encode_headers, encode_key, encode_value
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import make_event

GOOD = make_event("BAD", 1)
KEY, VALUE, HEADERS = encode_key("shop", "BAD"), encode_value(GOOD), dict(encode_headers(GOOD))


def changed(**changes: Any) -> bytes:
    return orjson.dumps({**orjson.loads(VALUE), **changes})


BAD: Mapping[str, tuple[bytes | None, bytes | None, dict[str, bytes]]] = {
    "a key that is no text": (b"\xff\xfe\x00", VALUE, HEADERS),
    "no key": (None, VALUE, HEADERS),
    "no value": (KEY, None, HEADERS),
    "no JSON": (KEY, b"\x00\x01 not JSON", HEADERS),
    "JSON that is no object": (KEY, b"[1, 2]", HEADERS),
    "the next version of the schema": (KEY, VALUE, {**HEADERS, "ce_type": b"marketsync.product.updated.v2"}),
    "no type at all": (KEY, VALUE, {}),
    "an operation nobody knows": (KEY, changed(operation="merged"), HEADERS),
    "another tenant in the key than in the value": (encode_key("other", "BAD"), VALUE, HEADERS),
    "another product in the key": (encode_key("shop", "ELSE"), VALUE, HEADERS),
    "a sequence that is none": (KEY, changed(sequence="7"), HEADERS),
    "no product": (KEY, changed(product=None), HEADERS),
    "10 MB that are no event": (KEY, b"x" * 10_000_000, HEADERS),
}


@pytest.mark.parametrize("topic", [Operation.UPDATED, Operation.READ])
async def test_what_is_no_event_is_a_dead_letter_with_its_bytes_and_others_go_on(line: Line, topic: Operation) -> None:
    name = line.names.of(topic)
    for key, value, headers in BAD.values():
        line.producer.produce(name, key, value, list(headers.items())).result(20)
    await line.publish(make_event("P-1", 2))
    async with line.running():
        await line.shows("P-1", 2)
        await line.settles()
    letters = await line.dead_letters()
    found = {(letter.key, letter.value) for letter in letters}
    assert found == {(key, value) for key, value, _ in BAD.values()}
    assert len(letters) == len(BAD)
    for letter in letters:
        headers = dict(letter.headers)
        assert (headers["marketsync-reason"], headers["marketsync-account"]) == (b"undecodable", b"")
        assert headers["kafka_dlt-original-topic"].decode() == name
        assert headers["kafka_dlt-exception-fqcn"] == b"consumer.errors.UndecodableEventError"
    assert "BAD" not in line.channel.listings


async def test_a_product_of_10_mb_is_delivered_or_given_up_like_any_other(line: Line) -> None:
    await line.publish(make_event("HUGE", 1, attachment="x" * 10_000_000), make_event("P-1", 1))
    async with line.running():
        await line.shows("HUGE", 1)
        await line.shows("P-1", 1)
        await line.settles()
    assert await line.dead_letters() == []


async def test_a_tenant_that_sells_nothing_here_is_passed_over_and_counted(line: Line) -> None:
    await line.publish(make_event("P-1", 1, tenant="stranger"), make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
    assert await line.dead_letters() == []
    assert line.metric("ignored_total", reason="no_account") == 1
