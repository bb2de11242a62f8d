"""What everybody needs who looks through all that an account has on its channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consumer.control.asking import Asker
from consumer.listings.accounts import Account
from consumer.listings.debts import DebtStore
from consumer.listings.store import ListingStore


@dataclass(frozen=True, slots=True)
class Stocktaking:
    """One account, who asks its channel, and where its listings are stored. clock: seconds since 1970."""

    account: Account
    asker: Asker
    listings: ListingStore
    debts: DebtStore
    clock: Callable[[], float]
