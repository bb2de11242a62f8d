"""Which price of the PIM is meant."""

from __future__ import annotations

from typing import Literal

from consumer.listings.product import Figure, Prices

PriceBasis = Literal["retail", "sale", "list"]
"""retail: the recommended price. sale: the reduced one, retail where there is none. list: often what the goods cost."""


def basis_of(prices: Prices, basis: PriceBasis) -> tuple[Figure, str]:
    """The figure, and where it stands in the PIM."""
    if basis == "list":
        return prices.list, "pricing.list"
    if basis == "sale" and prices.sale is not None:
        return prices.sale, "pricing.sale"
    return prices.retail, "pricing.retail"
