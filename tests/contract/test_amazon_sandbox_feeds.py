"""The stand-in of Amazon: feeds, from the signed address to the report of each item, and notifications of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from adapters.sandbox.amazon import AT_ONCE, ITALY, Rules
from tests.contract.amazon_calls import (
    FEEDS,
    Caller,
    Json,
    calling,
    error,
    feed_of,
    helmet,
    mint,
    offer,
    patch,
    plain,
    stock,
    text,
)
from tests.contract.amazon_schemas import amazon_folder, amazon_schemas

PUT = {"operationType": "UPDATE", "productType": "HELMET", "attributes": helmet()}
IN_TIME = Rules(limits=False, feed_waits=60, feed_takes=60, judged_after=60)


@pytest.fixture
async def amazon() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def submitted(amazon: Caller, feed: Json) -> str:
    """The id of a feed with this document."""
    reply = await amazon.create_feed(await amazon.upload(json.dumps(feed).encode()))
    assert reply.status_code == 202, reply.text
    return str(reply.json()["feedId"])


async def report_of(amazon: Caller, feed_id: str) -> Json:
    """The report of a feed that is DONE."""
    feed = await amazon.feed(feed_id)
    assert feed["processingStatus"] == "DONE"
    document = (await amazon.send("GET", f"{FEEDS}/documents/{feed['resultFeedDocumentId']}")).json()
    body = (await amazon.http.get(document["url"])).content
    report: Json = json.loads(gzip.decompress(body) if document.get("compressionAlgorithm") == "GZIP" else body)
    return report


async def test_every_message_is_judged_for_itself_and_told_of_in_the_report(amazon: Caller) -> None:
    await amazon.put("old")
    await amazon.put("gone")
    messages: list[Json] = [
        {**PUT, "sku": "new"},
        {
            "sku": "old",
            "operationType": "PARTIAL_UPDATE",
            "productType": "HELMET",
            "attributes": {"color": text("Blu")},
        },
        {
            "sku": "old",
            "operationType": "PATCH",
            "productType": "PRODUCT",
            "patches": [patch("replace", "purchasable_offer", offer(99))],
        },
        {"sku": "gone", "operationType": "DELETE"},
        {**PUT, "sku": "bad", "attributes": helmet(color=None)},
        {"sku": "odd", "operationType": "PATCH", "productType": "HELMET", "attributes": {}},
        {**PUT, "sku": "odder", "productType": "SUBMARINE"},
    ]
    report = await report_of(amazon, await submitted(amazon, feed_of(messages, included=["issues", "summaries"])))
    counts = {name: report["summary"][name] for name in ("messagesProcessed", "messagesAccepted", "messagesInvalid")}
    assert counts == {"messagesProcessed": 7, "messagesAccepted": 4, "messagesInvalid": 3}
    assert [(one["messageId"], one["sku"], one["code"]) for one in report["issues"]] == [
        (5, "bad", "90220"),
        (6, "odd", "4000001"),
        (7, "odder", "4000001"),
    ]
    assert report["issues"][0]["attributeName"] == "color"
    assert [item["sku"] for item in report["items"]] == ["new", "old"]
    assert report["items"][0]["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]
    changed = await amazon.shown("old")
    assert (changed["price"], changed["content"]["color"]) == ("99.00", text("Blu"))
    assert await amazon.listings("gone") == []
    assert [call["operation"] for call in await amazon.calls("old")] == ["put", "feed_partial_update", "feed_patch"]


async def test_what_the_catalogue_finds_is_in_the_report_only_where_it_was_asked_for(amazon: Caller) -> None:
    bare = {**PUT, "sku": "A1", "attributes": helmet(main_product_image_locator=None)}
    asked = await report_of(amazon, await submitted(amazon, feed_of([bare])))
    silent = await report_of(amazon, await submitted(amazon, feed_of([bare], included=())))
    assert [one["code"] for one in asked["items"][0]["issues"]] == ["18027"]
    assert asked["summary"]["itemSummary"] == {"items": 1, "errors": 0, "warnings": 1}
    assert "items" not in silent
    assert silent["issues"] == []


async def test_feeds_wait_for_one_another_and_take_their_time() -> None:
    async with calling(IN_TIME) as amazon:
        first = await submitted(amazon, feed_of([{**PUT, "sku": "A1"}], included=()))
        second = await submitted(amazon, feed_of([{**PUT, "sku": "A2"}]))
        third = await submitted(amazon, feed_of([{**PUT, "sku": "A3"}]))

        async def statuses() -> list[str]:
            return [(await amazon.feed(one))["processingStatus"] for one in (first, second, third)]

        assert await statuses() == ["IN_QUEUE", "IN_QUEUE", "IN_QUEUE"]
        cancelled = await amazon.send("DELETE", f"{FEEDS}/feeds/{third}")
        assert cancelled.status_code == 200
        await amazon.later(60)
        assert await statuses() == ["IN_PROGRESS", "IN_QUEUE", "CANCELLED"]
        assert error(await amazon.send("DELETE", f"{FEEDS}/feeds/{first}")) == (400, "InvalidInput")
        await amazon.later(61)
        assert await statuses() == ["DONE", "IN_QUEUE", "CANCELLED"]
        await amazon.later(60)
        assert await statuses() == ["DONE", "IN_PROGRESS", "CANCELLED"]
        await amazon.later(60)
        assert await statuses() == ["DONE", "IN_PROGRESS", "CANCELLED"]  # it waits for what the catalogue says
        await amazon.later(61)
        assert await statuses() == ["DONE", "DONE", "CANCELLED"]
        assert await amazon.listings("A3") == []
        query = "feedTypes=JSON_LISTINGS_FEED&processingStatuses=DONE"
        listed = await amazon.send("GET", f"{FEEDS}/feeds?{query}")
        assert [one["feedId"] for one in listed.json()["feeds"]] == [second, first]


@pytest.mark.parametrize(
    "feed_type", ["POST_PRODUCT_DATA", "POST_INVENTORY_AVAILABILITY_DATA", "POST_FLAT_FILE_INVLOADER_DATA"]
)
async def test_removed_feeds_are_taken_and_end_fatal(amazon: Caller, feed_type: str) -> None:
    reply = await amazon.create_feed(await amazon.upload(b"<AmazonEnvelope/>", "text/xml"), feed_type)
    feed = await amazon.feed(reply.json()["feedId"])
    assert feed["processingStatus"] == "FATAL"
    assert "resultFeedDocumentId" not in feed


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        (b"not json", "FATAL", ""),
        (json.dumps({**feed_of([{**PUT, "sku": "A1"}]), "header": {}}).encode(), "DONE", "header"),
        (json.dumps(feed_of([])).encode(), "DONE", "messages"),
        (json.dumps({"header": {"sellerId": "X", "version": "2.0"}, "messages": [{}]}).encode(), "DONE", "sellerId"),
    ],
)
async def test_a_feed_that_cannot_be_read_changes_nothing(
    amazon: Caller, document: bytes, status: str, words: str
) -> None:
    feed_id = (await amazon.create_feed(await amazon.upload(document))).json()["feedId"]
    assert (await amazon.feed(feed_id))["processingStatus"] == status
    if words:
        report = await report_of(amazon, feed_id)
        (problem,) = report["issues"]
        assert "messageId" not in problem
        assert words in problem["message"]
    assert await amazon.listings() == []


async def test_a_number_that_is_there_twice_is_invalid(amazon: Caller) -> None:
    feed = feed_of([{**PUT, "sku": "A1"}, {**PUT, "sku": "A2"}])
    feed["messages"][1]["messageId"] = 1
    report = await report_of(amazon, await submitted(amazon, feed))
    assert (report["summary"]["messagesInvalid"], await amazon.listings("A2")) == (1, [])


async def test_a_feed_of_more_than_25000_messages_is_refused(amazon: Caller) -> None:
    feed = feed_of([{"sku": "A1", "operationType": "DELETE"}] * 25_001, included=())
    report = await report_of(amazon, await submitted(amazon, feed))
    assert report["summary"]["messagesProcessed"] == 0
    assert "25000" in report["issues"][0]["message"]


async def test_an_address_takes_exactly_the_content_type_that_was_said(amazon: Caller) -> None:
    wanted = {"contentType": "application/json; charset=UTF-8"}
    document = (await amazon.send("POST", f"{FEEDS}/documents", wanted)).json()
    for content_type in ("application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"):
        reply = await amazon.http.put(document["url"], content=b"{}", headers={"Content-Type": content_type})
        assert (reply.status_code, "SignatureDoesNotMatch" in reply.text) == (403, True)
    signed = {"Content-Type": wanted["contentType"], "Authorization": "Bearer x"}
    assert (await amazon.http.put(document["url"], content=b"{}", headers=signed)).status_code == 400
    tampered = document["url"].replace("SANDBOX?", "SANDBOX2?")
    assert (await amazon.http.put(tampered, content=b"{}", headers=signed)).status_code == 404
    await amazon.later(300)
    late = await amazon.http.put(document["url"], content=b"{}", headers={"Content-Type": wanted["contentType"]})
    assert (late.status_code, "expired" in late.text) == (403, True)


async def test_a_feed_needs_a_document_that_was_uploaded_in_time(amazon: Caller) -> None:
    empty = (await amazon.send("POST", f"{FEEDS}/documents", {"contentType": "text/plain"})).json()["feedDocumentId"]
    for document in ("unknown", empty):
        assert error(await amazon.create_feed(document)) == (400, "InvalidInput")
    uploaded = await amazon.upload(b"{}")
    assert error(await amazon.create_feed(uploaded, "POST_ANYTHING")) == (400, "InvalidInput")
    await amazon.later(2 * 86_400 + 1)
    amazon.token = (await mint(amazon)).json()["access_token"]
    assert error(await amazon.create_feed(uploaded)) == (400, "InvalidInput")
    assert error(await amazon.send("GET", f"{FEEDS}/feeds/1")) == (404, "NOT_FOUND")
    assert error(await amazon.send("GET", f"{FEEDS}/documents/1")) == (404, "NOT_FOUND")
    assert error(await amazon.send("GET", f"{FEEDS}/feeds")) == (400, "InvalidInput")


async def test_five_feeds_of_listings_in_five_minutes() -> None:
    now = [1_000_000.0]
    async with calling(AT_ONCE, source=lambda: now[0]) as amazon:
        document = await amazon.upload(json.dumps(feed_of([{"sku": "A1", "operationType": "DELETE"}])).encode())
        statuses = [(await amazon.create_feed(document)).status_code for _ in range(6)]
        assert statuses == [202] * 5 + [429]
        now[0] += 60
        assert (await amazon.create_feed(document)).status_code == 202


async def test_a_stuck_feed_goes_on_when_the_fault_is_mended_and_a_fatal_one_has_no_report(amazon: Caller) -> None:
    await amazon.fault(kind="feed_stuck")
    feed_id = await submitted(amazon, feed_of([{**PUT, "sku": "A1"}]))
    assert (await amazon.feed(feed_id))["processingStatus"] == "IN_QUEUE"
    await amazon.http.delete("/_sandbox/faults")
    assert (await amazon.feed(feed_id))["processingStatus"] == "DONE"
    await amazon.fault(kind="feed_fatal", count=1)
    fatal = await submitted(amazon, feed_of([{**PUT, "sku": "A2"}]))
    assert (await amazon.feed(fatal))["processingStatus"] == "FATAL"
    assert await amazon.listings("A2") == []


async def test_a_long_report_is_zipped(amazon: Caller) -> None:
    feed = feed_of([{**PUT, "sku": f"A{n}", "attributes": {}} for n in range(20)])
    feed_id = await submitted(amazon, feed)
    document = (await amazon.feed(feed_id))["resultFeedDocumentId"]
    told = (await amazon.send("GET", f"{FEEDS}/documents/{document}")).json()
    assert told["compressionAlgorithm"] == "GZIP"
    assert (await report_of(amazon, feed_id))["summary"]["messagesInvalid"] == 20


def test_the_vendors_own_examples_pass_the_check() -> None:
    schemas = amazon_schemas()
    for name, validator in schemas.documents.items():
        example = json.loads((amazon_folder() / "feeds" / f"{name}.example.json").read_text(encoding="utf-8"))
        assert list(validator.iter_errors(example)) == []


async def test_a_queue_would_have_been_told() -> None:
    rules = replace(AT_ONCE, limits=False, buyable_after=30.0, discoverable_after=10.0)
    async with calling(rules) as amazon:
        await subscribed(amazon, "LISTINGS_ITEM_STATUS_CHANGE", "1.0")
        await subscribed(amazon, "LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "1.0")
        await subscribed(amazon, "FEED_PROCESSING_FINISHED", "2020-09-04")
        await amazon.put()
        feed_id = await submitted(amazon, feed_of([{"sku": "A2", "operationType": "DELETE"}]))
        await amazon.feed(feed_id)
        await amazon.later(40)
        told = (await amazon.http.get("/_sandbox/notifications")).json()["notifications"]
        listings = [one["Payload"] for one in told if one.get("NotificationType") == "LISTINGS_ITEM_STATUS_CHANGE"]
        assert [one["Status"] for one in listings] == [["DISCOVERABLE"], ["BUYABLE", "DISCOVERABLE"]]
        (quantity,) = [one["Payload"]["Quantity"] for one in told if "Quantity" in one.get("Payload", {})]
        (ended,) = [one["payload"] for one in told if one.get("notificationType") == "FEED_PROCESSING_FINISHED"]
        assert (quantity, ended["feedProcessingFinishedNotification"]["feedId"]) == (5, feed_id)
        again = await amazon.http.get("/_sandbox/notifications", params={"after": len(told)})
        assert again.json()["notifications"] == []


async def subscribed(amazon: Caller, kind: str, version: str) -> None:
    """A subscription of the seller, with a destination of the application."""
    seller_token = amazon.token
    grantless = await mint(amazon, grant_type="client_credentials", scope="sellingpartnerapi::notifications")
    amazon.token = grantless.json()["access_token"]
    queue = {"name": kind, "resourceSpecification": {"sqs": {"arn": "arn:aws:sqs:eu-west-1:1:queue"}}}
    destination = (await amazon.send("POST", "/notifications/v1/destinations", queue)).json()["payload"]
    amazon.token = seller_token
    body = {"payloadVersion": version, "destinationId": destination["destinationId"]}
    reply: httpx.Response = await amazon.send("POST", f"/notifications/v1/subscriptions/{kind}", body)
    assert reply.json()["payload"]["payloadVersion"] == version
    twice = await amazon.send("POST", f"/notifications/v1/subscriptions/{kind}", body)
    assert twice.status_code == 409
    kept = await amazon.send("GET", f"/notifications/v1/subscriptions/{kind}")
    assert kept.json() == reply.json()


async def test_a_feed_may_speak_of_several_versions_of_a_product(amazon: Caller) -> None:
    theme = {"variation_theme": [{"name": "SIZE", "marketplace_id": ITALY}]}
    relation = [{"child_relationship_type": "variation", "parent_sku": "P", "marketplace_id": ITALY}]
    absent = ("purchasable_offer", "fulfillment_availability", "externally_assigned_product_identifier")
    parent = {**helmet(**dict.fromkeys(absent)), "parentage_level": plain("parent"), **theme}
    child = {"parentage_level": plain("child"), "child_parent_sku_relationship": relation, **theme}
    messages = [{**PUT, "sku": "P", "attributes": parent}]
    messages += [{**PUT, "sku": f"P-{size}", "attributes": {**helmet(size=text(size)), **child}} for size in "SM"]
    report = await report_of(amazon, await submitted(amazon, feed_of(messages)))
    assert report["summary"]["messagesAccepted"] == 3
    assert [row["parent"] for row in await amazon.listings("P-S")] == ["P"]
    assert (await amazon.item("P-M"))["fulfillmentAvailability"][0]["quantity"] == stock(5)[0]["quantity"]
