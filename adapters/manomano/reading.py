"""What ManoMano holds of an offer, and what our feed says of it -> what a buyer sees.

The API tells no titles and no barcodes: those are the feed's, the only place ManoMano has them from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.feeds import StoredItem
from adapters.manomano.faults import NO_CONTENT, complaints_of, problem_of
from adapters.manomano.mapping import cents, references_of
from adapters.model import ChannelListing, Money


def seen(offer: Mapping[str, Any], stored: StoredItem | None, currency: str) -> ChannelListing:
    """One offer. What is sold out is live as long as our feed has it; without stock and feed it was taken down.

    frozen, among the references: figures that ManoMano keeps as PATCH wrote them, whatever a feed says.
    """
    stock = offer.get("stock")
    quantity = stock if isinstance(stock, int) else None
    price = _price(offer.get("price"))
    item = stored.item if stored is not None else None
    in_feed = stored is not None and not stored.gone
    complaints = complaints_of(offer.get("errors"))
    waits = bool(complaints) and all(each.known == NO_CONTENT for each in complaints)
    frozen = " ".join(figure for figure in ("price", "stock") if offer.get(f"frozen_{figure}"))
    weight = _price(item.parts.get("weight")) if item is not None else None
    return ChannelListing(
        sku=str(offer.get("sku") or ""),
        live=bool(offer.get("offer_is_online")) if quantity else in_feed and not complaints,
        title=item.title if item is not None else "",
        price=None if price is None else Money(cents(price), currency),
        quantity=quantity,
        references=references_of(price, weight) | ({"frozen": frozen} if frozen else {}),
        gtins=item.gtins if item is not None else (),
        problems=() if waits else tuple(problem_of(each) for each in complaints),
        under_review=waits,
    )


def group(sku: str, versions: Sequence[ChannelListing], title: str) -> ChannelListing:
    """A group, by its versions."""
    prices = [one.price for one in versions if one.price is not None]
    lowest = min(prices, key=lambda money: money.amount, default=None)
    return ChannelListing(
        sku=sku,
        live=any(one.live for one in versions),
        title=title,
        price=lowest,
        quantity=sum(one.quantity or 0 for one in versions),
        references=references_of(lowest.amount if lowest is not None else None, None),
        variants=tuple(versions),
        problems=tuple(problem for one in versions for problem in one.problems),
        under_review=any(one.under_review for one in versions),
    )


def _price(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
