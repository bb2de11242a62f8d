"""Why a listing is held, in the words of `marketsync held list`. One text per brake and setting, so that they group."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.listings.brakes.model import Brake, Brakes

# The more telling reason first: what stops one listing, then what stops many.
_ORDER = tuple(Brake)


def reason(refusing: frozenset[Brake], brakes: Brakes, limits: Mapping[Brake, int]) -> tuple[Brake, str]:
    """The brake that a held listing is told to wait for, and why. limits: how many pass each brake in its window."""
    brake = next(brake for brake in _ORDER if brake in refusing)
    return brake, _words(brake, brakes, limits.get(brake, 0))


def _words(brake: Brake, brakes: Brakes, limit: int) -> str:
    within = _duration(brakes.window)
    match brake:
        case Brake.PRICE_CHANGE:
            return f"its price moves by more than {brakes.price_change} %"
        case Brake.MASS_PRICE_CHANGE:
            least = "" if brakes.mass_price_change is None else f" by {brakes.mass_price_change.from_percent} % or more"
            return f"prices of more than {limit} listings move{least} within {within}"
        case Brake.MASS_ZERO_STOCK:
            return f"more than {limit} listings go to zero stock within {within}"
        case Brake.MASS_DELISTING:
            return f"more than {limit} listings are taken down within {within}"
        case Brake.COUNT_DROP:
            days = "" if brakes.count_drop is None else f" within {brakes.count_drop.days} days"
            return f"the account would show {limit} fewer listings than it did{days}"
        case Brake.CREATES_PER_HOUR:
            return f"the account creates {limit} listings an hour; they follow by themselves"


def _duration(seconds: float) -> str:
    if seconds % 3600 == 0:
        hours = round(seconds / 3600)
        return "an hour" if hours == 1 else f"{hours} hours"
    if seconds % 60 == 0:
        minutes = round(seconds / 60)
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"{seconds:g} seconds"
