"""Amazon's stores and the regions of its Selling Partner API.

Sources: "Marketplace IDs" and "SP-API endpoints" of Amazon's developer documentation. The languages are those the
stores show to buyers; where there are several, the first one that Amazon's product type definitions name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Environment = Literal["production", "sandbox"]
Region = Literal["eu", "na", "fe"]

# The stock that Amazon holds for the seller, in each region's own words.
AMAZON_CHANNELS: Mapping[Region, str] = {"eu": "AMAZON_EU", "na": "AMAZON_NA", "fe": "AMAZON_JP"}
MERCHANT_CHANNEL = "DEFAULT"  # stock that the seller sends himself

# Ids that are often taken for a marketplace's and are the number of Amazon's own shop in it.
RETAIL_SELLERS: Mapping[str, str] = {"A11IL2PNWYJU7H": "APJ6JRA9NG5V4"}


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One Amazon store. locale: language and country of its texts, with an underscore, as Amazon writes it."""

    country: str
    locale: str
    currency: str
    region: Region


MARKETPLACES: Mapping[str, Marketplace] = {
    "APJ6JRA9NG5V4": Marketplace("Italy", "it_IT", "EUR", "eu"),
    "A1PA6795UKMFR9": Marketplace("Germany", "de_DE", "EUR", "eu"),
    "A13V1IB3VIYZZH": Marketplace("France", "fr_FR", "EUR", "eu"),
    "A1RKKUPIHCS9HS": Marketplace("Spain", "es_ES", "EUR", "eu"),
    "A1F83G8C2ARO7P": Marketplace("United Kingdom", "en_GB", "GBP", "eu"),
    "A1805IZSGTT6HS": Marketplace("Netherlands", "nl_NL", "EUR", "eu"),
    "AMEN7PMS3EDWL": Marketplace("Belgium", "fr_BE", "EUR", "eu"),
    "A28R8C7NBKEWEA": Marketplace("Ireland", "en_IE", "EUR", "eu"),
    "A2NODRKZP88ZB9": Marketplace("Sweden", "sv_SE", "SEK", "eu"),
    "A1C3SOZRARQ6R3": Marketplace("Poland", "pl_PL", "PLN", "eu"),
    "A33AVAJ2PDY3EV": Marketplace("Turkey", "tr_TR", "TRY", "eu"),
    "A2VIGQ35RCS4UG": Marketplace("United Arab Emirates", "en_AE", "AED", "eu"),
    "A17E79C6D8DWNP": Marketplace("Saudi Arabia", "ar_AE", "SAR", "eu"),
    "ARBP9OOSHTCHU": Marketplace("Egypt", "ar_AE", "EGP", "eu"),
    "A21TJRUUN4KGV": Marketplace("India", "en_IN", "INR", "eu"),
    "AE08WJ6YKNBMC": Marketplace("South Africa", "en_ZA", "ZAR", "eu"),
    "ATVPDKIKX0DER": Marketplace("United States", "en_US", "USD", "na"),
    "A2EUQ1WTGCTBG2": Marketplace("Canada", "en_CA", "CAD", "na"),
    "A1AM78C64UM0Y8": Marketplace("Mexico", "es_MX", "MXN", "na"),
    "A2Q3Y263D00KWC": Marketplace("Brazil", "pt_BR", "BRL", "na"),
    "A1VC38T7YXB528": Marketplace("Japan", "ja_JP", "JPY", "fe"),
    "A39IBJ37TRP1C6": Marketplace("Australia", "en_AU", "AUD", "fe"),
    "A19VAU5U5O7RUS": Marketplace("Singapore", "en_SG", "SGD", "fe"),
}


def api_url(region: Region, environment: Environment) -> str:
    """The address of a region's API."""
    prefix = "sandbox." if environment == "sandbox" else ""
    return f"https://{prefix}sellingpartnerapi-{region}.amazon.com"


def check_marketplace(marketplace_id: str) -> str:
    """The id as it is. Raises ValueError that names the cure, for one that is no marketplace's."""
    if italy := RETAIL_SELLERS.get(marketplace_id):
        raise ValueError(
            f"{marketplace_id} is the number of Amazon.it's own shop as a seller, and no marketplace. Italy is {italy}"
        )
    if marketplace_id not in MARKETPLACES:
        known = ", ".join(f"{place.country} {name}" for name, place in MARKETPLACES.items())
        raise ValueError(f"{marketplace_id!r} is no marketplace of Amazon's. There are: {known}")
    return marketplace_id
