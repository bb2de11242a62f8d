"""What shipping one offer costs. Pure."""

from __future__ import annotations

from decimal import Decimal

from adapters.model import Listing
from adapters.trovaprezzi.settings import Shipping, ShippingBand

_FREE = Decimal(0)


def cost(listing: Listing, shipping: Shipping) -> Decimal | None:
    """With VAT; None where the seller's table does not say. A band by weight needs a weight."""
    price = listing.price.amount
    if shipping.free_from is not None and price >= shipping.free_from:
        return _FREE
    for band in shipping.bands:
        if _within(band, price, listing.weight):
            return band.cost
    return shipping.otherwise


def _within(band: ShippingBand, price: Decimal, weight: Decimal | None) -> bool:
    if band.up_to_price is not None and price > band.up_to_price:
        return False
    return band.up_to_weight is None or (weight is not None and weight <= band.up_to_weight)
