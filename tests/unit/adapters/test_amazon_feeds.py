"""JSON_LISTINGS_FEED: what travels in it, how its file is handed over, and what its report says of each SKU."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.amazon.feeds import CONTENT_TYPE, outcomes_of, read_report
from adapters.errors import (
    AdapterError,
    ChannelUnavailableError,
    RateLimitedError,
    RejectedListingError,
    UnknownListingError,
)
from adapters.exchange import Answer
from adapters.model import Command, Operation
from tests.unit.adapters.amazon_wire import (
    FEEDS,
    ITEMS,
    Amazon,
    Json,
    failed,
    issue,
    item,
    make_amazon_adapter,
    make_amazon_listing,
    make_group,
)
from tests.unit.adapters.wire import ORIGIN

KNOWN = {"fulfillment": "DEFAULT"}
UPLOAD, DOWNLOAD = "PUT /upload", "GET /report"


class FeedingAmazon(Amazon):
    """Takes a feed, and says of it what a test wants. report: its file; status: of the feed."""

    def __init__(self, report: bytes = b"{}", status: str = "DONE", **headers: str) -> None:
        super().__init__()
        document = {"feedDocumentId": "in-1", "url": f"{ORIGIN}/upload"}
        self.result: Json = {"feedDocumentId": "out-1", "url": f"{ORIGIN}/report"}
        self.feed: Json = {"feedId": "9", "processingStatus": status, "resultFeedDocumentId": "out-1"}
        self.said[f"POST {FEEDS}/documents"] = httpx.Response(201, json=document)
        self.said[f"POST {FEEDS}/feeds"] = httpx.Response(202, json={"feedId": "9"})
        self.said[f"GET {FEEDS}/feeds/9"] = lambda request: httpx.Response(200, json=self.feed)
        self.said[f"GET {FEEDS}/documents/out-1"] = lambda request: httpx.Response(200, json=self.result)
        self.said[UPLOAD] = httpx.Response(200)
        self.said[DOWNLOAD] = httpx.Response(200, content=report, headers=headers)

    def messages(self) -> list[Json]:
        (upload,) = [one for one in self.requests if one.url.path == "/upload"]
        found: list[Json] = orjson.loads(upload.content)["messages"]
        return found


def creations(*skus: str, **references: str) -> list[Command]:
    return [Command(Operation.CREATE, sku, make_amazon_listing(sku), references) for sku in skus]


def report(*issues: Json, processed: int = 2, items: tuple[str, ...] = (), **more: Any) -> Json:
    refused = len({one["sku"] for one in issues if one.get("sku") and one["severity"] == "ERROR"})
    summary = {"messagesProcessed": processed, "messagesAccepted": processed - refused, "messagesInvalid": refused}
    return {"issues": list(issues), "summary": summary, "items": [{"sku": sku} for sku in items], **more}


def said_of(sku: str, code: str = "90220", severity: str = "ERROR") -> Json:
    return issue(code, severity, messageId=1, sku=sku)


async def test_many_listings_are_one_feed_with_one_ticket() -> None:
    amazon = FeedingAmazon()
    outcomes = await make_amazon_adapter(amazon).apply_bulk(creations("A-1", "A-2"))
    assert [(outcome.sku, outcome.ticket, outcome.error) for outcome in outcomes] == [
        ("A-1", "9", None),
        ("A-2", "9", None),
    ]
    assert [(one["messageId"], one["operationType"]) for one in amazon.messages()] == [(1, "UPDATE"), (2, "UPDATE")]
    (upload,) = [one for one in amazon.requests if one.url.path == "/upload"]
    assert upload.headers["content-type"] == CONTENT_TYPE
    assert amazon.bodies("POST")[0] == {"contentType": CONTENT_TYPE}
    assert "x-amz-access-token" not in upload.headers
    assert orjson.loads(upload.content)["header"]["report"]["includedData"] == ["issues"]


async def test_what_is_urgent_and_what_belongs_together_goes_by_calls() -> None:
    amazon = FeedingAmazon()
    amazon.there = {sku: item(sku) for sku in ("A-0", "A-1", "A-2", "A-3")}
    cheap, sold_out = make_amazon_listing("A-1"), make_amazon_listing("A-2", quantity=0)
    outcomes = await make_amazon_adapter(amazon).apply_bulk(
        [
            Command(Operation.REVISE_OFFER, "A-1", cheap, KNOWN),
            Command(Operation.REVISE_OFFER, "A-2", sold_out, KNOWN),
            Command(Operation.REVISE_STOCK, "A-3", None, KNOWN, 0),
            Command(Operation.WITHDRAW, "A-0", None, KNOWN),
            Command(Operation.CREATE, "G-1", make_group("Rosso")),
        ]
    )
    assert [outcome.error for outcome in outcomes] == [None] * 5
    assert [outcome.ticket for outcome in outcomes] == ["9", "", "", "", ""]
    assert [(one["sku"], one["operationType"]) for one in amazon.messages()] == [("A-1", "PATCH")]
    assert {"PATCH A-2", "PATCH A-3", "DELETE A-0", "PUT G-1"} <= set(amazon.calls())


async def test_a_feed_sets_no_stock_over_amazons_own() -> None:
    amazon = FeedingAmazon()
    amazon.there["A-1"] = item(fulfillmentAvailability=[{"fulfillmentChannelCode": "AMAZON_EU", "quantity": 4}])
    await make_amazon_adapter(amazon).apply_bulk(creations("A-1", "A-2"))
    stocks = [one["attributes"]["fulfillment_availability"] for one in amazon.messages()]
    assert stocks == [
        [{"fulfillment_channel_code": "AMAZON_EU"}],
        [{"fulfillment_channel_code": "DEFAULT", "quantity": 7}],
    ]


async def test_where_amazon_is_asked_too_often_those_already_known_go_and_the_rest_waits() -> None:
    amazon, asked = FeedingAmazon(), []

    def search(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 2:
            return failed(429, "QuotaExceeded")
        return httpx.Response(200, json={"numberOfResults": 0, "items": []})

    amazon.said[f"GET {ITEMS}"] = search
    commands = creations(*(f"A-{number}" for number in range(100)))
    outcomes = await make_amazon_adapter(amazon).apply_bulk([*commands, *creations("B-1", **KNOWN)])
    assert len(asked) == 2
    assert [one["sku"] for one in amazon.messages()] == [f"A-{number}" for number in range(20)] + ["B-1"]
    assert all(isinstance(outcome.error, RateLimitedError) for outcome in outcomes[20:100])
    assert [outcome.ticket for outcome in outcomes[19:21]] == ["9", ""]


@pytest.mark.parametrize(
    ("call", "answer", "kind", "unknown"),
    [
        (f"POST {FEEDS}/documents", failed(429, "QuotaExceeded"), RateLimitedError, False),
        (UPLOAD, httpx.Response(403, content=b"<Error><Code>SignatureDoesNotMatch</Code></Error>"), None, False),
        (f"POST {FEEDS}/feeds", failed(500, "InternalFailure"), ChannelUnavailableError, True),
        (f"POST {FEEDS}/feeds", httpx.Response(202, json={}), ChannelUnavailableError, True),
        (f"POST {FEEDS}/feeds", failed(400, "InvalidInput"), RejectedListingError, False),
    ],
)
async def test_a_feed_that_is_not_taken_fails_every_listing_in_it(
    call: str, answer: httpx.Response, kind: type[AdapterError] | None, unknown: bool
) -> None:
    amazon = FeedingAmazon()
    amazon.said[call] = answer
    outcomes = await make_amazon_adapter(amazon).apply_bulk(creations("A-1", "A-2", **KNOWN))
    for outcome in outcomes:
        assert isinstance(outcome.error, kind or ChannelUnavailableError)
        assert outcome.error.effect_unknown is unknown
        assert outcome.ticket == ""


@pytest.mark.parametrize("status", ["IN_QUEUE", "IN_PROGRESS"])
async def test_a_feed_that_runs_has_not_ended(status: str) -> None:
    assert await make_amazon_adapter(FeedingAmazon(status=status)).follow("9") is None


async def test_a_feed_that_ended_says_what_became_of_each() -> None:
    found = report(said_of("A-1"), said_of("A-2", "18448", "WARNING"), processed=3)
    ended = await make_amazon_adapter(FeedingAmazon(orjson.dumps(found))).follow("9")
    assert ended is not None
    assert isinstance(ended["A-1"].error, RejectedListingError)
    assert (ended["A-2"].error, ended["A-2"].warnings) == (None, ("18448 words of 18448",))
    assert ended["A-3"].error is None


@pytest.mark.parametrize("status", ["FATAL", "DONE"])
def test_where_the_figures_do_not_prove_it_nobody_else_was_accepted(status: str) -> None:
    found = report(said_of("A-1"), processed=3)
    if status == "DONE":
        found["summary"]["messagesAccepted"] = 1
    ended = outcomes_of(found, status)
    assert ended.get("A-3") is None
    assert list(ended) == ["A-1"]


async def test_a_cancelled_feed_is_sent_again() -> None:
    amazon = FeedingAmazon(status="CANCELLED")
    del amazon.feed["resultFeedDocumentId"]
    with pytest.raises(UnknownListingError, match="CANCELLED without a report"):
        await make_amazon_adapter(amazon).follow("9")


def test_a_feed_that_is_refused_as_a_whole_says_nothing_of_its_listings() -> None:
    with pytest.raises(UnknownListingError, match="refused: 4000 words"):
        outcomes_of(report(issue("4000")), "FATAL")


async def test_an_address_that_has_ended_is_asked_for_anew() -> None:
    amazon = FeedingAmazon(orjson.dumps(report(items=("A-1",))))
    asked: list[str] = []

    def expired_once(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        amazon.said[DOWNLOAD] = httpx.Response(200, content=orjson.dumps(report(items=("A-1",))))
        return httpx.Response(403, content=b"<Error><Code>AccessDenied</Code></Error>")

    amazon.said[DOWNLOAD] = expired_once
    ended = await make_amazon_adapter(amazon).follow("9")
    assert ended is not None
    assert ended["A-1"].error is None
    assert len(asked) == 1


def answer(body: bytes, content_type: str = "application/json") -> Answer:
    return Answer(200, {"content-type": content_type}, body)


@given(st.text())
def test_a_report_is_read_packed_or_not_whatever_its_words(words: str) -> None:
    body = orjson.dumps({"words": words.encode("utf-8", "replace").decode()})
    plain = read_report(answer(body), "")
    assert read_report(answer(gzip.compress(body)), "GZIP") == plain
    assert read_report(answer(body), "GZIP") == plain


def test_a_report_is_read_in_the_charset_it_says() -> None:
    body = '{"words": "è già caffè"}'.encode("windows-1252")
    assert read_report(answer(body, "application/json; charset=windows-1252"), "")["words"] == "è già caffè"


@pytest.mark.parametrize(
    ("body", "packed", "content_type"),
    [
        (b"not json", "", "text/plain"),
        (b"[]", "", "text/plain"),
        (b"\x1f\x8b damaged", "GZIP", "text/plain"),
        (b"{}", "BROTLI", "text/plain"),
        (b"{}", "", "text/plain; charset=klingon"),
        (b'{"a": "\xe8"}', "", "text/plain"),
    ],
)
def test_a_report_that_cannot_be_read_is_asked_for_again(body: bytes, packed: str, content_type: str) -> None:
    with pytest.raises(ChannelUnavailableError):
        read_report(answer(body, content_type), packed)


def test_an_account_may_want_no_feeds() -> None:
    assert make_amazon_adapter(Amazon(), bulk_from=0).bulk is None
    bulk = make_amazon_adapter(Amazon(), bulk_from=50).bulk
    assert bulk is not None
    assert bulk.threshold == 50
