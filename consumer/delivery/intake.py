"""From a Kafka record to the states it means: decode, find the tenant's accounts, choose the lane. Pure.

Times in records are seconds since 1970, the core has a clock of its own: `shift` added to the core's time gives the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from consumer import events
from consumer.delivery.lanes import lane_of
from consumer.delivery.offsets import Ticket
from consumer.delivery.retry_topics import held_until, read_retry
from consumer.delivery.work import AccountKey, Work
from consumer.kafka.records import Record
from consumer.listings.state import ListingKey


@dataclass(frozen=True, slots=True)
class Sources:
    """What the topics are for. background: nobody waits for these. delay_of: a retry topic's delay in seconds."""

    background: frozenset[str]
    delay_of: Callable[[str], int | None]


class Intake:
    """Takes records of one channel apart."""

    def __init__(self, channel: str, accounts: Iterable[AccountKey], sources: Sources) -> None:
        self._channel = channel
        self._sources = sources
        self._accounts: dict[str, list[AccountKey]] = {}
        for account in accounts:
            self._accounts.setdefault(account.tenant, []).append(account)

    def held_until(self, record: Record, shift: float) -> float:
        """Until when (core's clock) the record is to be held; 0 for what may go at once."""
        delay = self._sources.delay_of(record.topic)
        return 0.0 if delay is None else held_until(record, delay) - shift

    def works(self, record: Record, ticket: Ticket, shift: float) -> list[Work]:
        """One work per account it concerns; none where the tenant has no account on this channel.

        A retry record concerns the one account it names. Raises UndecodableEventError.
        """
        event = events.decode(record.key, record.value, record.headers)
        accounts = self._accounts.get(event.tenant, [])
        if self._sources.delay_of(record.topic) is None:
            lane = lane_of(event, background=record.topic in self._sources.background)
            return [
                Work(_key(self._channel, account, event.entity_code), event.sequence, lane, record, ticket)
                for account in accounts
            ]
        retry = read_retry(record)
        lane = lane_of(event, background=retry.origin.topic in self._sources.background)
        return [
            Work(
                key=_key(self._channel, account, event.entity_code),
                sequence=event.sequence,
                lane=lane,
                record=record,
                ticket=ticket,
                attempts=retry.attempts,
                first_failure=_on_core_clock(retry.first_failure, shift),
                due=retry.due - shift,
                suspect=_on_core_clock(retry.suspect, shift),
            )
            for account in accounts
            if account.name == retry.account
        ]


def _key(channel: str, account: AccountKey, entity_code: str) -> ListingKey:
    return ListingKey(channel, account.name, account.tenant, entity_code)


def _on_core_clock(time: float | None, shift: float) -> float | None:
    return None if time is None else time - shift
