"""Bad input ends as a listing problem or a dead letter in words, and everything else goes on."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.events import Operation, encode_key
from consumer.kafka.topics import TopicNames
from tests.acceptance.installation import Installation, make_product
from tests.acceptance.kafka_reader import Seen, read_all, write
from tests.waiting import wait_until

DEADLINE = 40


@pytest.fixture(scope="module")
def working(shared: Installation) -> Installation:
    """Capture and delivery run, and a good product has reached the channel. One for all bad input together."""
    shared.start("capture")
    shared.start("deliver", "--channel", "ebay")
    shared.products.insert_one(make_product("GOOD-1"))
    wait_until(lambda: "GOOD-1" in shared.channel.listings(), DEADLINE, "the first product does not arrive")
    return shared


def state_of(installation: Installation, code: str) -> dict[str, Any] | None:
    return installation.listings.find_one({"entity_code": code})


def problems_of(installation: Installation, code: str) -> dict[str, str]:
    """Field -> message and cure of an invalid listing, once it is there."""

    def found() -> dict[str, Any] | None:
        state = state_of(installation, code)
        return state if state and state["status"] == "invalid" else None

    state = wait_until(found, DEADLINE, f"{code} does not become invalid")
    return {problem["field"]: f"{problem['message']} {problem['cure']}" for problem in state["problems"]}


def letters(installation: Installation, topic: str, count: int = 1) -> list[Seen]:
    """The dead letters in a topic, once there are `count`."""

    def enough() -> list[Seen] | None:
        seen = read_all(installation.servers.kafka_bootstrap_servers, [topic])
        return seen if len(seen) >= count else None

    return wait_until(enough, DEADLINE, f"no dead letter in {topic}")


def goes_on(installation: Installation, code: str) -> None:
    """A good product that comes after the bad one reaches the channel, and nobody has died."""
    installation.products.insert_one(make_product(code))
    wait_until(lambda: code in installation.channel.listings(), DEADLINE, "nothing arrives any more")
    assert [running.process.poll() for running in installation.started] == [None, None]


def test_products_that_cannot_be_listed_are_listing_problems(working: Installation) -> None:
    bad: dict[str, dict[str, Any]] = {
        "NO-PRICE": {"pricing": {"currency": "EUR", "vat_included": True}},
        "ZERO-PRICE": {"pricing": {"retail": 0, "currency": "EUR", "vat_included": True}},
        "NO-STOCK": {"quantity": None},
        "STRING-MAP": {"category": "utensili", "pricing": "99,90"},
        "LONG-TEXT": {"description": {"it": "x" * 3_000_000}},
    }
    for code, changes in bad.items():
        working.products.insert_one(make_product(code, **changes))

    assert "price" in " ".join(problems_of(working, "NO-PRICE"))
    assert "price" in " ".join(problems_of(working, "ZERO-PRICE"))
    assert "quantity" in " ".join(problems_of(working, "NO-STOCK"))
    assert {"price", "category"} <= set(" ".join(problems_of(working, "STRING-MAP")).replace(".", " ").split())
    assert "description" in problems_of(working, "LONG-TEXT")
    for code in bad:
        assert all(len(words) > 20 for words in problems_of(working, code).values())
        assert code not in working.channel.listings()

    goes_on(working, "GOOD-2")
    shown = working.run("status").stdout
    assert "invalid" in shown
    assert "description" in shown


def test_an_unknown_field_is_no_trouble(working: Installation) -> None:
    working.products.insert_one(make_product("ODD", colour_of_the_box="red", nested={"deep": [{"er": 1}]}))
    wait_until(lambda: "ODD" in working.channel.listings(), DEADLINE, "it does not arrive")


def test_a_product_without_entity_code_is_a_dead_letter_of_capture(working: Installation) -> None:
    document = make_product("WITHOUT")
    del document["entity_code"]
    working.products.insert_one(document)
    working.products.insert_one({**make_product("NUMBER"), "entity_code": 42})
    seen = letters(working, TopicNames(working.prefix).capture_dead_letters, 2)
    for letter in seen:
        assert "entity_code" in letter.body["message"]
        assert letter.headers["tenant"] == working.name
    goes_on(working, "GOOD-3")


def test_records_that_are_not_ours_are_dead_letters_of_the_channel(working: Installation) -> None:
    names = TopicNames(working.prefix)
    kafka = working.servers.kafka_bootstrap_servers
    topic = names.of(Operation.UPDATED)
    key = encode_key(working.name, "GOOD-1")
    for value in (b"\x00\xffnot json", b"[1, 2]", b'{"operation": "updated"}', None):
        write(kafka, topic, key, value)
    write(kafka, topic, None, b"{}")
    seen = letters(working, names.dead_letters("ebay"), 5)
    assert len(seen) == 5
    by_value = {letter.value: letter for letter in seen}
    garbage = by_value[b"\x00\xffnot json"]
    assert garbage.key == key
    assert garbage.headers["marketsync-reason"] == "undecodable"
    assert garbage.headers["kafka_dlt-original-topic"] == topic
    for letter in seen:
        assert letter.headers["kafka_dlt-exception-message"]
        assert letter.headers["marketsync-channel"] == "ebay"
    goes_on(working, "GOOD-4")


def test_a_listing_that_ebay_refuses_is_told_in_ebays_words(working: Installation) -> None:
    working.channel.ask("POST", "faults", {"kind": "refused_sku", "sku": "REFUSED", "error_id": 25019})
    working.products.insert_one(make_product("REFUSED"))

    def refused() -> dict[str, Any] | None:
        state = state_of(working, "REFUSED")
        return state if state and state["status"] == "refused" else None

    assert wait_until(refused, DEADLINE, "it is not refused")["error"]
    goes_on(working, "GOOD-5")
    assert "refused" in working.run("status").stdout
