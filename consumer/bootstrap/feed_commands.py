"""What people ask of feeds: one command each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from adapters.feeds import Feed, FeedFormat, Finding
from consumer.bootstrap.control import this_person
from consumer.bootstrap.credentials import utc_now
from consumer.bootstrap.feeds import feeds_of
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError, SettingsError
from consumer.feeds.addresses import path_of
from consumer.feeds.builder import Built, FeedBuilder
from consumer.feeds.categories import CategoryBook, SeenCategory
from consumer.feeds.model import FeedKey, FeedState, Release
from consumer.feeds.store import FeedStore
from consumer.feeds.telling import standing
from consumer.mongo import Database, Document, PyMongoError, connect
from consumer.mongo.files import FileMissingError
from consumer.mongo.words import unavailable
from consumer.settings import Settings

# A release counts for so long; the file is built within seconds.
_RELEASE = timedelta(days=1)
# Findings that are shown of one file.
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One feed for people. state: None where no listing has gone to it yet. feed: None where no account has it."""

    key: FeedKey
    state: FeedState | None
    feed: Feed | None
    standing: str
    untold: tuple[SeenCategory, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was looked at. findings: the first of them."""

    name: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Which:
    """Which feeds are meant; "" = all."""

    channel: str = ""
    account: str = ""
    tenant: str = ""

    def takes(self, key: FeedKey) -> bool:
        """Whether this one is meant."""
        wanted = ((self.channel, key.channel), (self.account, key.account), (self.tenant, key.tenant))
        return all(name in ("", there) for name, there in wanted)


def feed_rows(settings: Settings, endpoints: Endpoints, which: Which) -> list[FeedRow]:
    """The feeds there are, by name. Raises UnavailableError, SettingsError."""
    with _database(settings, endpoints) as database:
        feeds = feeds_of(settings, endpoints)
        states = {state.key: state for state in FeedStore(database).all()}
        book = CategoryBook(database)
        keys = sorted({*feeds, *states}, key=str)
        return [_row(key, states.get(key), feeds.get(key), book, settings) for key in keys if which.takes(key)]


def feed_lines(settings: Settings, endpoints: Endpoints, *, only_held: bool = False) -> list[str]:
    """How each feed that has had items is doing, a line each. Raises UnavailableError, SettingsError."""
    return [
        f"Feed {row.key}: {row.state.published.count if row.state.published else 0} offers, {row.standing}"
        for row in feed_rows(settings, endpoints, Which())
        if row.state is not None and (row.state.held is not None or not only_held)
    ]


def build_feeds(settings: Settings, endpoints: Endpoints, which: Which) -> list[tuple[FeedKey, Built]]:
    """Build these files now, whether something has changed or not; the brake holds here too.

    Raises UnavailableError, SettingsError where there is none.
    """
    with _database(settings, endpoints) as database:
        builder = FeedBuilder(database, now=utc_now)
        builder.store.files.ensure_indexes()
        return [(key, builder.build(key, feed)) for key, feed in _meant(settings, endpoints, which).items()]


def check_feeds(settings: Settings, endpoints: Endpoints, which: Which) -> list[Checked]:
    """Hold the published files against all that is known of their formats.

    Raises UnavailableError, SettingsError where there is none.
    """
    with _database(settings, endpoints) as database:
        store = FeedStore(database)
        return [_checked(key, feed, store) for key, feed in _meant(settings, endpoints, which).items()]


def check_file(written: FeedFormat, path: Path) -> Checked:
    """Hold any file against a format. Raises SettingsError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return Checked(str(path), _findings(written, file))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error


def release_feeds(settings: Settings, endpoints: Endpoints, which: Which) -> list[FeedState]:
    """Let held files go; returns those. Raises UnavailableError."""
    with _database(settings, endpoints) as database:
        store = FeedStore(database)
        held = [state for state in store.all() if state.held and which.takes(state.key)]
        until = utc_now() + _RELEASE
        return [
            state
            for state in held
            if state.held and store.release(state.key, Release(state.held.count, this_person(), until))
        ]


def tell_categories(settings: Settings, endpoints: Endpoints, which: Which) -> int:
    """All categories there are have been told to the channel. Returns how many were new. Raises UnavailableError."""
    with _database(settings, endpoints) as database:
        book = CategoryBook(database)
        return sum(book.tell(state.key, utc_now()) for state in FeedStore(database).all() if which.takes(state.key))


def write_file(settings: Settings, endpoints: Endpoints, which: Which, say: Callable[[bytes], object]) -> None:
    """Pass on the published file of the one feed that is meant. Raises UnavailableError, SettingsError."""
    with _database(settings, endpoints) as database:
        store = FeedStore(database)
        found = [state for state in store.all() if which.takes(state.key) and state.published]
        if len(found) != 1:
            raise SettingsError(f"say which: {', '.join(str(s.key) for s in found) or 'no file is published yet'}")
        published = found[0].published
        for chunk in store.files.read(published.plain.id) if published else ():
            say(chunk)


def _meant(settings: Settings, endpoints: Endpoints, which: Which) -> dict[FeedKey, Feed]:
    feeds = feeds_of(settings, endpoints)
    found = {key: feed for key, feed in feeds.items() if which.takes(key)}
    if not found:
        there = ", ".join(map(str, feeds)) or "none; a feed is an account of a channel that reads a file"
        raise SettingsError(f"there is no such feed; there are: {there}")
    return found


def _row(key: FeedKey, state: FeedState | None, feed: Feed | None, book: CategoryBook, settings: Settings) -> FeedRow:
    now: datetime = utc_now()
    words = "no listing has gone to it yet" if state is None else standing(state, feed.rules if feed else None, now)
    own = settings.feeds
    base = own.url.rstrip("/") or f"http://{own.host}:{own.port}"
    suffix = state.published.suffix if state and state.published else feed.format.suffix if feed else ""
    url = base + path_of(state, suffix) if state else ""
    return FeedRow(key, state, feed, words, tuple(book.untold(key)), url)


def _checked(key: FeedKey, feed: Feed, store: FeedStore) -> Checked:
    state = store.find(key)
    published = state.published if state else None
    if published is None:
        raise SettingsError(f"{key} has no published file yet: `marketsync feeds build`")
    # Read whole first: what is checked must not be replaced meanwhile.
    with tempfile.TemporaryFile() as file:
        for chunk in store.files.read(published.plain.id):
            file.write(chunk)
        file.seek(0)
        return Checked(str(key), _findings(feed.format, file))


def _findings(written: FeedFormat, file: BinaryIO) -> tuple[Finding, ...]:
    return tuple(islice(written.check(file), MOST_FINDINGS))


@contextmanager
def _database(settings: Settings, endpoints: Endpoints) -> Iterator[Database[Document]]:
    try:
        with connect(endpoints.mongodb_uri) as client:
            yield client[settings.place.database]
    except PyMongoError as error:
        raise unavailable(error) from error
    except FileMissingError as error:
        raise MarketsyncError("the file was replaced while it was read: try again") from error
