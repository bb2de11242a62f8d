"""Marketplaces, locales and enumerations as the Inventory API knows them (facts page, sections 1.3 and 1.5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marketplace:
    """locales: in the underscore form; currency: the only one an offer there may use."""

    locales: tuple[str, ...]
    currency: str


MARKETPLACES: dict[str, Marketplace] = {
    "EBAY_US": Marketplace(("en_US",), "USD"),
    "EBAY_CA": Marketplace(("en_CA", "fr_CA"), "CAD"),
    "EBAY_GB": Marketplace(("en_GB",), "GBP"),
    "EBAY_AU": Marketplace(("en_AU",), "AUD"),
    "EBAY_AT": Marketplace(("de_AT",), "EUR"),
    "EBAY_BE": Marketplace(("nl_BE", "fr_BE"), "EUR"),
    "EBAY_CH": Marketplace(("de_CH",), "CHF"),
    "EBAY_DE": Marketplace(("de_DE",), "EUR"),
    "EBAY_ES": Marketplace(("es_ES",), "EUR"),
    "EBAY_FR": Marketplace(("fr_FR",), "EUR"),
    "EBAY_IE": Marketplace(("en_IE",), "EUR"),
    "EBAY_IT": Marketplace(("it_IT",), "EUR"),
    "EBAY_NL": Marketplace(("nl_NL",), "EUR"),
    "EBAY_PL": Marketplace(("pl_PL",), "PLN"),
}

LOCALES = frozenset(
    [
        "en_US",
        "en_CA",
        "fr_CA",
        "en_GB",
        "en_AU",
        "en_IN",
        "de_AT",
        "fr_BE",
        "fr_FR",
        "de_DE",
        "it_IT",
        "nl_BE",
        "nl_NL",
        "es_ES",
        "de_CH",
        "fi_FI",
        "zh_HK",
        "hu_HU",
        "en_PH",
        "pl_PL",
        "pt_PT",
        "ru_RU",
        "en_SG",
        "en_IE",
        "en_MY",
    ]
)
CONDITIONS = frozenset(
    [
        "NEW",
        "LIKE_NEW",
        "NEW_OTHER",
        "NEW_WITH_DEFECTS",
        "MANUFACTURER_REFURBISHED",
        "CERTIFIED_REFURBISHED",
        "EXCELLENT_REFURBISHED",
        "VERY_GOOD_REFURBISHED",
        "GOOD_REFURBISHED",
        "SELLER_REFURBISHED",
        "USED_EXCELLENT",
        "USED_VERY_GOOD",
        "USED_GOOD",
        "USED_ACCEPTABLE",
        "FOR_PARTS_OR_NOT_WORKING",
        "PRE_OWNED_EXCELLENT",
        "PRE_OWNED_FAIR",
    ]
)
NEW_CONDITIONS = frozenset({"NEW", "NEW_OTHER", "NEW_WITH_DEFECTS"})
FORMATS = frozenset({"AUCTION", "FIXED_PRICE"})
DURATIONS = frozenset(["DAYS_1", "DAYS_3", "DAYS_5", "DAYS_7", "DAYS_10", "DAYS_21", "DAYS_30", "GTC"])


def locale_of_header(value: str) -> str | None:
    """ "it-IT" of a Content-Language header in the API's own form "it_IT"; None if eBay does not know it."""
    locale = value.replace("-", "_")
    return locale if "-" in value and locale in LOCALES else None
