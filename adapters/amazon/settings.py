"""What one Amazon selling account is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from adapters.amazon.marketplaces import (
    AMAZON_CHANNELS,
    MARKETPLACES,
    MERCHANT_CHANNEL,
    RETAIL_SELLERS,
    Environment,
    Marketplace,
    api_url,
    check_marketplace,
)
from adapters.amazon.pricing import PriceAttributes
from adapters.credentials import Lifetime

NEW_AUTHORISATION = (
    "Let the seller authorise the application again and set AMAZON_REFRESH_TOKEN; check AMAZON_APP_ID and"
    " AMAZON_API_SECRET."
)
TOKEN_URL = "https://api.amazon.com/auth/o2/token"  # noqa: S105  an address; one for all regions
LISTINGS_FEED = "JSON_LISTINGS_FEED"
# Amazon's page on the removal: since 2025-07-31 every feed of these types ends as FATAL.
REMOVED_FEEDS = frozenset({
    "POST_PRODUCT_DATA", "POST_INVENTORY_AVAILABILITY_DATA", "POST_PRODUCT_OVERRIDES_DATA", "POST_PRODUCT_PRICING_DATA",
    "POST_PRODUCT_IMAGE_DATA", "POST_PRODUCT_RELATIONSHIP_DATA", "POST_FLAT_FILE_INVLOADER_DATA",
    "POST_FLAT_FILE_LISTINGS_DATA", "POST_FLAT_FILE_BOOKLOADER_DATA", "POST_FLAT_FILE_CONVERGENCE_LISTINGS_DATA",
    "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA", "POST_UIEE_BOOKLOADER_DATA",
})  # fmt: skip

_REFRESH_TOKEN = Lifetime(
    31_536_000,
    "Amazon's page on renewing authorisations: a public application's seller authorises again every 365 days",
)
_API_SECRET = Lifetime(
    15_552_000, "Amazon's page on rotating an application's credentials: its secret works for 180 days"
)


def check_feed_type(feed_type: str) -> str:
    """The type of feed as it is. Raises ValueError with the reason, for one that cannot carry listings (any more)."""
    if feed_type in REMOVED_FEEDS:
        raise ValueError(
            f"{feed_type} was removed by Amazon on 2025-07-31: such feeds end as FATAL and change nothing. Listings go"
            f" by {LISTINGS_FEED} and the Listings Items API"
        )
    if feed_type != LISTINGS_FEED:
        raise ValueError(f"{feed_type!r} carries no listings; {LISTINGS_FEED} does")
    return feed_type


def _api_url_of(settings: dict[str, Any]) -> str:
    place = MARKETPLACES.get(settings.get("marketplace_id", ""))
    return api_url(place.region, settings.get("environment", "production")) if place else ""


def _locale_of(settings: dict[str, Any]) -> str:
    place = MARKETPLACES.get(settings.get("marketplace_id", ""))
    return place.locale if place else ""


class AmazonAccount(BaseModel):
    """One seller on one marketplace. A seller in five countries has five accounts, which may share all credentials.

    fulfillment: whose stock the account's SKUs are: "merchant" the seller's own, all of them; "amazon" all in Amazon's
    warehouses, so that no stock is ever sent; "mixed" as Amazon says for each SKU, asked before its first write.
    attributes: for every listing, as the attributes of a product are written; those of the product win.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Environment = Field("production", description="Which Selling Partner API; decides the host.")
    app_id: str = Field(description="Client id of the application (Login with Amazon).")
    api_secret: Annotated[SecretStr, _API_SECRET] = Field(description="Client secret of the application.")
    refresh_token: Annotated[SecretStr, _REFRESH_TOKEN] = Field(
        SecretStr(""), description="The seller's refresh token."
    )
    marketplace_id: str = Field("APJ6JRA9NG5V4", description="Amazon's marketplace id; the default is Italy.")
    merchant_id: str = Field("", description="The seller's id (merchant token).")
    api_url: str = Field(
        default_factory=_api_url_of,
        validate_default=True,
        description="API host instead of the marketplace's region's.",
    )
    token_url: str = Field(TOKEN_URL, description="Token address instead of Amazon's own.")
    locale: str = Field(
        default_factory=_locale_of,
        pattern=r"^([a-z]{2}_[A-Z]{2})?$",
        validate_default=True,
        description="Language tag of all text sent, e.g. it_IT, instead of the marketplace's.",
    )
    fulfillment: Literal["mixed", "merchant", "amazon"] = Field("mixed", description="Whose stock the SKUs are.")
    modular_titles: bool = Field(True, description="Split a long title into item_name and title_differentiation.")
    lead_time: int | None = Field(None, ge=0, le=30, description="Days until an order is handed to the carrier.")
    shipping_group: str = Field("", description="Key (not the name) of the shipping template.")
    without_gtin: bool = Field(False, description="The brand is exempt from barcodes: say so where a product has none.")
    gpsr_manufacturer: str = Field("", description="E-mail address of the manufacturer, as the GPSR asks for.")
    gpsr_responsible: str = Field("", description="E-mail or web address of the responsible person in the EU.")
    gpsr_safety_attestation: bool = Field(False, description="The seller attests that the goods need no safety text.")
    attributes: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Amazon attributes of every listing; a product's own win."
    )
    variation_themes: Mapping[str, str] = Field(
        default_factory=dict, description="Product type -> variation theme, where the axes do not tell it."
    )
    prices: PriceAttributes = Field(
        PriceAttributes(), description="Which attributes of a product hold further prices of its offer."
    )
    carriers: Mapping[str, str] = Field(
        default_factory=dict,
        description="Carriers that Amazon calls otherwise than the seller: the seller's name -> Amazon's code.",
    )
    bulk_from: int = Field(200, ge=0, description="Waiting background work from which on a feed is made; 0 = never.")
    feed_type: str = Field(LISTINGS_FEED, description="Type of the feeds that carry listings.")

    @field_validator("marketplace_id")
    @classmethod
    def _is_a_marketplace(cls, value: str) -> str:
        return check_marketplace(value)

    @field_validator("merchant_id")
    @classmethod
    def _is_a_seller(cls, value: str) -> str:
        """Amazon's merchant tokens are capital letters and digits."""
        if value in MARKETPLACES:
            raise ValueError(f"{value} is a marketplace ({MARKETPLACES[value].country}), not a seller")
        if value in RETAIL_SELLERS:
            raise ValueError(f"{value} is Amazon's own shop: give the seller's own id, from Seller Central")
        if value and not (value.isascii() and value.isalnum() and value.isupper() and 10 <= len(value) <= 20):
            raise ValueError(f"{value!r} is no seller id: capital letters and digits, such as A2EXAMPLE1SELL")
        return value

    @field_validator("feed_type")
    @classmethod
    def _carries_listings(cls, value: str) -> str:
        return check_feed_type(value)

    @field_validator("api_url", "token_url")
    @classmethod
    def _without_last_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("locale", mode="before")
    @classmethod
    def _with_underscore(cls, value: str) -> str:
        """Amazon writes it_IT, the rest of the world it-IT."""
        return value.replace("-", "_")

    @property
    def place(self) -> Marketplace:
        """What is known of the marketplace."""
        return MARKETPLACES[self.marketplace_id]

    @property
    def stock_channel(self) -> str:
        """The channel that every SKU of the account is in; "" = each as Amazon says."""
        return {"merchant": MERCHANT_CHANNEL, "amazon": AMAZON_CHANNELS[self.place.region], "mixed": ""}[
            self.fulfillment
        ]
