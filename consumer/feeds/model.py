"""What is known of one account's feed. Times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from consumer.mongo import ObjectId
from consumer.mongo.files import StoredFile

FEEDS = "feeds"
ITEMS = "feed_items"
CATEGORIES = "feed_categories"
BUCKET = "feed_files"


@dataclass(frozen=True, slots=True)
class FeedKey:
    """Whose feed it is."""

    tenant: str
    channel: str
    account: str

    def __str__(self) -> str:
        return f"{self.tenant}/{self.channel}/{self.account}"


@dataclass(frozen=True, slots=True)
class Publication:
    """A file that was published. epoch: of its build; items of an older one are in it as they are.

    at: when its content changed last. checked: when it was last found to be as its items are. count: offers. digest:
    SHA-256 of the plain file. plain, zipped: the file and its gzip.
    """

    epoch: int
    at: datetime
    checked: datetime
    count: int
    digest: str
    suffix: str
    content_type: str
    plain: StoredFile
    zipped: StoredFile


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a file is held for a person. count: offers it would have. before: offers of the published one."""

    at: datetime
    count: int
    before: int
    words: str


@dataclass(frozen=True, slots=True)
class Release:
    """A person's word that a file may be published with so few offers. least: fewer are held again."""

    least: int
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """A build that failed. count: how many in a row."""

    at: datetime
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed as it is stored.

    token: the unguessable part of its address. epoch: counts the builds. changed: epoch in which an item changed last;
    changed_at: when. waiting_since: while it is dirty, since when about. tried: when the last build began.
    columns: of all items there ever were. files: ids of all files that may exist.
    """

    key: FeedKey
    token: str
    epoch: int
    changed: int = 0
    changed_at: datetime | None = None
    waiting_since: datetime | None = None
    tried: datetime | None = None
    columns: tuple[str, ...] = ()
    files: tuple[ObjectId, ...] = ()
    published: Publication | None = None
    previous: tuple[ObjectId, ...] = ()
    held: Hold | None = None
    release: Release | None = None
    failure: Failure | None = None

    @property
    def dirty(self) -> bool:
        """Whether the published file may miss something."""
        return self.changed >= (self.published.epoch if self.published else 1)

    def due(self, interval: float, now: datetime) -> bool:
        """Whether the file is to be built now, also to see that a failure is over. interval: seconds between builds."""
        return (self.dirty or self.failure is not None) and (
            self.tried is None or now - self.tried >= timedelta(seconds=interval)
        )


def read_state(stored: Mapping[str, Any]) -> FeedState:
    """The state in a document of the collection."""
    published = stored.get("published")
    return FeedState(
        key=FeedKey(stored["tenant"], stored["channel"], stored["account"]),
        token=stored["token"],
        epoch=stored["epoch"],
        changed=stored.get("changed", 0),
        changed_at=stored.get("changed_at"),
        waiting_since=stored.get("waiting_since"),
        tried=stored.get("tried"),
        columns=tuple(sorted(stored.get("columns", ()))),
        files=tuple(stored.get("files", ())),
        published=_publication(published) if published else None,
        previous=tuple(stored.get("previous", ())),
        held=Hold(**stored["held"]) if stored.get("held") else None,
        release=Release(**stored["release"]) if stored.get("release") else None,
        failure=Failure(**stored["failure"]) if stored.get("failure") else None,
    )


def publication_document(publication: Publication) -> dict[str, Any]:
    """A publication as it is stored."""
    return {
        "epoch": publication.epoch,
        "at": publication.at,
        "checked": publication.checked,
        "count": publication.count,
        "digest": publication.digest,
        "suffix": publication.suffix,
        "content_type": publication.content_type,
        "plain": {"id": publication.plain.id, "size": publication.plain.size},
        "zipped": {"id": publication.zipped.id, "size": publication.zipped.size},
    }


def _publication(stored: Mapping[str, Any]) -> Publication:
    files = {name: StoredFile(stored[name]["id"], stored[name]["size"]) for name in ("plain", "zipped")}
    return Publication(**{**stored, **files})
