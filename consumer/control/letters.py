"""Dead letters as people look at them: what a record of their topics says, and which ones are asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from consumer import events
from consumer.delivery.origin import texts
from consumer.errors import SettingsError
from consumer.events import is_sequence
from consumer.kafka import TopicNames
from consumer.kafka.records import Partition, Record
from consumer.listings.state import ListingKey, ListingState, Status

CAPTURE = "capture"
"""Stands for a channel's name where capture gave up."""

_DONE_WITH = frozenset(
    {
        Status.LIVE,
        Status.LEFT,
        Status.WITHDRAWN,
        Status.UNLISTED,
        Status.INVALID,
        Status.REFUSED,
        Status.BLOCKED,
        Status.DRY_RUN,
    }
)


class Standing(StrEnum):
    """What became of a letter."""

    OPEN = "open"
    """Nobody has looked after it."""
    HEALED = "healed"
    """A state that is as new or newer was dealt with since."""
    REDRIVEN = "redriven"
    """It was brought back; should it fail again there is a new letter."""
    DISCARDED = "discarded"
    """A person decided that it does not matter."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One letter. channel: its channel, or `CAPTURE`. tenant, account, product, sequence: "" where nobody knows.

    failed: seconds since 1970. error: class of the last failure, message: its words. redrives: how often the state was
    brought back before it ended here.
    """

    id: str
    channel: str
    tenant: str
    account: str
    product: str
    reason: str
    error: str
    message: str
    attempts: int
    failed: float
    sequence: str
    redrives: int
    record: Record = field(repr=False)

    @property
    def listing(self) -> ListingKey | None:
        """The listing it is about; None where it is about no single one."""
        if self.channel == CAPTURE or not (self.tenant and self.account and self.product and self.sequence):
            return None
        return ListingKey(self.channel, self.account, self.tenant, self.product)


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters are asked for; empty = any. since, until: seconds since 1970."""

    tenant: str = ""
    account: str = ""
    reason: str = ""
    product: str = ""
    since: float | None = None
    until: float | None = None
    ids: frozenset[str] = frozenset()

    def takes(self, letter: DeadLetter) -> bool:
        """Whether this letter is asked for."""
        wanted = (
            (self.tenant, letter.tenant),
            (self.account, letter.account),
            (self.reason, letter.reason),
            (self.product, letter.product),
        )
        return (
            all(not asked or asked == found for asked, found in wanted)
            and (self.since is None or letter.failed >= self.since)
            and (self.until is None or letter.failed < self.until)
            and (not self.ids or letter.id in self.ids)
        )


def topic_of(names: TopicNames, channel: str) -> str:
    """Where a channel's letters are, or capture's."""
    return names.capture_dead_letters if channel == CAPTURE else names.dead_letters(channel)


def letter_id(channel: str, partition: int, offset: int) -> str:
    """What people call a letter by."""
    return f"{channel}-{partition}-{offset}"


def place_of(letter_id: str) -> tuple[str, int, int]:
    """Channel, partition and offset in an id. Raises SettingsError."""
    channel, partition, offset = [*letter_id.rsplit("-", 2), "", ""][:3]
    if not (channel and partition.isdecimal() and offset.isdecimal()):
        raise SettingsError(f"{letter_id!r} is no dead letter's id; `marketsync dead-letters list` shows them")
    return channel, int(partition), int(offset)


def read_letter(record: Record, channel: str) -> DeadLetter:
    """What a record says. Nothing in it can make this fail."""
    return _of_capture(record) if channel == CAPTURE else _of_channel(record, channel)


def _of_capture(record: Record) -> DeadLetter:
    headers, body = texts(record.headers), _body(record.value)
    code = body.get("entity_code")
    return DeadLetter(
        id=letter_id(CAPTURE, record.partition, record.offset),
        channel=CAPTURE,
        tenant=headers.get("tenant", ""),
        account="",
        product=code if isinstance(code, str) else "",
        reason=headers.get("reason", ""),
        error="",
        message=headers.get("message", ""),
        attempts=1,
        failed=record.timestamp,
        sequence=_sequence(body.get("sequence")),
        redrives=0,
        record=record,
    )


def _of_channel(record: Record, channel: str) -> DeadLetter:
    headers = texts(record.headers)
    # What could not be decoded names no tenant of ours, whatever its key looks like.
    tenant, product = headers.get("marketsync-tenant", ""), ""
    if tenant and record.key is not None:
        product = record.key.decode("utf-8", "replace").removeprefix(f"{tenant}/")
    return DeadLetter(
        id=letter_id(channel, record.partition, record.offset),
        channel=channel,
        tenant=tenant,
        account=headers.get("marketsync-account", ""),
        product=product,
        reason=headers.get("marketsync-reason", ""),
        error=headers.get("kafka_dlt-exception-fqcn", "").rpartition(".")[2],
        message=headers.get("kafka_dlt-exception-message", ""),
        attempts=_number(headers.get("marketsync-attempts", "")),
        failed=_number(headers.get("marketsync-last-failure", "")) / 1000 or record.timestamp,
        sequence=_sequence(headers.get("ce_sequence")),
        redrives=_number(headers.get(events.REDRIVES, "")),
        record=record,
    )


def is_healed(letter: DeadLetter, state: ListingState | None) -> bool:
    """Whether its listing has come as far as the letter's state, or farther, since it was given up."""
    if state is None or not letter.sequence:
        return False
    if state.planned_sequence == letter.sequence:
        return state.status in _DONE_WITH
    return state.planned_sequence > letter.sequence


def written_at(record: Record) -> int:
    """Milliseconds since 1970: with its place it tells a letter from another one at the same place of a new topic."""
    return round(record.timestamp * 1000)


def place_id(record: Record) -> str:
    """The record's place as one word, unique in a cluster."""
    return str(Partition(record.topic, record.partition)) + f"@{record.offset}"


def _body(value: bytes | None) -> Mapping[str, Any]:
    try:
        body = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _sequence(value: object) -> str:
    return str(value) if is_sequence(value) else ""


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0
