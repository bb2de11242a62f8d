"""What one ManoMano account is made of: a key, one contract, and the shipping grids that the Toolbox has for it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from adapters.feeds import FeedRules
from adapters.manomano.carriers import checked_carrier

PRODUCTION = "https://partnersapi.manomano.com"
SANDBOX = "https://partnersapi.sandbox.manomano.com"
"""Open on Mondays from 0 to 20 and Tuesday to Friday from 7 to 20 o'clock, and every hour it forgets all offers."""

NEW_KEY = "Let an administrator make a new key in the Toolbox (Settings, API keys) and set MANOMANO_API_KEY."

_WRONG_HOSTS = {
    "api.manomano.com": "circulates as an example and is not ManoMano's API",
    "ws.monechelle.com": "was the old XML API, which ended on 2025-03-31",
    "toolbox.manomano.com": "is the web page for people, not the API",
}

Market = Literal["IT", "FR", "ES", "DE", "GB"]
LANGUAGES: dict[Market, str] = {"IT": "it_IT", "FR": "fr_FR", "ES": "es_ES", "DE": "de_DE", "GB": "en_GB"}
"""Market -> the locale under which ManoMano keeps its words."""


class CarrierGrid(BaseModel):
    """A shipping grid of the Toolbox, and how long it takes: working days, from the least to the most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="The grid's name, exactly as in the Toolbox.")
    shipping_time_min: int = Field(ge=0, description="Working days at least.")
    shipping_time_max: int = Field(ge=1, description="Working days at most; more than at least.")
    weight_max: Decimal | None = Field(None, gt=0, description="Kilograms up to which goods go this way; unset = any.")
    carrier: Annotated[str, AfterValidator(checked_carrier)] = Field(
        "", description="Who carries it, by ManoMano's name."
    )

    @model_validator(mode="after")
    def _takes_some_time(self) -> CarrierGrid:
        """ManoMano refuses equal times with ALL_GRID_NOT_ELIGIBLE_FOR_OFFER."""
        if self.shipping_time_max <= self.shipping_time_min:
            raise ValueError(
                f"shipping_time_max must be more than shipping_time_min ({self.shipping_time_min}): ManoMano promises"
                " no delivery for equal times"
            )
        return self

    def takes(self, weight: Decimal) -> bool:
        """Whether goods of this weight, in kilograms, may go this way."""
        return self.weight_max is None or weight <= self.weight_max


class ManomanoAccount(BaseModel):
    """One contract, that is one seller in one market. A key serves all contracts of its seller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr = Field(description="Key of the Toolbox (Settings, API keys).")
    seller_contract_id: int = Field(ge=1, description="Number of the contract: one per market.")
    api_url: str = Field(PRODUCTION, description="Address of the Partners API, without a path.")
    market: Market = Field("IT", description="The contract's market: decides language and currency.")
    carrier_grids: tuple[CarrierGrid, ...] = Field((), description="Shipping grids of the Toolbox, with their times.")
    thirdparty_name: str = Field(
        "marketsync_1",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]*_[A-Za-z0-9][A-Za-z0-9._\-]*$",
        description="How calls introduce themselves: <company>_<version>.",
    )
    min_quantity: int = Field(1, ge=1, description="Pieces that an order must have at least.")
    increment: int = Field(1, ge=1, description="Pieces that an order may grow by.")
    page_size: int = Field(1000, ge=1, le=1000, description="Offers that are asked for at once when all are read.")
    separator: Literal[";", ",", "\t"] = Field(";", description="Sign between two cells of the content feed.")
    feed: FeedRules = FeedRules()
    carriers: Mapping[str, str] = Field(
        {}, description="Carriers that ManoMano calls otherwise than the seller: the seller's name -> ManoMano's."
    )

    @field_validator("api_url")
    @classmethod
    def _is_the_partners_api(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.hostname in _WRONG_HOSTS:
            raise ValueError(f"{parts.hostname} {_WRONG_HOSTS[parts.hostname]}: set {PRODUCTION}, or leave it unset")
        if parts.path.strip("/"):
            raise ValueError(f"must be without a path, e.g. {PRODUCTION}")
        return value.rstrip("/")

    @field_validator("seller_contract_id", mode="before")
    @classmethod
    def _is_a_number(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip().isdigit():
            raise ValueError("is the contract's number, not a market or a name: copy it from the Toolbox")
        return value

    @property
    def locale(self) -> str:
        """The market's, as ManoMano writes it."""
        return LANGUAGES[self.market]

    @property
    def currency(self) -> str:
        """What buyers pay in."""
        return "GBP" if self.market == "GB" else "EUR"

    def grids_for(self, weight: Decimal) -> tuple[CarrierGrid, ...]:
        """The grids that take goods of this weight, in kilograms."""
        return tuple(grid for grid in self.carrier_grids if grid.takes(weight))
