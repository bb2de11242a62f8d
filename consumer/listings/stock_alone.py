"""The stock of a listing, sent alone: how far it has to go down, of one product and of each variant of a group. Pure.

It never goes up: whether the price and text that stand on the channel may sell more is for a person to decide. Where a
call has left in doubt what the channel shows, stock is written once more, and no higher than any state that may stand
there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.model import Command, Listing, Operation
from consumer.listings.state import ListingState, Version

Stocks = Mapping[str, int]
"""SKU of a variant -> pieces that can be sold; a variant whose stock cannot be told is missing."""


def stock_to_send(state: ListingState, sku: str, quantity: int | None, stocks: Stocks | None) -> Command | None:
    """What keeps a listing from selling more than there is; None if nothing has to be sent, or nobody knows.

    quantity: of the whole listing. stocks: of a group; None = not known.
    """
    if not state.maybe_live:
        return None
    if state.members:
        known = dict.fromkeys(state.members, 0) if stocks is None and quantity == 0 else stocks or {}
        return _command(state, sku, _variants_to_send(state, known))
    pieces = None if quantity is None else _to_send(state, quantity)
    return None if pieces is None else Command(Operation.REVISE_STOCK, sku, None, state.references, pieces)


def lowered(state: ListingState, quantity: int, stocks: Stocks | None) -> Command | None:
    """The stock as it is now, where the channel took more of it than there is; None where it did not."""
    if state.members:
        less = {
            sku: (stocks or {})[sku]
            for sku, took in _quantities(state.accepted).items()
            if sku in (stocks or {}) and took is not None and (stocks or {})[sku] < took
        }
        return _command(state, state.sku, less)
    if not is_lower(quantity, state):
        return None
    return Command(Operation.REVISE_STOCK, state.sku, None, state.references, quantity)


def lowers(listing: Listing, state: ListingState | None) -> bool:
    """Whether the channel took more stock than this, of the listing or of one of its variants."""
    if not listing.variants or state is None:
        return is_lower(listing.quantity, state)
    took = _quantities(state.accepted)
    return any((took.get(variant.sku) or 0) > variant.quantity for variant in listing.variants)


def is_lower(quantity: int, state: ListingState | None) -> bool:
    """Whether the channel took more stock than this."""
    accepted = state.accepted.quantity if state is not None and state.accepted is not None else None
    return accepted is not None and quantity < accepted


def stocks_of(listing: Listing, members: tuple[str, ...]) -> dict[str, int]:
    """What can be sold of each variant; of those that the listing has no more, nothing."""
    return dict.fromkeys(members, 0) | {variant.sku: variant.quantity for variant in listing.variants}


def _command(state: ListingState, sku: str, stocks: Stocks) -> Command | None:
    if not stocks:
        return None
    shown = {each: took or 0 for each, took in _quantities(state.accepted).items()} | dict(stocks)
    return Command(
        Operation.REVISE_STOCK, sku, None, state.references, sum(shown.values()), state.members, quantities=stocks
    )


def _to_send(state: ListingState, quantity: int) -> int | None:
    if state.uncertain:
        shown = (version.quantity for version in _shown(state))
        return min([quantity, *(stock for stock in shown if stock is not None)])
    accepted = state.accepted.quantity if state.accepted else None
    return quantity if accepted is None or quantity < accepted else None


def _variants_to_send(state: ListingState, stocks: Stocks) -> dict[str, int]:
    shown = [_quantities(version) for version in _shown(state)]
    accepted = _quantities(state.accepted)
    found = {}
    for sku in state.members:
        if sku not in stocks:
            continue
        took = accepted.get(sku)
        if state.uncertain:
            known = (quantities.get(sku) for quantities in shown)
            found[sku] = min([stocks[sku], *(stock for stock in known if stock is not None)])
        elif took is None or stocks[sku] < took:
            found[sku] = stocks[sku]
    return found


def _shown(state: ListingState) -> Iterator[Version]:
    """What may stand on the channel."""
    return (version for version in (state.accepted, state.sent, state.intent) if version is not None)


def _quantities(version: Version | None) -> dict[str, int | None]:
    return {} if version is None else {each.sku: each.quantity for each in version.variants}
