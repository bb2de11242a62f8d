"""Which brakes a command touches: how far one listing would move away from what its buyers see now. Pure.

It is measured against what the channel accepted last. What was never accepted has nothing to fall from: of a first
offer only the rules' floor protects the price.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.model import Command, Money, Operation
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
    if leave.quantity == 0:
        passes.add(Brake.MASS_ZERO_STOCK)
    if command.listing is not None and _between(command.listing.price, accepted, leave):
        passes |= {Brake.PRICE_CHANGE, Brake.MASS_PRICE_CHANGE}
    return frozenset(passes)


def _by_price(command: Command, accepted: Version, brakes: Brakes) -> frozenset[Brake]:
    if command.listing is None or accepted.price is None or command.listing.price == accepted.price:
        return _NOTHING
    percent = moved(accepted.price, command.listing.price)
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
    return quantity == 0 and (accepted.quantity or 0) > single_sale


def _between(price: Money, accepted: Version | None, leave: Leave) -> bool:
    """Whether a price lies between what the channel has and what a person let pass."""
    if leave.price is None or price.currency != leave.price.currency:
        return False
    if accepted is None or accepted.price is None or accepted.price.currency != price.currency:
        return price == leave.price
    low, high = sorted((accepted.price.amount, leave.price.amount))
    return low <= price.amount <= high


def _switched_on(found: frozenset[Brake] | set[Brake], brakes: Brakes) -> frozenset[Brake]:
    return frozenset(brake for brake in found if getattr(brakes, brake.value) is not None)
