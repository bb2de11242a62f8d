"""Feeds 2021-06-30: documents at signed addresses, feeds that are worked on one after the other, and their reports."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

import orjson

from adapters.sandbox.amazon.errors import Json, RefusedError
from adapters.sandbox.amazon.feed_desk import Document, Feed, Status
from adapters.sandbox.amazon.requests import body_of, listed, refuse_strange_marketplaces
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.amazon.signatures import Signatures
from adapters.sandbox.amazon.times import moment
from adapters.sandbox.server import Reply, Request

DOCUMENTS = "_documents"
LISTINGS_FEED = "JSON_LISTINGS_FEED"
# facts page, section 2: they are taken and end FATAL since 2025-07-31
REMOVED = frozenset(
    {
        *(f"POST_PRODUCT_{kind}" for kind in ("DATA", "OVERRIDES_DATA", "PRICING_DATA", "IMAGE_DATA")),
        *("POST_PRODUCT_RELATIONSHIP_DATA", "POST_INVENTORY_AVAILABILITY_DATA", "POST_UIEE_BOOKLOADER_DATA"),
        *(f"POST_FLAT_FILE_{kind}_DATA" for kind in ("INVLOADER", "LISTINGS", "BOOKLOADER", "CONVERGENCE_LISTINGS")),
        "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
    }
)
_ZIPPED_FROM = 10_000
_MOST_MARKETPLACES = 25
_INPUT_LIFETIME = 2 * 86_400
_MOST_ON_PAGE = 100


def limit_of(request: Request) -> str:
    """The bucket of a createFeed: feeds of listings have one of their own."""
    return "create_listings_feed" if LISTINGS_FEED.encode() in request.body else "create_feed"


def create_document(shop: Shop, request: Request, signatures: Signatures) -> Reply:
    """createFeedDocument."""
    content_type = body_of(request).get("contentType")
    if not isinstance(content_type, str) or not content_type:
        raise RefusedError(400, "Invalid 'contentType' provided.")
    document = shop.feeds.add_document(content_type)
    url = signatures.signed(request, _path(shop, document), shop.rules.link_lifetime, content_type)
    return Reply(201, {"feedDocumentId": document.document_id, "url": url})


def get_document(shop: Shop, request: Request, signatures: Signatures) -> Reply:
    """getFeedDocument: a fresh address."""
    document = shop.feeds.documents.get(request.segments[3])
    if document is None or document.body is None:
        raise RefusedError(404, "The feed document is not found.")
    body: Json = {"feedDocumentId": document.document_id}
    if document.zipped:
        body["compressionAlgorithm"] = "GZIP"
    return Reply(200, {**body, "url": signatures.signed(request, _path(shop, document), shop.rules.link_lifetime)})


def serve_document(shops: Sequence[Shop], request: Request, signatures: Signatures) -> Reply:
    """The signed addresses: PUT with exactly the content type that was said, GET."""
    merchant, document_id = request.segments[1:3]
    shop = next(shop for shop in shops if shop.seller.merchant_id == merchant)
    document = shop.feeds.documents[document_id]
    refusal = signatures.refusal(request, document.content_type if request.method == "PUT" else "")
    if refusal is not None:
        return refusal
    if request.method == "PUT":
        document.body = request.body
        return Reply(200)
    return Reply(200, document.body)


def create_feed(shop: Shop, request: Request) -> Reply:
    """createFeed."""
    wanted = body_of(request)
    feed_type, places = wanted.get("feedType"), wanted.get("marketplaceIds")
    if feed_type != LISTINGS_FEED and feed_type not in REMOVED:
        raise RefusedError(400, f"Invalid 'feedType' provided: {feed_type}.")
    if not isinstance(places, list) or not 1 <= len(places) <= _MOST_MARKETPLACES:
        raise RefusedError(400, "Invalid 'marketplaceIds' provided.")
    refuse_strange_marketplaces(places, shop.seller)
    document = shop.feeds.documents.get(str(wanted.get("inputFeedDocumentId")))
    if document is None or document.body is None or shop.clock() - document.created > _INPUT_LIFETIME:
        raise RefusedError(400, "Invalid 'inputFeedDocumentId' provided.")
    feed = shop.feeds.add_feed(str(feed_type), tuple(places), document.body)
    return Reply(202, {"feedId": feed.feed_id})


def get_feed(shop: Shop, request: Request) -> Reply:
    """getFeed."""
    return Reply(200, document_of(_feed(shop, request)))


def list_feeds(shop: Shop, request: Request) -> Reply:
    """getFeeds: the newest first."""
    types, places = listed(request, "feedTypes"), set(listed(request, "marketplaceIds"))
    statuses = listed(request, "processingStatuses", [status.value for status in Status])
    size = request.query.get("pageSize", "10")
    if not (types or "nextToken" in request.query) or not size.isdigit() or not 1 <= int(size) <= _MOST_ON_PAGE:
        raise RefusedError(400, "feedTypes or nextToken, and a pageSize of 1 to 100 are needed.")
    found = [
        feed
        for feed in reversed(shop.feeds.feeds.values())
        if (not types or feed.feed_type in types)
        and (not places or places & set(feed.marketplaces))
        and (not statuses or feed.status in statuses)
    ]
    return Reply(200, {"feeds": [document_of(feed) for feed in found[: int(size)]]})


def cancel_feed(shop: Shop, request: Request) -> Reply:
    """cancelFeed: only one that waits."""
    feed = _feed(shop, request)
    if feed.status is not Status.IN_QUEUE:
        raise RefusedError(400, "Only a feed that is IN_QUEUE can be cancelled.")
    feed.status, feed.ended = Status.CANCELLED, shop.clock()
    return Reply(200)


def document_of(feed: Feed) -> Json:
    """The feed as Amazon tells of it."""
    body: Json = {
        "feedId": feed.feed_id,
        "feedType": feed.feed_type,
        "marketplaceIds": list(feed.marketplaces),
        "createdTime": moment(feed.created),
        "processingStatus": feed.status.value,
    }
    if feed.started:
        body["processingStartTime"] = moment(feed.started)
    if feed.status in (Status.DONE, Status.FATAL):
        body["processingEndTime"] = moment(feed.ended)
    if feed.result:
        body["resultFeedDocumentId"] = feed.result
    return body


def report_document(shop: Shop, report: Json) -> str:
    """Keep a report as a document; its id. A long one is zipped, as Amazon does."""
    body = orjson.dumps(report)
    document = shop.feeds.add_document("application/json; charset=UTF-8")
    document.zipped = len(body) > _ZIPPED_FROM
    document.body = gzip.compress(body, mtime=0) if document.zipped else body
    return document.document_id


def _feed(shop: Shop, request: Request) -> Feed:
    feed = shop.feeds.feeds.get(request.segments[3])
    if feed is None:
        raise RefusedError(404, "The feed is not found.")
    return feed


def _path(shop: Shop, document: Document) -> str:
    return f"/{DOCUMENTS}/{shop.seller.merchant_id}/{document.document_id}"
