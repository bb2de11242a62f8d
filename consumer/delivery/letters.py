"""What the core's letters look like in Kafka: retry records and dead letters. Pure.

Key and value are those of the record, byte for byte; all we add is in the headers.
"""

from __future__ import annotations

from dataclasses import dataclass

from consumer.delivery.commands import Letter
from consumer.delivery.dead_letters import GivenUp, dead_letter_headers, error_kind
from consumer.delivery.origin import origin_of
from consumer.delivery.retry_topics import Retry, retry_headers
from consumer.delivery.work import Work
from consumer.events import Headers
from consumer.kafka import TopicNames


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Letters:
    """Addresses letters of one channel. group: the consumer group that writes them."""

    def __init__(self, channel: str, group: str, names: TopicNames) -> None:
        self._channel = channel
        self._group = group
        self._names = names

    def outgoing(self, letter: Letter, now: float, shift: float) -> Outgoing:
        """The record for a letter. now: the core's clock. shift: added to it gives seconds since 1970."""
        work = letter.work
        if letter.retry is not None and work is not None:
            topic = self._names.retry(self._channel, letter.retry.tier)
            return _same(letter, topic, retry_headers(letter.record, _retry(letter, work, shift)))
        topic = self._names.dead_letters(self._channel)
        return _same(letter, topic, dead_letter_headers(letter.record, self._given_up(letter, now, shift)))

    def _given_up(self, letter: Letter, now: float, shift: float) -> GivenUp:
        work = letter.work
        first = work.first_failure if work is not None else None
        return GivenUp(
            group=self._group,
            channel=self._channel,
            tenant=work.key.tenant if work is not None else "",
            account=work.key.account if work is not None else "",
            reason=letter.dead or "",
            attempts=work.attempts if work is not None else 0,
            first_failure=(now if first is None else first) + shift,
            last_failure=now + shift,
            error=letter.error,
        )


def _same(letter: Letter, topic: str, headers: Headers) -> Outgoing:
    return Outgoing(topic, letter.record.key, letter.record.value, headers)


def _retry(letter: Letter, work: Work, shift: float) -> Retry:
    return Retry(
        account=work.key.account,
        attempts=work.attempts,
        first_failure=None if work.first_failure is None else work.first_failure + shift,
        due=work.due + shift,
        origin=origin_of(letter.record),
        error=error_kind(letter.error),
        suspect=None if work.suspect is None else work.suspect + shift,
    )
