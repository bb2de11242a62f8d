"""Reads dead letters from their topics, each with what became of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple

from consumer.control.letter_book import Decision, LetterBook
from consumer.control.letters import DeadLetter, LetterFilter, Standing, is_healed, place_of, read_letter, topic_of
from consumer.control.reading import read_batches
from consumer.kafka import TopicNames
from consumer.kafka.records import Partition
from consumer.kafka.spans import Span, SpanReader, find_spans
from consumer.listings.state import ListingState
from consumer.listings.store import ListingStore


class Found(NamedTuple):
    """A letter, what became of it, and what somebody decided about it, if somebody did."""

    letter: DeadLetter
    standing: Standing
    decision: Decision | None

    def light(self) -> Found:
        """The same without the record's value, which may be large."""
        record = replace(self.letter.record, value=None, headers=())
        return self._replace(letter=replace(self.letter, record=record))


class PostOffice:
    """Looks through the dead letters of an installation. Methods raise UnavailableError, PyMongoError."""

    def __init__(self, bootstrap: str, names: TopicNames, *, book: LetterBook, listings: ListingStore) -> None:
        self._bootstrap = bootstrap
        self._names = names
        self._book = book
        self._listings = listings

    def spans(self, channel: str, wanted: LetterFilter) -> list[Span]:
        """Where the letters of these times are now. Blocks. A letter is written after its last failure."""
        return find_spans(self._bootstrap, [topic_of(self._names, channel)], since=wanted.since, until=None)

    async def read(
        self, channel: str, spans: Sequence[Span], wanted: LetterFilter
    ) -> AsyncGenerator[tuple[list[Found], dict[int, int]]]:
        """The letters asked for, with what became of them, and partition → the offset behind what was looked at."""
        async with aclosing(read_batches(SpanReader(self._bootstrap, spans))) as batches:
            async for records in batches:
                letters = [read_letter(record, channel) for record in records]
                if records:
                    behind = {record.partition: record.offset + 1 for record in records}
                    yield await self._sort([one for one in letters if wanted.takes(one)]), behind

    async def find(self, letter_id: str) -> Found | None:
        """One letter; None where there is none (any more). Raises SettingsError where this is no letter's id."""
        channel, partition, offset = place_of(letter_id)
        place = Partition(topic_of(self._names, channel), partition)
        async with aclosing(read_batches(SpanReader(self._bootstrap, [Span(place, offset, offset + 1)]))) as batches:
            async for records in batches:
                if records:
                    return (await self._sort([read_letter(records[0], channel)]))[0]
        return None

    async def _sort(self, letters: Sequence[DeadLetter]) -> list[Found]:
        decisions = await self._book.decisions(letters)
        states = await self._listings.load({str(one.listing) for one in letters if one.listing is not None})
        return [_found(one, decisions.get(one.id), states.get(str(one.listing))) for one in letters]


def _found(letter: DeadLetter, decision: Decision | None, state: ListingState | None) -> Found:
    if decision is not None:
        return Found(letter, decision.standing, decision)
    return Found(letter, Standing.HEALED if is_healed(letter, state) else Standing.OPEN, None)
