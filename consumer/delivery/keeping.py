"""What delivery asks of our own store, as MongoDB keeps it and as tests and simulations stand in for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from consumer.listings.debts import Debt, Payment
from consumer.listings.state import ListingState


class States(Protocol):
    """Where listing states are kept: `consumer.listings.store.ListingStore`. Methods raise PyMongoError."""

    async def load(self, ids: Collection[str]) -> Mapping[str, ListingState]:
        """Those that exist. Raises MarketsyncError for one that cannot be read."""

    async def store_intents(self, states: Sequence[ListingState]) -> Collection[str]:
        """Before the call. Returns the ids that lost the race."""

    async def store_outcomes(self, states: Sequence[ListingState]) -> Collection[str]:
        """After the call. Returns the ids that lost the race."""

    async def mark_uncertain(self, ids: Collection[str]) -> None:
        """Whatever else is stored, these have to be sent again."""


class Marks(Protocol):
    """Where listings are marked as owed: `consumer.listings.debts.DebtStore`. Methods raise PyMongoError."""

    async def mark(self, debts: Iterable[Debt], at: datetime) -> None:
        """These are owed."""

    async def pay(self, payments: Iterable[Payment]) -> None:
        """Owed no more, unless marked anew or written meanwhile; who planned on the mark loses the race."""
