"""Many listings as one JSON_LISTINGS_FEED, and what its report says of each. Reading and writing of documents is pure.

The way: an address for the file, the file, the feed; then ask until it has ended, and fetch its report. File addresses
live five minutes, so each one is asked for anew right before it is used. Sources: feeds_2021-06-30,
listings-feed-schema-v2, listings-feed-processing-report-schema-v2, "Feeds API use case guide".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from adapters.amazon.client import AmazonClient
from adapters.amazon.faults import issue_words, issues_of, refusal
from adapters.amazon.settings import AmazonAccount
from adapters.errors import AdapterError, ChannelUnavailableError, PermanentError, TemporaryError, UnknownListingError
from adapters.exchange import Answer
from adapters.model import Outcome

CONTENT_TYPE = "application/json; charset=UTF-8"  # the upload must carry exactly this: it is part of the signature
MOST_MESSAGES = 25_000
_RUNNING = frozenset({"IN_QUEUE", "IN_PROGRESS"})
_LONGEST_REPORT = 256_000_000  # bytes; a report of 25,000 messages with their issues has some tens of millions


class Feeds:
    """The listing feeds of one account."""

    def __init__(self, client: AmazonClient, account: AmazonAccount) -> None:
        self._client = client
        self._account = account

    async def send(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Hand over a feed. Returns its ticket. Raises AdapterError: nothing was done, unless it says otherwise."""
        document = await self._client.create_feed_document(CONTENT_TYPE)
        body = feed_body(messages, self._account)
        answer = await self._client.upload(str(document.get("url") or ""), CONTENT_TYPE, body)
        if not 200 <= answer.status < 300:
            raise _file_error("took the file of a feed not", answer)
        return await self._client.create_feed(self._account.feed_type, str(document.get("feedDocumentId") or ""))

    async def follow(self, feed_id: str) -> Mapping[str, Outcome] | None:
        """How each SKU of a feed ended; None = it has not ended. Raises AdapterError."""
        feed = await self._client.get_feed(feed_id)
        status = feed.get("processingStatus")
        if status in _RUNNING:
            return None
        document_id = feed.get("resultFeedDocumentId")
        if not document_id:
            raise UnknownListingError(f"Amazon: feed {feed_id} ended as {status} without a report", code=str(status))
        report = await self._report(str(document_id))
        return outcomes_of(report, str(status))

    async def _report(self, document_id: str) -> Mapping[str, Any]:
        document = await self._client.get_feed_document(document_id)
        answer = await self._client.download(str(document.get("url") or ""))
        if answer.status == 403:  # the address has ended meanwhile, or its host's clock is another one: ask once more
            document = await self._client.get_feed_document(document_id)
            answer = await self._client.download(str(document.get("url") or ""))
        if not 200 <= answer.status < 300:
            raise _file_error("gave a report not", answer)
        return read_report(answer, str(document.get("compressionAlgorithm") or ""))


def feed_body(messages: Sequence[Mapping[str, Any]], account: AmazonAccount) -> bytes:
    """The file. The report is asked for the items' own issues: else it would tell of their acceptance only."""
    header = {
        "sellerId": account.merchant_id,
        "version": "2.0",
        "issueLocale": account.locale,
        "report": {"includedData": ["issues"], "apiVersion": "2021-08-01"},
    }
    return orjson.dumps({"header": header, "messages": list(messages)})


def update_message(number: int, sku: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """One listing, whole: what a PUT would carry."""
    return {"messageId": number, "sku": sku, "operationType": "UPDATE", **body}


def patch_message(number: int, sku: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Some attributes of one listing: what a PATCH would carry."""
    return {"messageId": number, "sku": sku, "operationType": "PATCH", **body}


def read_report(answer: Answer, compression: str) -> Mapping[str, Any]:
    """The report in a file. Raises ChannelUnavailableError for one that cannot be read."""
    body = answer.body
    if compression == "GZIP":
        body = _unpacked(body)
    elif compression:
        raise ChannelUnavailableError(f"Amazon: a report is packed in an unknown way: {compression}")
    charset = _charset(answer.headers.get("content-type", ""))
    try:
        report = orjson.loads(body.decode(charset))
    except (UnicodeDecodeError, LookupError, orjson.JSONDecodeError) as error:
        raise ChannelUnavailableError(f"Amazon: a report is no JSON in {charset}") from error
    if not isinstance(report, Mapping):
        raise ChannelUnavailableError("Amazon: a report is no object")
    return report


class Ended(Mapping[str, Outcome]):
    """How the SKUs of a feed ended. named: those that the report names. others: what all others ended as.

    A report names what is wrong, and items only where Amazon has something to say of them. So where its own figures
    prove that nothing else was refused, every other SKU of the feed was accepted; which those are, the asker knows.
    """

    def __init__(self, named: Mapping[str, Outcome], *, others_accepted: bool) -> None:
        self._named = named
        self._others_accepted = others_accepted

    def __getitem__(self, sku: str) -> Outcome:
        if sku in self._named or not self._others_accepted:
            return self._named[sku]
        return Outcome(sku)

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


def outcomes_of(report: Mapping[str, Any], status: str) -> Mapping[str, Outcome]:
    """What became of the SKUs of a feed. status: how it ended.

    Raises UnknownListingError for an issue without a message, which is of the whole feed: nothing of it was done.
    """
    issues = issues_of(report)
    ailing = [issue for issue in issues if not issue.get("messageId") and issue.get("severity") == "ERROR"]
    if ailing:
        words = "; ".join(issue_words(issue) for issue in ailing[:3])
        raise UnknownListingError(f"Amazon: the feed as a whole was refused: {words}", code=str(ailing[0].get("code")))
    found = {str(item["sku"]): Outcome(str(item["sku"])) for item in _items(report)}
    for sku, said in _by_sku(issues).items():
        found[sku] = _outcome(sku, said)
    if status == "CANCELLED":
        error = TemporaryError("Amazon: the feed was cancelled before it was worked on", code=status)
        return {sku: Outcome(sku, error) for sku in found}
    return Ended(found, others_accepted=status == "DONE" and _accounts_for_all(report, found))


def _accounts_for_all(report: Mapping[str, Any], found: Mapping[str, Outcome]) -> bool:
    """Whether the figures of the report say that it names every message that was not accepted."""
    summary = report.get("summary")
    if not isinstance(summary, Mapping):
        return False
    refused = sum(outcome.error is not None for outcome in found.values())
    processed, accepted = summary.get("messagesProcessed"), summary.get("messagesAccepted")
    return isinstance(processed, int) and processed > 0 and accepted == processed - refused


def _outcome(sku: str, issues: Sequence[Mapping[str, Any]]) -> Outcome:
    errors = [issue for issue in issues if issue.get("severity") == "ERROR"]
    error: AdapterError | None = refusal(errors) if errors else None
    warnings = () if errors else tuple(issue_words(issue) for issue in issues)
    return Outcome(sku, error, warnings=warnings)


def _by_sku(issues: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    said: dict[str, list[Mapping[str, Any]]] = {}
    for issue in issues:
        if issue.get("sku"):
            said.setdefault(str(issue["sku"]), []).append(issue)
    return said


def _items(report: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    items = report.get("items")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping) and item.get("sku"):
            yield item


def _unpacked(body: bytes) -> bytes:
    """Unpacked, unless it would become far too long for a report."""
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = reader.decompress(body, _LONGEST_REPORT)
    except zlib.error:
        if body[:1] == b"{":  # the host has unpacked it already, as Content-Encoding asks every client to
            return body
        raise ChannelUnavailableError("Amazon: a report arrived damaged") from None
    if reader.unconsumed_tail:
        raise PermanentError(f"Amazon: a report is longer than {_LONGEST_REPORT} bytes")
    return text


def _charset(content_type: str) -> str:
    """UTF-8, unless the answer says otherwise: reports of EU marketplaces came in windows-1252."""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset" and value:
            return value.strip("\"' ")
    return "utf-8"


def _file_error(words: str, answer: Answer) -> AdapterError:
    """Files are kept by another service, whose refusals are XML and concern one address, never the account."""
    return ChannelUnavailableError(f"Amazon {words} ({answer.status}: {answer.excerpt})", status=answer.status)
