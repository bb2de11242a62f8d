"""Which brakes a command touches: how far one listing would move away from what its buyers see now. Pure.

It is measured against what the channel accepted last. What was never accepted has nothing to fall from: of a first
offer only the rules' floor protects the price.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adapters.model import Command, Listing, Money, Operation
from consumer.listings.brakes.model import Brake, Brakes
from consumer.listings.owed import Leave
from consumer.listings.state import Doubt, ListingState, Version

_WITHDRAWAL = frozenset({Brake.MASS_DELISTING, Brake.COUNT_DROP})
_NOTHING: frozenset[Brake] = frozenset()


def touched(command: Command, state: ListingState | None, brakes: Brakes) -> frozenset[Brake]:
    """The brakes that are on and have something to say to this command. state: what is stored of the listing."""
    if command.operation is Operation.WITHDRAW:
        return _switched_on(_WITHDRAWAL, brakes)
    accepted = None if state is None else state.accepted
    if accepted is None:
        first = state is None or state.open_doubt is not Doubt.EXISTENCE
        return _switched_on({Brake.CREATES_PER_HOUR}, brakes) if first and brakes.creates_per_hour else _NOTHING
    found = _by_price(command, accepted, brakes)
    if brakes.mass_zero_stock is not None and _empties(command, accepted, brakes.mass_zero_stock.single_sale):
        found = found | {Brake.MASS_ZERO_STOCK}
    return found


def covered(command: Command, accepted: Version | None, leave: Leave) -> frozenset[Brake]:
    """The brakes that a person's leave speaks for.

    What the person was shown passes, and so does a newer one that goes less far in the same direction.
    """
    if leave.operation is Operation.WITHDRAW:
        return _WITHDRAWAL if command.operation is Operation.WITHDRAW else _NOTHING
    passes = {Brake.CREATES_PER_HOUR}
    if leave.quantity == 0 or (leave.sold_out and _sold_out(command) <= leave.sold_out):
        passes.add(Brake.MASS_ZERO_STOCK)
    if command.listing is not None and _is_between(command.listing, accepted, leave):
        passes |= {Brake.PRICE_CHANGE, Brake.MASS_PRICE_CHANGE}
    return frozenset(passes)


def _by_price(command: Command, accepted: Version, brakes: Brakes) -> frozenset[Brake]:
    """A variant's price counts as the listing's own: the one that moves furthest decides."""
    found = frozenset[Brake]().union(*(_by_move(*move, brakes) for move in _moves(command, accepted)))
    return frozenset({Brake.PRICE_CHANGE}) if Brake.PRICE_CHANGE in found else found


def _moves(command: Command, accepted: Version) -> Iterator[tuple[Money, Money]]:
    """The prices that change, of the listing or of each of its variants. A new variant has nothing to fall from."""
    listing = command.listing
    if listing is None:
        return
    if not listing.variants:
        if accepted.price is not None and listing.price != accepted.price:
            yield accepted.price, listing.price
        return
    before = {each.sku: each.price for each in accepted.variants}
    for variant in listing.variants:
        old = before.get(variant.sku)
        if old is not None and old != variant.price:
            yield old, variant.price


def _by_move(old: Money, new: Money, brakes: Brakes) -> frozenset[Brake]:
    percent = moved(old, new)
    if brakes.price_change is not None and (percent is None or percent > brakes.price_change):
        return frozenset({Brake.PRICE_CHANGE})
    mass = brakes.mass_price_change
    if mass is not None and (percent is None or percent >= mass.from_percent):
        return frozenset({Brake.MASS_PRICE_CHANGE})
    return _NOTHING


def moved(old: Money, new: Money) -> Decimal | None:
    """By how many percent of the old price; None where they cannot be compared."""
    if old.currency != new.currency or old.amount <= 0:
        return None
    return abs(new.amount - old.amount) * 100 / old.amount


def _empties(command: Command, accepted: Version, single_sale: int) -> bool:
    quantity = command.quantity if command.listing is None else command.listing.quantity
    if quantity == 0 and (accepted.quantity or 0) > single_sale:
        return True
    gone = _sold_out(command)
    return any(each.sku in gone and (each.quantity or 0) > single_sale for each in accepted.variants)


def _sold_out(command: Command) -> frozenset[str]:
    """SKUs of a group's variants of which nothing is left."""
    variants = command.listing.variants if command.listing is not None else ()
    stocks = command.quantities or {variant.sku: variant.quantity for variant in variants}
    return frozenset(sku for sku, quantity in stocks.items() if quantity == 0)


def _is_between(listing: Listing, accepted: Version | None, leave: Leave) -> bool:
    """Whether its prices lie between what the channel has and what a person let pass."""
    before = None if accepted is None else accepted.price
    if not listing.variants:
        return _between(listing.price, before, leave.price)
    prices = {} if accepted is None else {each.sku: each.price for each in accepted.variants}
    return all(
        _between(each.price, prices[each.sku], leave.prices.get(each.sku))
        for each in listing.variants
        if each.sku in prices
    )


def _between(price: Money, before: Money | None, leave: Money | None) -> bool:
    if leave is None or price.currency != leave.currency:
        return price == before
    if before is None or before.currency != price.currency:
        return price == leave
    low, high = sorted((before.amount, leave.amount))
    return low <= price.amount <= high


def _switched_on(found: frozenset[Brake] | set[Brake], brakes: Brakes) -> frozenset[Brake]:
    return frozenset(brake for brake in found if getattr(brakes, brake.value) is not None)
