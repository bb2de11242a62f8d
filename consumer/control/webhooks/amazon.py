"""Amazon's notifications, as bodies of messages of the queue they were sent to.

The queue is the proof: only Amazon may write to it, and only who reads it hands its messages on. Key case differs by
type: LISTINGS_* come in PascalCase, FEED_PROCESSING_FINISHED in camelCase (vendor schemas of notifications).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from adapters.values import value_object
from consumer.control.webhooks.book import NoticeBook
from consumer.control.webhooks.hints import Hints
from consumer.errors import MarketsyncError

CHANNEL = "amazon"
_LONGEST = 200


class UnreadableMessageError(MarketsyncError):
    """A message that is no notification of Amazon's."""


@value_object
class QueueNotice:
    """id: it may come more than once. skus: those of the seller's that it is about."""

    id: str
    kind: str
    skus: tuple[str, ...]


def queue_notice(body: bytes) -> QueueNotice:
    """What a message says. Raises UnreadableMessageError naming what is missing."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableMessageError("the message is no JSON: pass the body of a queue's message as it is") from error
    if isinstance(document, dict) and isinstance(document.get("detail"), dict):
        document = document["detail"]  # EventBridge wraps it
    message = _lower(document)
    kind = str(message.get("notificationtype") or "")[:_LONGEST]
    notice_id = str(_lower(message.get("notificationmetadata")).get("notificationid") or "")[:_LONGEST]
    if not kind or not notice_id:
        missing = "NotificationMetadata.NotificationId" if kind else "NotificationType"
        raise UnreadableMessageError(f"the message has no {missing}: it is no notification of Amazon's")
    sku = _lower(message.get("payload")).get("sku")
    return QueueNotice(notice_id, kind, (str(sku),) if sku else ())


class AmazonQueue:
    """clock: UTC."""

    def __init__(self, book: NoticeBook, hints: Hints, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._hints = hints
        self._clock = clock

    async def receive(self, body: bytes, tenant: str) -> str:
        """Act on a message for a tenant; returns what was done, "repeated" for one that was done before.

        Raises UnreadableMessageError, PyMongoError.
        """
        notice = queue_notice(body)
        name = f"{tenant}/{notice.id}"
        if not await self._book.begin(CHANNEL, name, notice.kind, self._clock()):
            return "repeated"
        looked = await self._hints.look_again(CHANNEL, notice.skus, tenant) if notice.skus else 0
        outcome = f"hint: {looked} listings are looked at again" if notice.skus else "noted"
        await self._book.end(CHANNEL, name, outcome)
        return outcome


def _lower(value: Any) -> Mapping[str, Any]:
    return {str(name).lower(): inner for name, inner in value.items()} if isinstance(value, dict) else {}
