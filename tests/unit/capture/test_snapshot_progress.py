"""Ranges cover every id once, and what was committed is not read again, whoever reads and whenever it is killed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.capture.records import Record
from consumer.capture.snapshots.pace import LONGEST_YIELD, Pace
from consumer.capture.snapshots.progress import SnapshotProgress, cut, decode_progress, encode_progress, not_read
from consumer.capture.snapshots.reading import Piece, Reading
from consumer.errors import MarketsyncError
from consumer.events import read_sequence
from consumer.markers import SnapshotCause
from consumer.mongo.pim import id_key
from consumer.mongo.products import Chunk, IdRange
from tests.waiting import wait_until

_BEGUN = replace(not_read("vinc-a"), started=read_sequence(1, 1))
_IDS = st.lists(st.integers(0, 300), unique=True, max_size=60).map(sorted)


def collection(ids: list[int]) -> list[bytes]:
    """A collection: its ids in the order of the index. Integers, whose keys ascend as they do."""
    return [id_key(number) for number in ids]


def rank(key: bytes) -> int:
    return int.from_bytes(key[9:13], "little")


def chunk_of(ids: list[bytes], place: IdRange, size: int) -> list[bytes]:
    """What MongoDB answers."""
    inside = [
        key
        for key in ids
        if (not place.start or rank(key) >= rank(place.start))
        and (not place.end or rank(key) < rank(place.end))
        and (not place.last or rank(key) > rank(place.last))
    ]
    return inside[:size]


@given(_IDS, st.integers(1, 12), st.integers(1, 9), st.data())
def test_every_id_is_read_once_in_whatever_order_ranges_get_on_and_however_often_it_is_killed(
    ids: list[int], parts: int, size: int, data: st.DataObject
) -> None:
    there = collection(ids)
    sample = sorted(data.draw(st.lists(st.sampled_from(there), max_size=20)), key=rank) if there else []
    progress = replace(_BEGUN, ranges=cut(sample, parts))
    published: Counter[bytes] = Counter()
    while progress.ranges:
        place = data.draw(st.sampled_from(progress.ranges))
        chunk = chunk_of(there, place, size)
        reached = progress.advanced(place.start, chunk[-1] if chunk else b"", len(chunk))
        if data.draw(st.booleans()):
            continue  # killed before the commit
        published.update(chunk)
        progress = decode_progress(encode_progress(reached))
    assert published == Counter(there)
    assert progress.products == len(there)


@given(_IDS, st.integers(1, 12), st.integers(1, 4), st.integers(1, 9))
def test_several_threads_hand_over_each_range_in_order(ids: list[int], parts: int, readers: int, size: int) -> None:
    there = collection(ids)

    def encode(place: IdRange, chunk: Chunk) -> Piece:
        last = chunk.documents[-1] if chunk.documents else b""
        records: list[Record] = [("resync", key, b"", []) for key in chunk.documents]
        return Piece(place.start, last, records, len(chunk.documents))

    progress = replace(_BEGUN, ranges=cut(there, parts))
    reading = Reading(
        progress.ranges, read=lambda place: Chunk((1, 2), chunk_of(there, place, size)), encode=encode, readers=readers
    )
    published: list[bytes | None] = []
    reading.start()
    try:
        while progress.ranges:
            for piece in reading.take(5):
                before = {place.start: place.last for place in progress.ranges}
                assert not piece.last or not before[piece.start] or rank(piece.last) > rank(before[piece.start])
                published += [key for _, key, _, _ in piece.records]
                progress = progress.advanced(piece.start, piece.last, piece.products)
    finally:
        reading.close()
    assert Counter(published) == Counter(there)


def test_what_a_reader_fails_with_is_raised_where_the_pieces_are_taken() -> None:
    def fail(_: IdRange) -> Chunk:
        raise ConnectionError("away")

    reading = Reading(cut((), 1), read=fail, encode=lambda place, _: Piece(place.start, b""), readers=3)
    reading.start()
    try:
        with pytest.raises(ConnectionError):
            reading.take(5)
    finally:
        reading.close()


@pytest.mark.parametrize("readers", [1, 3])
def test_what_is_read_ahead_is_bounded(readers: int) -> None:
    there = collection(list(range(300)))
    read: list[IdRange] = []

    def read_on(place: IdRange) -> Chunk:
        read.append(place)
        return Chunk((1, 2), chunk_of(there, place, 1))

    reading = Reading(
        cut(there, 5),
        read=read_on,
        encode=lambda place, chunk: Piece(place.start, chunk.documents[-1] if chunk.documents else b""),
        readers=readers,
    )
    reading.start()
    try:
        wait_until(lambda: len(read) == 2 * readers, 5)
        assert len(reading.take(1)) == readers
        wait_until(lambda: len(read) == 3 * readers, 5)
    finally:
        reading.close()
    assert len(read) == 3 * readers


@given(st.lists(st.integers(0, 300), unique=True).map(sorted), st.integers(1, 20))
def test_ranges_are_of_about_equal_size_and_leave_no_gap(ids: list[int], parts: int) -> None:
    ranges = cut(collection(ids), parts)
    assert len(ranges) == max(1, min(parts, len(ids)))
    assert ranges[0].start == ranges[-1].end == b""
    assert [place.end for place in ranges[:-1]] == [place.start for place in ranges[1:]]
    sizes = [len(chunk_of(collection(ids), place, 1000)) for place in ranges]
    assert max(sizes) - min(sizes) <= 1


_RANGES = st.lists(st.builds(IdRange, st.binary(), st.binary(), st.binary()), max_size=4).map(tuple)
PROGRESS = st.builds(
    SnapshotProgress,
    database=st.just("vinc-a"),
    cause=st.sampled_from(SnapshotCause),
    request=st.text(max_size=5),
    started=st.sampled_from((read_sequence(1, 2), "")),
    collection=st.text(max_size=5),
    ranges=_RANGES,
    parts=st.integers(0, 128),
    estimate=st.integers(0, 2**40),
    products=st.integers(0, 2**40),
    seconds=st.integers(0, 10**9).map(float),
    done=st.booleans(),
    note=st.text(max_size=5),
)


@given(PROGRESS)
def test_progress_comes_back(progress: SnapshotProgress) -> None:
    assert decode_progress(encode_progress(progress)) == progress


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"layout": 3}', b'{"layout": 2}', b'{"layout": 1}'])
def test_what_cannot_be_read_is_no_guess(value: bytes) -> None:
    with pytest.raises(MarketsyncError, match="another version"):
        decode_progress(value)


@pytest.mark.parametrize("done", [True, False])
def test_a_snapshot_of_the_version_before_stays_done_or_begins_anew(done: bool) -> None:
    record = {"layout": 1, "database": "vinc-a", "last": "FgAAAAdfaWQAawQ22piHs5aSPK23AA==", "products": 7}
    progress = decode_progress(orjson.dumps(record | {"done": done}))
    assert progress == (replace(not_read("vinc-a"), done=True, products=7) if done else not_read("vinc-a"))


@given(st.floats(1, 1e5), st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 30)), max_size=50))
def test_the_pace_is_kept_over_any_time_longer_than_a_second(rate: float, work: list[tuple[int, float]]) -> None:
    pace, now = Pace(rate, 0.0), 0.0
    done = []
    for products, rest in work:
        now += rest + pace.wait(now)
        done.append((now, products))
        pace.spent(products, now)
    for first, (begun, _) in enumerate(done):
        for last in range(first, len(done)):
            end, newest = done[last]
            published = sum(products for _, products in done[first : last + 1])
            assert published <= rate * (end - begun + 1) + newest + 1e-3 * rate


def test_without_a_rate_nothing_waits() -> None:
    pace = Pace(0, 0.0)
    pace.spent(10**9, 1.0)
    assert pace.wait(1.0) == 0


def test_a_stream_that_is_always_behind_slows_a_snapshot_down_and_never_stops_it() -> None:
    pace = Pace(0, 3.0)
    assert pace.patience(4.0) == LONGEST_YIELD - 1
    assert pace.patience(3.0 + LONGEST_YIELD) == 0
    pace.spent(1, 20.0)
    assert pace.patience(20.0) == LONGEST_YIELD
