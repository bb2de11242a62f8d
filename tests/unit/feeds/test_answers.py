"""What a reader of a file is told over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from consumer.feeds.answers import Answer, answer
from consumer.feeds.model import Publication
from consumer.mongo import ObjectId
from consumer.mongo.files import StoredFile

PLAIN, ZIPPED = StoredFile(ObjectId(), 1000), StoredFile(ObjectId(), 100)
AT = datetime(2026, 11, 23, 12, 0, 1, 500_000, tzinfo=UTC)
FILE = Publication(2, AT, AT, 3, "abc", "xml", "application/xml; charset=utf-8", PLAIN, ZIPPED)


def ask(headers: Mapping[str, str] | None = None, *, method: str = "GET", zipped: bool = False) -> Answer:
    return answer(FILE, method, headers or {}, zipped=zipped)


def headers_of(said: Answer) -> dict[str, str]:
    return {name.decode(): text.decode() for name, text in said.headers}


def test_the_plain_file_comes_with_what_a_cache_needs() -> None:
    said = ask()
    found = headers_of(said)
    assert (said.status, said.file) == (200, PLAIN)
    assert found["etag"] == '"abc"'
    assert found["last-modified"] == "Mon, 23 Nov 2026 12:00:01 GMT"
    assert (found["content-length"], found["content-type"]) == ("1000", "application/xml; charset=utf-8")
    assert (found["vary"], found["accept-ranges"]) == ("accept-encoding", "none")


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("gzip;q=x", False),
    ],
)
def test_whoever_takes_gzip_gets_it(accepted: str, compressed: bool) -> None:
    said = ask({"accept-encoding": accepted})
    assert said.file == (ZIPPED if compressed else PLAIN)
    assert headers_of(said).get("content-encoding") == ("gzip" if compressed else None)
    assert headers_of(said)["etag"] == ('"abc-gzip"' if compressed else '"abc"')


def test_the_compressed_file_has_a_name_of_its_own() -> None:
    said = ask(zipped=True)
    assert said.file == ZIPPED
    assert headers_of(said)["content-type"] == "application/gzip"
    assert "content-encoding" not in headers_of(said)


def test_head_tells_the_same_without_the_file() -> None:
    said = ask(method="HEAD")
    assert (said.status, said.file, headers_of(said)) == (200, None, headers_of(ask()))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": '"abc"'}, 304),
        ({"if-none-match": 'W/"abc", "other"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": '"other"', "if-modified-since": "Mon, 23 Nov 2026 12:00:01 GMT"}, 200),
        ({"if-modified-since": "Mon, 23 Nov 2026 12:00:01 GMT"}, 304),
        ({"if-modified-since": "Mon, 23 Nov 2026 12:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-none-match": '"abc"', "accept-encoding": "gzip"}, 200),
        ({"if-none-match": '"abc-gzip"', "accept-encoding": "gzip"}, 304),
    ],
)
def test_whoever_has_the_file_is_not_sent_it_again(headers: dict[str, str], status: int) -> None:
    said = ask(headers)
    assert said.status == status
    assert (said.file is None) == (status == 304)
    assert "content-length" not in headers_of(said) or status == 200
