"""What delivery asks of those who know what channels sold: `consumer.listings.sales.SalesBook`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from consumer.listings.sold import Sold
from consumer.listings.state import ListingKey


class Sales(Protocol):
    """Who knows what was sold and is still in the PIM's stock."""

    async def of(self, listings: Iterable[ListingKey]) -> Mapping[str, Sold]:
        """Tenant → what is open of these products and of their variants. Raises PyMongoError."""


class _NoSales:
    async def of(self, listings: Iterable[ListingKey]) -> Mapping[str, Sold]:
        return {}


NO_SALES: Final[Sales] = _NoSales()
"""Where no orders are imported."""
