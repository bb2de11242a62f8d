"""What one eBay selling account is made of, and what differs from marketplace to marketplace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from adapters.credentials import Lifetime

NEW_CONSENT = "Let the seller give consent again and set EBAY_REFRESH_TOKEN."

_REFRESH_TOKEN = Lifetime(
    47_304_000, "eBay's page on the authorization code grant: refresh_token_expires_in, 18 months"
)
_ACCESS_TOKEN = Lifetime(7_200, "the same page: expires_in, two hours")


@dataclass(frozen=True, slots=True)
class EbayHosts:
    """Addresses of one environment. Sources: server lists of eBay's contracts, its page on refresh token requests."""

    api_url: str
    token_url: str


HOSTS: Mapping[Literal["production", "sandbox"], EbayHosts] = {
    "production": EbayHosts("https://api.ebay.com", "https://api.ebay.com/identity/v1/oauth2/token"),
    "sandbox": EbayHosts("https://api.sandbox.ebay.com", "https://api.sandbox.ebay.com/identity/v1/oauth2/token"),
}


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One eBay site. no_code: its words for "this product has no EAN", which some categories demand instead of one.

    brand: its name of the item specific that nearly every category requires.
    """

    locale: str
    currency: str
    no_code: str = "Does not apply"
    brand: str = "Brand"


# Locales: LocaleEnum of the Inventory API. No-code texts: seen live for GB, second-hand for the others. Names of the
# brand: as the sites show them to buyers.
MARKETPLACES: Mapping[str, Marketplace] = {
    "EBAY_IT": Marketplace("it-IT", "EUR", "Non applicabile", "Marca"),
    "EBAY_DE": Marketplace("de-DE", "EUR", "Nicht zutreffend", "Marke"),
    "EBAY_AT": Marketplace("de-AT", "EUR", "Nicht zutreffend", "Marke"),
    "EBAY_FR": Marketplace("fr-FR", "EUR", "Non applicable", "Marque"),
    "EBAY_ES": Marketplace("es-ES", "EUR", "No aplicable", "Marca"),
    "EBAY_NL": Marketplace("nl-NL", "EUR", "Niet van toepassing", "Merk"),
    "EBAY_BE": Marketplace("nl-BE", "EUR", "Niet van toepassing", "Merk"),
    "EBAY_IE": Marketplace("en-IE", "EUR"),
    "EBAY_PL": Marketplace("pl-PL", "PLN", "Nie dotyczy", "Marka"),
    "EBAY_CH": Marketplace("de-CH", "CHF", "Nicht zutreffend", "Marke"),
    "EBAY_GB": Marketplace("en-GB", "GBP"),
    "EBAY_US": Marketplace("en-US", "USD"),
    "EBAY_CA": Marketplace("en-CA", "CAD"),
    "EBAY_AU": Marketplace("en-AU", "AUD"),
}


def _hosts_of(settings: dict[str, Any]) -> EbayHosts:
    return HOSTS[settings.get("environment", "production")]


def _locale_of(settings: dict[str, Any]) -> str:
    site = MARKETPLACES.get(settings.get("marketplace_id", ""))
    return site.locale if site else ""


class Premises(BaseModel):
    """A warehouse that eBay is told of under the account's location key, when it does not know that key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str = Field(pattern=r"^[A-Z]{2}$", description="Two letters, e.g. IT.")
    state_or_province: str = Field(min_length=1, description="State, province or county.")
    city: str = Field(min_length=1, description="Town.")
    postal_code: str = Field("", description="Postal code.")
    address_line1: str = Field("", description="Street and number.")
    phone: str = Field("", max_length=36, description="Telephone number of the place.")
    name: str = Field("", description="What eBay calls the place; unset = its town.")


class EbayAccount(BaseModel):
    """One seller on one marketplace. One account serves one marketplace and one language: eBay keeps one text per SKU.

    locale: language and country of all text sent, with a hyphen; eBay wants the marketplace's own. Products whose
    text is in another language are sent under it all the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["production", "sandbox"] = Field("production", description="Which eBay; decides the hosts.")
    app_id: str = Field(description="Client id of the application's keyset.")
    api_secret: SecretStr = Field(description="Client secret of the keyset.")
    refresh_token: Annotated[SecretStr, _REFRESH_TOKEN] = Field(
        SecretStr(""), description="The seller's refresh token."
    )
    access_token: Annotated[SecretStr, _ACCESS_TOKEN] = Field(
        SecretStr(""), description="A ready access token, used as it is when there is no refresh token."
    )
    api_url: str = Field(
        default_factory=lambda settings: _hosts_of(settings).api_url,
        description="Address of the REST API, without a path, instead of the environment's.",
    )
    token_url: str = Field(
        default_factory=lambda settings: _hosts_of(settings).token_url,
        description="Address tokens are asked of, instead of the environment's.",
    )
    marketplace_id: str = Field("EBAY_IT", pattern=r"^EBAY_[A-Z]+$", description="eBay's marketplace id.")
    locale: str = Field(
        default_factory=_locale_of, pattern=r"^[a-z]{2}-[A-Z]{2}$", validate_default=True, description='E.g. "it-IT".'
    )
    fulfillment_policy_id: str = Field("", description="Business policy for shipping: its id, or its name.")
    payment_policy_id: str = Field("", description="Business policy for payment: its id, or its name.")
    return_policy_id: str = Field("", description="Business policy for returns: its id, or its name.")
    merchant_location_key: str = Field("", max_length=36, description="Inventory location the goods leave from.")
    merchant_location: Premises | None = Field(
        None, description="Address of that location: with it, the location is made where eBay does not know its key."
    )
    pictures: Literal["url", "upload"] = Field(
        "url",
        description="url: eBay loads pictures from their addresses; upload: they are copied to eBay's own server.",
    )

    carriers: Mapping[str, str] = Field(
        {}, description="Carriers that eBay calls otherwise than the seller: the seller's name -> eBay's code."
    )

    @field_validator("api_url")
    @classmethod
    def _without_last_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("locale", mode="before")
    @classmethod
    def _with_hyphen(cls, value: str) -> str:
        """eBay writes both it-IT and it_IT, people copy either."""
        if not value:
            raise ValueError('is needed, e.g. "it-IT": we know no language of this marketplace')
        return value.replace("_", "-")

    @property
    def site(self) -> Marketplace:
        """What is known of the marketplace; for one we have no facts about, English words and no currency."""
        return MARKETPLACES.get(self.marketplace_id) or Marketplace(self.locale, "")
