"""eBay's notifications, once they are proved to be eBay's: what follows from each topic.

Facts: commerce_notification_v1 (1.6.7); the closing of an account is answered with 204 and acted on before that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from adapters.ebay.notifications import ACCOUNT_DELETION, Notice, challenge_answer
from consumer.control.webhooks.book import NoticeBook
from consumer.control.webhooks.erasing import ClosedUser, Eraser, erase_everywhere
from consumer.control.webhooks.hints import Hints

CHANNEL = "ebay"
REVOCATION = "AUTHORIZATION_REVOCATION"
_LISTING = "LISTING"

_log = structlog.get_logger()


class Reader(Protocol):
    """Proves and reads notifications: `adapters.ebay.notifications.Notices`."""

    async def read(self, body: bytes, header: str) -> Notice:
        """Raises ForgedNoticeError, AdapterError."""


class EbayWebhook:
    """endpoint: the address as it was given to eBay. token: eBay's verification token. clock: UTC."""

    def __init__(  # noqa: PLR0913  each by its name
        self,
        notices: Reader,
        book: NoticeBook,
        erasers: Sequence[Eraser],
        hints: Hints,
        *,
        endpoint: str,
        token: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._notices = notices
        self._book = book
        self._erasers = erasers
        self._hints = hints
        self._endpoint = endpoint
        self._token = token
        self._clock = clock

    def challenge(self, code: str) -> str:
        """What proves to eBay that the endpoint is ours."""
        return challenge_answer(code, self._token, self._endpoint)

    async def receive(self, body: bytes, signature: str) -> str:
        """Act on a notification; returns what was done, "repeated" for one that was done before.

        Raises ForgedNoticeError (answer 412), AdapterError and PyMongoError (answer 500: eBay sends it again).
        """
        notice = await self._notices.read(body, signature)
        if not await self._book.begin(CHANNEL, notice.id, notice.topic, self._clock()):
            return "repeated"
        outcome = await self._act(notice)
        await self._book.end(CHANNEL, notice.id, outcome)
        _log.info("notification", channel=CHANNEL, topic=notice.topic, notice=notice.id, outcome=outcome)
        return outcome

    async def _act(self, notice: Notice) -> str:
        if notice.topic == ACCOUNT_DELETION:
            return f"erased {await erase_everywhere(self._erasers, _user(notice))} records"
        if notice.topic == REVOCATION:
            _log.warning("a seller took the consent back: its account will halt with its next call", channel=CHANNEL)
            return "hint: a consent was taken back"
        if notice.topic == _LISTING or notice.topic.startswith(f"{_LISTING}_"):
            return f"hint: {await self._hints.look_again(CHANNEL, _skus(notice))} listings are looked at again"
        return "noted"


def _user(notice: Notice) -> ClosedUser:
    said = {name: str(notice.data.get(name) or "") for name in ("username", "userId", "eiasToken")}
    return ClosedUser(CHANNEL, said["username"], said["userId"], said["eiasToken"])


def _skus(notice: Notice) -> list[str]:
    """Those it names, whatever the case of the field: no real payload of this topic is known."""
    return [str(value) for name, value in notice.data.items() if name.lower() == "sku" and value]
