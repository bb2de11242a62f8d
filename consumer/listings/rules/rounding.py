"""Prices that look like prices: 12.99, 19.90, 12.35."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import Field, model_validator

from consumer.listings.rules.section import Section

CENT = Decimal("0.01")

Direction = Literal["nearest", "up", "down"]
_MODES = {"nearest": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}


class Rounding(Section):
    """The prices an account shows: every multiple of `step`, plus `ending`.

    ending 0.99: 11.99, 12.99, 13.99. step 0.05: 12.30, 12.35. step 10 with ending 9.90: 19.90, 29.90.
    """

    step: Decimal = Field(Decimal(1), ge=CENT, decimal_places=2, description="From one such price to the next.")
    ending: Decimal = Field(Decimal(0), ge=0, decimal_places=2, description="What they end in; less than step.")
    direction: Direction = Field(
        "nearest", description="Which is taken: the nearest (in the middle: the higher), the one above, the one below."
    )

    @model_validator(mode="after")
    def _ending_fits(self) -> Rounding:
        if self.ending >= self.step:
            raise ValueError(f"ending {self.ending} has to be less than step {self.step}")
        return self

    def round(self, price: Decimal) -> Decimal:
        """The price shown for this one, at least a cent. Never falls while the price rises."""
        steps = ((price - self.ending) / self.step).to_integral_value(_MODES[self.direction])
        rounded = steps * self.step + self.ending
        # Below the first of these prices there is none: rounding down must not give it away.
        return rounded if rounded > 0 else self.ending or self.step
