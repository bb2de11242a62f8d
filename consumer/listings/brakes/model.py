"""An account's brakes as data. Without any of it the defaults hold; a brake that is null is off."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from consumer.listings.rules.section import Section

HOUR = 3600.0
_DAY = 86_400.0


class Brake(StrEnum):
    """The brakes, named as in an account's `brakes`. The words stand in the store, in metrics and commands."""

    PRICE_CHANGE = "price_change"
    """The price of one listing moves too far."""
    MASS_PRICE_CHANGE = "mass_price_change"
    """The prices of too many listings move."""
    MASS_ZERO_STOCK = "mass_zero_stock"
    """Too many listings go to zero pieces."""
    MASS_DELISTING = "mass_delisting"
    """Too many listings are taken down at once."""
    COUNT_DROP = "count_drop"
    """The account shows much less than it did some days ago."""
    CREATES_PER_HOUR = "creates_per_hour"
    """The account creates no more than so many in an hour. The rest waits for the next one, not for a person."""


class MassBrake(Section):
    """So many listings of an account pass within the window, then every further one is held.

    least: so many always pass. percent: of the account's live listings; the greater of the two counts.
    """

    least: int = Field(50, ge=0)
    percent: Decimal = Field(Decimal(5), ge=0, le=100)

    def limit(self, shown: int) -> int:
        """How many pass. shown: live listings of the account."""
        return max(self.least, int(shown * self.percent / 100))


class MassPriceChange(MassBrake):
    """from_percent: a smaller move of a price is not counted."""

    percent: Decimal = Field(Decimal(20), ge=0, le=100)
    from_percent: Decimal = Field(Decimal(10), ge=0)


class MassZeroStock(MassBrake):
    """single_sale: a stock that falls to zero by no more pieces than this was sold; it is neither counted nor held."""

    percent: Decimal = Field(Decimal(10), ge=0, le=100)
    single_sale: int = Field(1, ge=0)


class CountDrop(MassBrake):
    """Against the most the account showed within so many days. least, percent: how many fewer it may show."""

    percent: Decimal = Field(Decimal(20), ge=0, le=100)
    days: int = Field(7, ge=1, le=90)

    @property
    def seconds(self) -> float:
        """The days in seconds."""
        return self.days * _DAY


class Brakes(Section):
    """All brakes of an account.

    window: seconds in which the mass brakes count. price_change: percent by which one price may move, up or down,
    against what the channel took last. creates_per_hour: a cap for the first days of an account.
    """

    window: float = Field(HOUR, gt=0, le=7 * _DAY)
    price_change: Decimal | None = Field(Decimal(50), gt=0)
    mass_price_change: MassPriceChange | None = MassPriceChange()
    mass_zero_stock: MassZeroStock | None = MassZeroStock()
    mass_delisting: MassBrake | None = MassBrake()
    count_drop: CountDrop | None = CountDrop()
    creates_per_hour: int | None = Field(None, ge=1)


NO_BRAKES = Brakes(
    price_change=None, mass_price_change=None, mass_zero_stock=None, mass_delisting=None, count_drop=None
)
