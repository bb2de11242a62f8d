"""eBay's adapter against answers written by hand: what the stand-in cannot say, and what eBay may say one day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from adapters.ebay import EbayAdapter
from adapters.ebay.opening import adapter_over
from adapters.errors import (
    AdapterError,
    ChannelUnavailableError,
    RateLimitedError,
    RejectedListingError,
    UnknownListingError,
)
from adapters.model import Command, Operation, Outcome
from tests.unit.adapters.listings import make_account, make_listing
from tests.unit.adapters.wire import make_http

Json = dict[str, Any]
INVENTORY = "/sell/inventory/v1"
LIVE = {"offerId": "77", "status": "PUBLISHED", "marketplaceId": "EBAY_IT", "format": "FIXED_PRICE"}


def problem(number: int, **parameters: str) -> Json:
    pairs = [{"name": name, "value": value} for name, value in parameters.items()]
    return {"errorId": number, "message": f"words of {number}", "parameters": pairs}


def _as_asked(entry: Json) -> Json:
    return {}


class Ebay:
    """Takes everything, unless a test says otherwise. `said`: "METHOD path below the Inventory API" -> answer."""

    def __init__(self, **entries: Callable[[Json], Json]) -> None:
        self.said: dict[str, httpx.Response] = {}
        self.entries = entries
        self.requests: list[httpx.Request] = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "v^1.1#access-token", "expires_in": 7200})
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(3):
            await asyncio.sleep(0)
        self.at_once -= 1
        key = f"{request.method} {request.url.path.removeprefix(INVENTORY)}"
        return self.said[key] if key in self.said else self._bulk(request)

    def calls(self) -> list[str]:
        return [f"{request.method} {request.url.path.removeprefix(INVENTORY)}" for request in self.requests]

    def _bulk(self, request: httpx.Request) -> httpx.Response:
        operation = request.url.path.rpartition("/")[2]
        if not operation.startswith("bulk_"):
            return httpx.Response(204)
        made = self.entries.get(operation, _as_asked)
        responses = []
        for entry in orjson.loads(request.content)["requests"]:
            named = {name: entry[name] for name in ("sku", "offerId") if name in entry}
            responses.append({**named, "statusCode": 200, "offerId": "9", "listingId": "110", **named, **made(entry)})
        return httpx.Response(207, json={"responses": [one for one in responses if one.get("statusCode")]})


def make_adapter(ebay: Ebay, **options: Any) -> EbayAdapter:
    account = make_account()
    http = make_http(ebay)
    return adapter_over(account, http, **options)


async def apply(ebay: Ebay, operation: Operation, offer_id: str = "", sku: str = "A-1") -> Outcome:
    listing = None if operation in (Operation.WITHDRAW, Operation.REVISE_STOCK) else make_listing(sku)
    references = {"offer_id": offer_id} if offer_id else {}
    quantity = 0 if operation is Operation.REVISE_STOCK else None
    (outcome,) = await make_adapter(ebay).apply([Command(operation, sku, listing, references, quantity)])
    return outcome


def offers(*found: Json) -> httpx.Response:
    return httpx.Response(200, json={"offers": list(found)})


async def test_an_entry_that_ebay_does_not_mention_is_of_unknown_effect() -> None:
    ebay = Ebay(bulk_create_or_replace_inventory_item=lambda entry: {"statusCode": 0} if entry["sku"] == "A-2" else {})
    listings = [make_listing(f"A-{number}") for number in range(4)]
    outcomes = await make_adapter(ebay).apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True]
    assert isinstance(outcomes[2].error, ChannelUnavailableError)
    assert outcomes[2].error.effect_unknown


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"responses": 1}', b'"text"'])
async def test_a_success_without_results_is_of_unknown_effect(body: bytes) -> None:
    ebay = Ebay()
    ebay.said["POST /bulk_update_price_quantity"] = httpx.Response(200, content=body)
    outcome = await apply(ebay, Operation.REVISE_OFFER, "77")
    assert isinstance(outcome.error, ChannelUnavailableError)
    assert outcome.error.effect_unknown


@pytest.mark.parametrize(
    "refusal",
    [
        {"statusCode": 400, "errors": [problem(25002)]},  # without naming the offer
        {"statusCode": 409, "errors": [problem(99999)]},
    ],
)
async def test_an_offer_in_the_way_that_is_not_named_is_looked_up_and_adopted(refusal: Json) -> None:
    ebay = Ebay(bulk_create_offer=lambda entry: {"offerId": "", **refusal})
    ebay.said["GET /offer"] = offers({**LIVE, "format": "AUCTION", "offerId": "1"}, LIVE)
    outcome = await apply(ebay, Operation.CREATE)
    assert outcome.error is None
    assert outcome.references == {"offer_id": "77", "listing_id": "110"}
    assert ebay.calls()[2:] == ["GET /offer", "PUT /offer/77", "POST /bulk_publish_offer"]


async def test_a_refused_new_offer_without_one_in_the_way_is_refused() -> None:
    ebay = Ebay(bulk_create_offer=lambda entry: {"offerId": "", "statusCode": 400, "errors": [problem(25002)]})
    ebay.said["GET /offer"] = httpx.Response(404, json={"errors": [problem(25713)]})
    outcome = await apply(ebay, Operation.CREATE)
    assert isinstance(outcome.error, RejectedListingError)
    assert "words of 25002" in str(outcome.error)


async def test_a_listing_that_ebay_itself_ended_is_not_put_up_again() -> None:
    ebay = Ebay()
    ebay.said["GET /offer"] = offers({**LIVE, "listing": {"listingStatus": "EBAY_ENDED"}})
    outcome = await apply(ebay, Operation.REVISE_OFFER)
    assert isinstance(outcome.error, RejectedListingError)
    assert ebay.calls() == ["GET /offer"]


async def test_a_withdrawal_that_ebay_refuses_of_a_live_listing_is_an_error() -> None:
    ebay = Ebay()
    ebay.said["POST /offer/77/withdraw"] = httpx.Response(400, json={"errors": [problem(25002)]})
    ebay.said["GET /offer"] = offers(LIVE)
    outcome = await apply(ebay, Operation.WITHDRAW, "77")
    assert isinstance(outcome.error, RejectedListingError)


async def test_a_withdrawal_by_a_stale_offer_finds_the_live_one() -> None:
    ebay = Ebay()
    ebay.said["POST /offer/5/withdraw"] = httpx.Response(404, json={"errors": [problem(25713)]})
    ebay.said["POST /offer/77/withdraw"] = httpx.Response(200, json={"listingId": "110"})
    ebay.said["GET /offer"] = offers(LIVE)
    outcome = await apply(ebay, Operation.WITHDRAW, "5")
    assert outcome.error is None
    assert outcome.references["offer_id"] == "77"
    assert ebay.calls() == ["POST /offer/5/withdraw", "GET /offer", "POST /offer/77/withdraw"]


async def test_a_price_refused_under_a_stale_offer_is_written_under_the_live_one() -> None:
    ebay = Ebay(
        bulk_update_price_quantity=lambda entry: {"statusCode": 404, "errors": [problem(25713)]},
        bulk_create_offer=lambda entry: {"offerId": "", "statusCode": 400, "errors": [problem(25002, offerId="77")]},
    )
    ebay.said["GET /offer"] = offers(LIVE)
    outcome = await apply(ebay, Operation.REVISE_OFFER, "5")
    assert outcome.error is None
    assert outcome.references["offer_id"] == "77"
    assert "PUT /offer/77" in ebay.calls()


async def test_an_unknown_error_is_marked_unknown() -> None:
    ebay = Ebay(bulk_publish_offer=lambda entry: {"statusCode": 400, "errors": [problem(31999)]})
    outcome = await apply(ebay, Operation.CREATE)
    assert isinstance(outcome.error, RejectedListingError)
    assert (outcome.error.code, outcome.error.known) == ("31999", False)


async def test_remarks_are_kept_but_not_that_it_was_published_already() -> None:
    ebay = Ebay(
        bulk_create_or_replace_inventory_item=lambda entry: {"warnings": [problem(25028), problem(25402)]},
        bulk_publish_offer=lambda entry: {"warnings": [problem(25402)]},
    )
    outcome = await apply(ebay, Operation.REVISE_CONTENT, "77")
    assert outcome.error is None
    assert outcome.warnings == ("25028 words of 25028", "25402 words of 25402")


async def test_a_throttled_single_call_stops_its_own_listing_only() -> None:
    ebay = Ebay()
    too_many = {"errors": [problem(2001)]}
    ebay.said["PUT /offer/2"] = httpx.Response(429, json=too_many, headers={"Retry-After": "3"})
    commands = [
        Command(Operation.REVISE_CONTENT, f"A-{n}", make_listing(f"A-{n}"), {"offer_id": str(n)}) for n in range(4)
    ]
    outcomes = await make_adapter(ebay).apply(commands)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True]
    error = outcomes[2].error
    assert isinstance(error, RateLimitedError)
    assert error.delay == 3.0
    assert error.effect_unknown  # the item was replaced before


async def test_every_call_says_its_language_and_sends_json() -> None:
    ebay = Ebay()
    ebay.said["GET /offer"] = offers(LIVE)
    for operation in Operation:
        await apply(ebay, operation)
    await make_adapter(ebay).read_back(["A-1"])
    assert len(ebay.requests) > 8
    for request in ebay.requests:
        assert request.headers["Accept-Language"] == "it-IT"
        assert request.headers["Content-Language"] == "it-IT"
        assert request.headers["Authorization"] == "Bearer v^1.1#access-token"
        if request.method != "GET":
            assert request.headers["Content-Type"] == "application/json"
            orjson.loads(request.content)  # never empty: the edge answers 411


async def test_skus_are_quoted_in_addresses() -> None:
    ebay = Ebay()
    ebay.said["GET /offer"] = httpx.Response(404, json={"errors": [problem(25713)]})
    await apply(ebay, Operation.WITHDRAW, sku="A/B c,+&#é")
    assert ebay.requests[0].url.query == (b"sku=A%2FB%20c%2C%2B%26%23%C3%A9&marketplace_id=EBAY_IT&format=FIXED_PRICE")


async def test_calls_without_bulk_form_stay_within_their_bound() -> None:
    ebay = Ebay()
    commands = [Command(Operation.WITHDRAW, f"A-{n}", None, {"offer_id": str(n)}) for n in range(40)]
    await make_adapter(ebay, parallel_calls=3).apply(commands)
    assert ebay.most_at_once == 3
    assert len(ebay.requests) == 40


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"statusCode": 500, "errors": [problem(25001)]}, ChannelUnavailableError),
        ({"statusCode": 400, "errors": [problem(25708)]}, RejectedListingError),
    ],
)
async def test_reading_back_raises_what_is_not_absence(entry: Json, kind: type[AdapterError]) -> None:
    adapter = make_adapter(Ebay(bulk_get_inventory_item=lambda _: entry))
    with pytest.raises(kind) as caught:
        await adapter.read_back(["A-1"])
    assert not caught.value.effect_unknown


async def test_an_item_without_offer_is_there_and_not_live() -> None:
    ebay = Ebay(bulk_get_inventory_item=lambda entry: {"inventoryItem": {"product": {"title": "Tazza"}}})
    ebay.said["GET /offer"] = httpx.Response(404, json={"errors": [problem(25713)]})
    found = (await make_adapter(ebay).read_back(["A-1"]))["A-1"]
    assert (found.live, found.title, found.price, found.quantity) == (False, "Tazza", None, None)


async def test_a_deleted_offer_under_a_revision_of_content_is_made_anew() -> None:
    ebay = Ebay()
    ebay.said["PUT /offer/5"] = httpx.Response(404, json={"errors": [problem(25713)]})
    outcome = await apply(ebay, Operation.REVISE_CONTENT, "5")
    assert outcome.error is None
    assert outcome.references == {"offer_id": "9", "listing_id": "110"}


async def test_an_item_that_vanishes_under_way_is_unknown() -> None:
    ebay = Ebay(bulk_publish_offer=lambda entry: {"statusCode": 404, "errors": [problem(25713)]})
    assert isinstance((await apply(ebay, Operation.CREATE)).error, UnknownListingError)


async def test_a_command_without_listing_is_a_bug_and_raises() -> None:
    with pytest.raises(ExceptionGroup):
        await make_adapter(Ebay()).apply([Command(Operation.CREATE, "A-1", None)])


async def test_no_secret_in_logs_errors_or_reprs(caplog: pytest.LogCaptureFixture) -> None:
    ebay = Ebay()
    echo = {"errors": [{"errorId": 25003, "message": "token v^1.1#access-token, secret the-client-secret-of-app"}]}
    ebay.said["POST /bulk_update_price_quantity"] = httpx.Response(500, json=echo)
    adapter = make_adapter(ebay)
    with caplog.at_level(logging.DEBUG):
        (outcome,) = await adapter.apply([Command(Operation.REVISE_OFFER, "A-1", make_listing(), {"offer_id": "77"})])
    assert outcome.error is not None
    for text in (str(outcome), repr(outcome.error), repr(adapter), repr(vars(adapter)), caplog.text):
        assert "access-token" not in text
        assert "refresh-token" not in text
