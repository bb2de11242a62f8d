"""Positions survive being written and read; sequences never repeat or go back."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.capture.numbering import Numbering
from consumer.capture.positions import (
    Position,
    decode_position,
    encode_position,
)
from consumer.errors import MarketsyncError

_WORDS = st.integers(0, 2**32 - 1)
_TIMES = st.tuples(_WORDS, _WORDS)
_TOKENS = st.fixed_dictionaries({"_data": st.from_regex(r"82[0-9A-F]{16,60}", fullmatch=True)})


@given(st.builds(Position, token=_TOKENS, time=_TIMES, index=st.integers(-1, 2**31)))
def test_a_position_comes_back(position: Position) -> None:
    assert decode_position(encode_position(position)) == position


def test_a_token_with_type_bits_comes_back() -> None:
    position = Position({"_data": "82AA", "_typeBits": b"\x40"}, (1, 2), 3)
    assert decode_position(encode_position(position)) == position


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"layout": 2}', b'{"layout": 1}', b'{"layout": 1, "time": 7}'])
def test_what_cannot_be_read_is_no_guess(value: bytes) -> None:
    with pytest.raises(MarketsyncError, match="another version"):
        decode_position(value)


def test_the_record_can_be_read_by_people() -> None:
    record = orjson.loads(encode_position(Position({"_data": "82"}, (7, 8), 9)))
    assert record == {"layout": 1, "token": {"_data": "82"}, "time": [7, 8], "index": 9}


@dataclass(frozen=True)
class _History:
    """What a stream will show: cluster time by cluster time, each with some changes."""

    counts: list[int]

    @property
    def times(self) -> list[tuple[int, int]]:
        return [(1, time) for time, count in enumerate(self.counts, start=1) for _ in range(count)]


def _token(time: tuple[int, int]) -> dict[str, str]:
    return {"_data": f"82{time[0]:08X}{time[1]:08X}"}


def _number_all(times: list[tuple[int, int]], numbering: Numbering) -> list[str]:
    return [sequence for time in times if (sequence := numbering.number(time)) is not None]


_HISTORIES = st.builds(_History, st.lists(st.integers(1, 4), min_size=1, max_size=8))
START = Position(_token((1, 0)), (1, 0), -1)


@given(_HISTORIES)
def test_sequences_ascend_and_never_repeat(history: _History) -> None:
    sequences = _number_all(history.times, Numbering(START))
    assert sequences == sorted(set(sequences))
    assert len(sequences) == len(history.times)


@given(_HISTORIES, st.data())
def test_a_restart_anywhere_numbers_as_if_there_had_been_none(history: _History, data: st.DataObject) -> None:
    whole = _number_all(history.times, Numbering(START))
    cut = data.draw(st.integers(1, len(history.times)))
    first = Numbering(START)
    head = _number_all(history.times[:cut], first)
    position = first.position(_token(history.times[cut - 1]))
    assert position is not None
    tail = _number_all(history.times[cut:], Numbering(decode_position(encode_position(position))))
    assert head + tail == whole


@given(_HISTORIES, st.data())
def test_going_back_to_the_operation_time_repeats_and_loses_nothing(history: _History, data: st.DataObject) -> None:
    whole = _number_all(history.times, Numbering(START))
    cut = data.draw(st.integers(1, len(history.times)))
    numbering = Numbering(START)
    head = _number_all(history.times[:cut], numbering)
    reached = history.times[cut - 1]
    numbering.replay()
    if data.draw(st.booleans()):
        numbering.replay()  # the connection failed at once, and again the time is all we have
    again = [time for time in history.times if time >= reached]
    pause = data.draw(st.integers(0, len(again)))
    tail = _number_all(again[:pause], numbering)
    if pause:
        position = numbering.position(_token(again[pause - 1]))
        assert (position is None) == (not tail), "a position while repeating would let a restart repeat for good"
    tail += _number_all(again[pause:], numbering)
    assert head + tail == whole


def test_a_replay_in_which_nothing_comes_ends_when_the_server_is_past_it() -> None:
    numbering = Numbering(Position(_token((1, 5)), (1, 5), 2))
    numbering.replay()
    assert numbering.position(_token((1, 5))) is None
    assert numbering.position(_token((1, 6))) == Position(_token((1, 6)), (1, 5), 2)
    assert numbering.number((1, 7)) == "000000010000000700000000"
