"""Looks at the credentials of a channel's accounts now and then, and says in time which of them end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from consumer.listings.credentials.expiry import warnings
from consumer.listings.credentials.sealed import SealedCredential
from consumer.listings.credentials.store import CredentialStore
from consumer.metrics.credentials import CredentialMetrics, Labels
from consumer.mongo import PyMongoError
from consumer.mongo.words import in_words

_log = structlog.get_logger()

_PAUSE = 60.0  # seconds between two looks


class CredentialWatch:
    """Tells each step towards a credential's end once, and its figures always. now: the time, aware."""

    def __init__(
        self, store: CredentialStore, channel: str, metrics: CredentialMetrics, *, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._channel = channel
        self._metrics = metrics
        self._now = now
        self._told: set[tuple[str, str, datetime, str]] = set()

    async def run(self) -> None:
        """Look again and again, until cancelled. While MongoDB is away, the figures stay as they were."""
        while True:
            try:
                await self.look()
            except PyMongoError as error:
                _log.warning("credentials cannot be looked at", error=in_words(error))
            await asyncio.sleep(_PAUSE)

    async def look(self) -> None:
        """Log what is new, set the metrics. Raises PyMongoError."""
        now = self._now()
        ages: dict[Labels, float] = {}
        ends: dict[Labels, float] = {}
        current: set[tuple[str, str, datetime, str]] = set()
        async for kept in self._store.all(self._channel):
            tenant, channel, account = kept.id.split("/", 2)  # as the query asks for them
            for name, sealed in kept.credentials.items():
                labels = (tenant, channel, account, name)
                ages[labels] = (now - sealed.set_at).total_seconds()
                if sealed.expires_at is not None:
                    ends[labels] = (sealed.expires_at - now).total_seconds()
                current |= self._tell(kept.id, name, sealed, now)
        self._told = current
        self._metrics.tell(ages, ends)

    def _tell(
        self, account: str, name: str, sealed: SealedCredential, now: datetime
    ) -> set[tuple[str, str, datetime, str]]:
        """What holds of this credential now; logged where it did not hold at the last look."""
        found = set()
        for warned in warnings(sealed.set_at, sealed.expires_at, now):
            step = (account, name, sealed.set_at, warned.step)
            found.add(step)
            if step not in self._told:
                cure = f"`marketsync credentials set {account} {name}`"
                # Not under the name "credential": logs cut whatever is called that.
                _log.warning("a credential needs a person", account=account, which=name, why=warned.words, cure=cure)
        return found
