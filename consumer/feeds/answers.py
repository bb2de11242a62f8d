"""What is answered to a request for a published file, but for its bytes. Pure; RFC 9110."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from consumer.feeds.model import Publication
from consumer.mongo.files import StoredFile

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """status and headers, and the file that follows them; None = nothing does."""

    status: int
    headers: Headers
    file: StoredFile | None = None


def answer(published: Publication, method: str, headers: Mapping[str, str], *, zipped: bool) -> Answer:
    """For a file that is there. headers: of the request, names in lower case. zipped: the .gz was asked for by name."""
    encoded = not zipped and _takes_gzip(headers.get("accept-encoding", ""))
    file = published.zipped if zipped or encoded else published.plain
    tag = f'"{published.digest}{"-gzip" if zipped or encoded else ""}"'
    common = [
        ("etag", tag),
        ("last-modified", format_datetime(_second(published.at), usegmt=True)),
        ("cache-control", "no-cache"),
        ("vary", "accept-encoding"),
        ("accept-ranges", "none"),
        # Nobody but the channel is meant to find it.
        ("x-robots-tag", "noindex"),
    ]
    if _is_fresh(tag, published.at, headers):
        return Answer(304, _encode(common))
    about = [("content-type", "application/gzip" if zipped else published.content_type)]
    about += [("content-length", str(file.size))] + ([("content-encoding", "gzip")] if encoded else [])
    return Answer(200, _encode([*common, *about]), file if method == "GET" else None)


def refusal(status: int, words: str, *more: tuple[str, str]) -> tuple[Answer, bytes]:
    """A short answer in words."""
    body = f"{words}\n".encode()
    headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body))), *more]
    return Answer(status, _encode(headers)), body


def _is_fresh(tag: str, changed: datetime, headers: Mapping[str, str]) -> bool:
    """Whether the asker has just this already. A tag that is asked for counts more than a date."""
    known = headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in known.split(",")]
    try:
        since = parsedate_to_datetime(headers["if-modified-since"])
    except (KeyError, ValueError):
        return False
    return since.tzinfo is not None and _second(changed) <= since


def _takes_gzip(accepted: str) -> bool:
    weights = {}
    for one in accepted.lower().split(","):
        name, _, parameters = one.partition(";")
        weights[name.strip()] = parameters.replace(" ", "").removeprefix("q=") or "1"
    weight = weights.get("gzip", weights.get("*", "0"))
    try:
        return float(weight) > 0
    except ValueError:
        return False


def _second(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(microsecond=0)


def _encode(headers: list[tuple[str, str]]) -> Headers:
    return [(name.encode("latin1"), value.encode("latin1")) for name, value in headers]
