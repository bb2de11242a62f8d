"""An event that the server sends in parts is handed out whole, and no position lies inside it.

The replies are those of a server that knows `$changeStreamSplitLargeEvent`, as MongoDB's manual shows them: ours is
older.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from hypothesis import given
from hypothesis import strategies as st

from consumer.mongo import Document, MongoClient
from consumer.mongo.change_stream import ChangeStream, RawBatch, StartPoint, Watched, splits_large_events
from consumer.mongo.documents import decode
from consumer.mongo.fragments import Fragments

WATCHED = Watched(
    databases=("vinc-a",), collection="pimproducts", images=True, batch_size=100, max_await=0.01, split=True
)
MEGABYTES = 1024 * 1024


class Replaying:
    """What ChangeStream uses of the driver: every command is answered with the next reply."""

    def __init__(self, replies: Sequence[Document]) -> None:
        self.replies: Iterator[Document] = iter(replies)
        self.commands: list[Document] = []

    def __getitem__(self, name: str) -> Replaying:
        return self

    def start_session(self, **_options: Any) -> Replaying:
        return self

    def end_session(self) -> None:
        """Nothing to end."""

    def command(self, command: Document, **_options: Any) -> RawBSONDocument:
        self.commands.append(command)
        return RawBSONDocument(bson.encode(next(self.replies)))


def token(name: str) -> Document:
    return {"_data": name}


def reply(batch: Sequence[Document], after: str, *, first: bool = False) -> Document:
    cursor = {"id": bson.Int64(7), "ns": "vinc-a.$cmd.aggregate", "postBatchResumeToken": token(after)}
    return {"cursor": cursor | {"firstBatch" if first else "nextBatch": list(batch)}, "ok": 1.0}


def part(number: int, of: int, **fields: Any) -> Document:
    """As the server sends it: token and mark first."""
    return {"_id": token(f"large-{number}"), "splitEvent": {"fragment": number, "of": of}, **fields}


def replayed(*replies: Document) -> tuple[ChangeStream, Replaying]:
    server = Replaying([reply([], "start", first=True), *replies])
    stream = ChangeStream(cast("MongoClient[Document]", server), WATCHED)
    stream.open(StartPoint(token=token("start")))
    return stream, server


def more(stream: ChangeStream) -> RawBatch:
    batch = stream.more()
    assert batch is not None
    return batch


BEFORE = {"_id": 1, "description": "x" * (9 * MEGABYTES)}
AFTER = {"_id": 1, "description": "y" * (9 * MEGABYTES)}


def test_parts_in_several_replies_are_one_event_and_the_position_waits_for_the_last() -> None:
    small = {"_id": token("small"), "operationType": "insert"}
    later = {"_id": token("later"), "operationType": "delete"}
    stream, server = replayed(
        reply([small, part(1, 3, operationType="update", documentKey={"_id": 1})], "large-1"),
        reply([part(2, 3, fullDocumentBeforeChange=BEFORE)], "large-2"),
        reply([part(3, 3, fullDocument=AFTER), later], "later"),
    )
    first, second, third = more(stream), more(stream), more(stream)

    assert server.commands[0]["pipeline"][-1] == {"$changeStreamSplitLargeEvent": {}}
    assert ([decode(event) for event in first.events], first.token) == ([small], token("small"))
    assert (second.events, second.token) == ([], token("small"))
    assert [decode(event) for event in third.events] == [
        {
            "_id": token("large-3"),
            "operationType": "update",
            "documentKey": {"_id": 1},
            "fullDocumentBeforeChange": BEFORE,
            "fullDocument": AFTER,
        },
        later,
    ]
    assert third.token == token("later")


def test_a_reply_that_begins_with_a_part_covers_nothing_new() -> None:
    stream, _ = replayed(reply([part(1, 2, operationType="update")], "large-1"))
    assert more(stream) == RawBatch(
        [], token("start"), len(bson.encode(reply([part(1, 2, operationType="update")], "large-1")))
    )


def test_what_products_call_a_split_event_is_their_own() -> None:
    event = {"_id": token("a"), "operationType": "insert", "fullDocument": {"splitEvent": {"fragment": 1, "of": 2}}}
    stream, _ = replayed(reply([event], "a"))
    batch = more(stream)
    assert ([decode(raw) for raw in batch.events], batch.token) == ([event], token("a"))


_FIELDS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.one_of(st.integers(0, 9), st.text(max_size=5), st.just({"splitEvent": {"fragment": 1, "of": 1}})),
    max_size=6,
)


@given(st.data())
def test_whatever_is_split_and_however_it_arrives_comes_out_as_it_was(data: st.DataObject) -> None:
    events, sent = [], list[bytes]()
    for number, content in enumerate(data.draw(st.lists(_FIELDS, max_size=5))):
        parts = data.draw(st.integers(1, 4))
        events.append({"_id": token(f"{number}-{parts - 1}"), **content})
        cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=parts - 1, max_size=parts - 1)))
        pieces = [dict(list(content.items())[a:b]) for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
        for place, piece in enumerate(pieces):
            mark = {"splitEvent": {"fragment": place + 1, "of": parts}} if parts > 1 else {}
            sent.append(bson.encode({"_id": token(f"{number}-{place}"), **mark, **piece}))
    fragments, whole = Fragments(), list[bytes]()
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        batch, sent = sent[:size], sent[size:]
        whole += fragments.join(batch)
        ended = decode(batch[-1])
        mark = ended.get("splitEvent", {"fragment": 1, "of": 1})
        assert fragments.incomplete == (mark["fragment"] < mark["of"])
    assert [decode(event) for event in whole] == events


@pytest.mark.parametrize(
    ("version", "splits"),
    [([6, 0, 5, 0], False), ([6, 0, 9, 0], True), ([6, 3, 1, 0], False), ([7, 0, 0, 0], True), ([9, 0, 4, 0], True)],
)
def test_servers_that_can_split_are_known_by_their_version(version: list[int], splits: bool) -> None:
    class Server:
        def server_info(self) -> Document:
            return {"versionArray": version}

    assert splits_large_events(cast("MongoClient[Document]", Server())) is splits
