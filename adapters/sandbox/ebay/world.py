"""What exists before the first call: sellers with their credentials, business policies and a location, and the rules
that a test or a demo may switch. Nothing here is secret: the defaults are meant to be used as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from adapters.sandbox.ebay.errors import Json
from adapters.sandbox.ebay.marketplaces import MARKETPLACES

PolicyKind = Literal["fulfillment", "payment", "return"]
POLICY_KINDS: tuple[PolicyKind, ...] = ("fulfillment", "payment", "return")
DEFAULT_LOCATION = "warehouse"
_FIRST_POLICY_ID = 6_100_000_000


@dataclass(frozen=True, slots=True)
class Seller:
    """One seller and the application that may act for it. number: tells the ids of different sellers apart.

    access_token: a token that is valid from the start for `token_lifetime`, for clients without a refresh token.
    """

    name: str = "seller"
    number: int = 0
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105  # a stand-in's documented default
    refresh_token: str = "sandbox-refresh-token"  # noqa: S105  # the same
    access_token: str = "sandbox-access-token"  # noqa: S105  # the same

    def policy_id(self, kind: PolicyKind, marketplace: str = "EBAY_IT") -> str:
        """The id of the one policy of this kind that the seller has on the marketplace."""
        place = list(MARKETPLACES).index(marketplace)
        return str(_FIRST_POLICY_ID + self.number * 1000 + place * 10 + POLICY_KINDS.index(kind))


CONDITION_IDS = {
    "NEW": "1000",
    "NEW_OTHER": "1500",
    "NEW_WITH_DEFECTS": "1750",
    "CERTIFIED_REFURBISHED": "2000",
    "EXCELLENT_REFURBISHED": "2010",
    "VERY_GOOD_REFURBISHED": "2020",
    "GOOD_REFURBISHED": "2030",
    "SELLER_REFURBISHED": "2500",
    "LIKE_NEW": "2750",
    "PRE_OWNED_EXCELLENT": "2990",
    "USED_EXCELLENT": "3000",
    "PRE_OWNED_FAIR": "3010",
    "USED_VERY_GOOD": "4000",
    "USED_GOOD": "5000",
    "USED_ACCEPTABLE": "6000",
    "FOR_PARTS_OR_NOT_WORKING": "7000",
}


@dataclass(frozen=True, slots=True)
class Aspect:
    """An item specific of a category. values: those to choose from; multi: it takes several; longest: signs of one.

    beside: value -> the other specific, and its values beside which alone it may be chosen.
    """

    name: str
    required: bool = False
    values: tuple[str, ...] = ()
    selection_only: bool = False
    multi: bool = True
    longest: int = 50
    variations: bool = True
    data_type: str = "STRING"
    beside: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf category. conditions: those that it takes, none = all. variations: it takes listings with choices."""

    name: str = ""
    aspects: tuple[Aspect, ...] = ()
    conditions: tuple[str, ...] = ()
    variations: bool = True


def _quotas() -> Mapping[str, tuple[str, int]]:
    """API -> its context and calls a day of an application, as eBay gives them to begin with."""
    return {
        "inventory": ("sell", 2_000_000),
        "taxonomy": ("commerce", 5_000),
        "metadata": ("sell", 5_000),
        "notification": ("commerce", 10_000),
        "media": ("commerce", 1_000_000),
        "account": ("sell", 25_000),
        "fulfillment": ("sell", 100_000),
    }


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict the vendor is where sources or categories differ. Durations are in seconds.

    publish_sold_out: let a new listing be published with quantity 0; eBay demands at least 1.
    out_of_stock_control: a live listing may go to 0 and stays hidden; without it that is refused.
    catalogue_match: an offer without includeCatalogProductDetails=false whose item has a GTIN or ePID shows the
    catalogue's text instead of the seller's. alphanumeric_skus: take eBay's words on SKUs literally.
    require_accept_language: refuse Inventory calls without the header, as some clients report.
    leaf_categories: None takes every numeric id for a leaf. listings_limit: the selling limit, None is none.
    invariable_aspects: names that no group may vary by. categories: what is known of some; others ask for nothing.
    quotas: calls a day. uploads_per_span: pictures in five seconds. broken_pictures: addresses nothing can be loaded
    from. public_keys: of notifications, by id.
    """

    bulk_limit: int = 25
    revisions_per_day: int = 250
    token_lifetime: int = 7200
    client_tokens_per_day: int = 1_000
    user_tokens_per_day: int = 50_000
    publish_sold_out: bool = False
    out_of_stock_control: bool = True
    catalogue_match: bool = True
    alphanumeric_skus: bool = False
    require_accept_language: bool = False
    require_aspects: bool = True
    require_ean: bool = False
    required_aspects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leaf_categories: frozenset[str] | None = None
    listings_limit: int | None = None
    business_policies: bool = True
    invariable_aspects: frozenset[str] = frozenset({"Marca", "Marke", "Brand"})
    categories: Mapping[str, Category] = field(default_factory=dict)
    category_tree_version: str = "119"
    quotas: Mapping[str, tuple[str, int]] = field(default_factory=_quotas)
    uploads_per_span: int = 50
    broken_pictures: frozenset[str] = frozenset()
    public_keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def category(self, category_id: str) -> Category:
        """What is known of a category."""
        return self.categories.get(category_id) or Category()


def policies_of(seller: Seller) -> dict[str, Json]:
    """All business policies of a seller by id: one of each kind on every marketplace. `kind` is our own mark."""
    documents = {}
    for marketplace in MARKETPLACES:
        for kind in POLICY_KINDS:
            policy_id = seller.policy_id(kind, marketplace)
            documents[policy_id] = {
                "kind": kind,
                "marketplaceId": marketplace,
                "document": {
                    f"{kind}PolicyId": policy_id,
                    "name": f"Default {kind} {marketplace}",
                    "marketplaceId": marketplace,
                    "categoryTypes": [{"name": "ALL_EXCLUDING_MOTORS_VEHICLES", "default": True}],
                    **_terms(kind),
                },
            }
    return documents


def default_location() -> Json:
    """The location that exists under DEFAULT_LOCATION."""
    address = {"addressLine1": "Via Roma 1", "city": "Milano", "postalCode": "20121", "country": "IT"}
    return {
        "location": {"address": {**address, "stateOrProvince": "MI"}},
        "name": "Warehouse",
        "phone": "+39020000000",
        "locationTypes": ["WAREHOUSE"],
        "merchantLocationStatus": "ENABLED",
    }


def _terms(kind: PolicyKind) -> Json:
    if kind == "fulfillment":
        terms: Json = dict.fromkeys(("freightShipping", "globalShipping", "localPickup", "pickupDropOff"), False)
        return {**terms, "handlingTime": {"value": 1, "unit": "DAY"}, "shippingOptions": []}
    if kind == "payment":
        return {"immediatePay": True, "paymentMethods": []}
    return {
        "returnsAccepted": True,
        "refundMethod": "MONEY_BACK",
        "returnPeriod": {"value": 30, "unit": "DAY"},
        "returnShippingCostPayer": "BUYER",
    }
