"""Forgets buyers whose account at a channel was closed: keeps `control.webhooks.erasing.Eraser`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from consumer.orders.store import OrderStore


class ClosedUser(Protocol):
    """Whoever closed an account. names: every name the channel has for them."""

    @property
    def channel(self) -> str:
        """Where."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were said."""


class OrderEraser:
    """now: UTC."""

    def __init__(self, store: OrderStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def erase(self, user: ClosedUser) -> int:
        """Of all tenants' orders on that channel; returns of how many. Idempotent. Raises PyMongoError."""
        return await self._store.erase_buyer(user.channel, frozenset(user.names), self._now())
