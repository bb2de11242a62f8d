"""What takes notifications of channels, put together for the API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.ebay.calls import Calls
from adapters.ebay.notifications import Notice, Notices, PublicKeys
from adapters.ebay.opening import calls_of
from adapters.ebay.settings import EbayAccount
from adapters.errors import ChannelUnavailableError
from adapters.http import open_http
from consumer.bootstrap.accounts import accounts_of
from consumer.bootstrap.credentials import utc_now
from consumer.control.webhooks.amazon import AmazonQueue
from consumer.control.webhooks.book import COLLECTION, NoticeBook
from consumer.control.webhooks.ebay import EbayWebhook
from consumer.control.webhooks.erasing import Eraser
from consumer.control.webhooks.hints import Hints
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.mongo import AsyncDatabase, Document
from consumer.settings import Settings


class OwnNotices:
    """Proves eBay's notifications with the keyset of any of our accounts on eBay, opened when the first one comes."""

    def __init__(self, settings: Settings, endpoints: Endpoints) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._opening = asyncio.Lock()
        self._calls: Calls | None = None
        self._notices: Notices | None = None

    async def read(self, body: bytes, header: str) -> Notice:
        """As `Notices.read`. Raises ChannelUnavailableError while there is no account whose keyset could ask eBay."""
        async with self._opening:
            if self._notices is None:
                self._notices = Notices(PublicKeys(await self._open(), time.monotonic))
        return await self._notices.read(body, header)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Its connections are closed at the end."""
        try:
            yield
        finally:
            if self._calls is not None:
                await self._calls.close()

    async def _open(self) -> Calls:
        try:
            accounts = await asyncio.to_thread(accounts_of, self._settings, self._endpoints, "ebay")
        except MarketsyncError as error:
            raise ChannelUnavailableError(f"eBay cannot be asked for its keys: {error}") from error
        account = accounts[0].settings
        if not isinstance(account, EbayAccount):
            raise ChannelUnavailableError("eBay cannot be asked for its keys: there is no account on eBay")
        addresses = {"EBAY_API_URL": account.api_url, "EBAY_TOKEN_URL": account.token_url}
        self._calls = calls_of(account, open_http(addresses))
        return self._calls


def ebay_webhook(
    settings: Settings, database: AsyncDatabase[Document], notices: OwnNotices, erasers: Sequence[Eraser]
) -> EbayWebhook | None:
    """None where the settings do not say which address eBay was given. erasers: whoever keeps something of people."""
    record = settings.record
    if not record.ebay_endpoint or not record.ebay_verification_token.get_secret_value():
        return None
    return EbayWebhook(
        notices,
        NoticeBook(database[COLLECTION]),
        erasers,
        Hints(database[LISTINGS], utc_now),
        endpoint=record.ebay_endpoint,
        token=record.ebay_verification_token.get_secret_value(),
        clock=utc_now,
    )


async def prepare_notices(settings: Settings, database: AsyncDatabase[Document]) -> None:
    """Notices go after their days. Idempotent; raises PyMongoError."""
    await NoticeBook(database[COLLECTION]).prepare(settings.record.notice_days)


def amazon_queue(database: AsyncDatabase[Document]) -> AmazonQueue:
    """What takes the messages of Amazon's queue."""
    return AmazonQueue(NoticeBook(database[COLLECTION]), Hints(database[LISTINGS], utc_now), utc_now)
