"""The documents and feeds of one seller, the newest ones only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.world import Seller

_LIMIT = 200


class Status(StrEnum):
    """How far a feed has come."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"


@dataclass(slots=True)
class Document:
    """A file to be, or a report. body: None until it is uploaded. created: seconds since the epoch."""

    document_id: str
    content_type: str
    created: float
    body: bytes | None = None
    zipped: bool = False


@dataclass(slots=True)
class Tally:
    """What came of a feed's messages. header: the feed's own; issues: of messages, in the report's shape."""

    header: Json
    issues: list[Json] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    processed: int = 0
    invalid: int = 0

    @property
    def included(self) -> list[str]:
        """The data sets of listings that the report shall have."""
        found: list[str] = (self.header.get("report") or {}).get("includedData") or []
        return found


@dataclass(slots=True)
class Feed:
    """created, started, ended: seconds since the epoch, 0 = not yet. result: the report's document, "" = none."""

    feed_id: str
    feed_type: str
    marketplaces: tuple[str, ...]
    body: bytes
    created: float
    status: Status = Status.IN_QUEUE
    started: float = 0.0
    ended: float = 0.0
    result: str = ""
    tally: Tally = field(default_factory=lambda: Tally({}))

    @property
    def open(self) -> bool:
        """It has not ended."""
        return self.status in (Status.IN_QUEUE, Status.IN_PROGRESS)


class FeedDesk:
    """Keeps documents and feeds. clock: seconds since the epoch."""

    def __init__(self, seller: Seller, clock: Callable[[], float]) -> None:
        self._seller = seller
        self._clock = clock
        self._serial = 0
        self.documents: dict[str, Document] = {}
        self.feeds: dict[str, Feed] = {}

    @property
    def open(self) -> list[Feed]:
        """Feeds that have not ended, oldest first."""
        return [feed for feed in self.feeds.values() if feed.open]

    def add_document(self, content_type: str) -> Document:
        """A new document without a body; of the oldest ones beyond the limit nothing is known any more."""
        self._serial += 1
        document_id = f"amzn1.tortuga.4.eu.{self._seller.number:04d}-{self._serial:08d}.SANDBOX"
        document = self.documents[document_id] = Document(document_id, content_type, self._clock())
        while len(self.documents) > _LIMIT:
            del self.documents[next(iter(self.documents))]
        return document

    def add_feed(self, feed_type: str, marketplaces: tuple[str, ...], body: bytes) -> Feed:
        """A new feed at the end of the queue."""
        self._serial += 1
        feed_id = str(50_000_000_000 + self._seller.number * 1_000_000 + self._serial)
        feed = self.feeds[feed_id] = Feed(feed_id, feed_type, marketplaces, body, self._clock())
        while len(self.feeds) > _LIMIT:
            ended = next((one for one in self.feeds.values() if not one.open), None)
            if ended is None:
                break
            del self.feeds[ended.feed_id]
        return feed
