"""From a Kafka record to the states it means: decode, find the tenant's accounts, choose the lane. Pure.

Times in records are seconds since 1970, the core has a clock of its own: `shift` added to the core's time gives the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adapters.values import value_object
from consumer import events
from consumer.delivery.lanes import lane_of
from consumer.delivery.offsets import Ticket
from consumer.delivery.retry_topics import held_until, read_retry
from consumer.delivery.work import AccountKey, Work
from consumer.kafka.records import Record
from consumer.listings.state import ListingKey
from consumer.markers import is_marker


@value_object
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
        self.follow(accounts)

    def follow(self, accounts: Iterable[AccountKey]) -> None:
        """Exactly these accounts there are from now on."""
        self._accounts.clear()
        for account in accounts:
            self._accounts.setdefault(account.tenant, []).append(account)

    def held_until(self, record: Record, shift: float) -> float:
        """Until when (core's clock) the record is to be held; 0 for what may go at once."""
        delay = self._sources.delay_of(record.topic)
        return 0.0 if delay is None else held_until(record, delay) - shift

    def concerns(self, record: Record) -> bool:
        """Whether it is for this channel. A record that names another one is skipped unread."""
        wanted = _header(record, events.TARGET_CHANNEL)
        return wanted is None or wanted == self._channel or self._sources.delay_of(record.topic) is not None

    def works(self, record: Record, ticket: Ticket, shift: float) -> list[Work]:
        """One work per account it concerns; none where the tenant has no such account on this channel.

        A retry record concerns the one account it names, a marker none. Raises UndecodableEventError.
        """
        if is_marker(record.headers):
            return []
        event = events.decode(record.key, record.value, record.headers)
        accounts = self._accounts.get(event.tenant, [])
        force = _header(record, events.FORCE) == "1"
        if self._sources.delay_of(record.topic) is None:
            only = target_account(record)
            lane = lane_of(event, background=record.topic in self._sources.background)
            return [
                Work(
                    _key(self._channel, account, event.entity_code),
                    event.sequence,
                    lane,
                    record,
                    ticket,
                    force=force,
                    kin=event.kin is not None,
                )
                for account in accounts
                if only is None or account.name == only
            ]
        retry = read_retry(record)
        # A job's states come by the background topic, and stay in its lane wherever they first came from.
        background = retry.origin.topic in self._sources.background or _header(record, events.JOB) is not None
        lane = lane_of(event, background=background)
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
                force=force,
                kin=event.kin is not None,
            )
            for account in accounts
            if account.name == retry.account
        ]


def target_account(record: Record) -> str | None:
    """The only account that the record is for; None = it is for all."""
    return _header(record, events.TARGET_ACCOUNT)


def _header(record: Record, name: str) -> str | None:
    for found, value in record.headers:
        if found == name:
            return value.decode("utf-8", "replace")
    return None


def _key(channel: str, account: AccountKey, entity_code: str) -> ListingKey:
    return ListingKey(channel, account.name, account.tenant, entity_code)


def _on_core_clock(time: float | None, shift: float) -> float | None:
    return None if time is None else time - shift
