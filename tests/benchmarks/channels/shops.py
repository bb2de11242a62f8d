"""The accounts of the benchmark: one on each channel's stand-in, whose own limits are off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from adapters.sandbox.amazon import TOKEN_PATH
from adapters.sandbox.amazon import Seller as AmazonSeller
from adapters.sandbox.ebay import DEFAULT_LOCATION
from adapters.sandbox.ebay import Seller as EbaySeller
from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.brakes import NO_BRAKES

TENANT = "bench"
_PLENTY = 100_000


@dataclass(frozen=True, slots=True)
class Shop:
    """sandbox: what starts the stand-in. account: by its address, the account and its credentials.

    least: changes of price and stock a second that are wanted. before: milliseconds that the system before took for one
    product, by its users.
    """

    channel: str
    sandbox: Sequence[str]
    account: Callable[[str], tuple[AccountDocument, Mapping[str, SecretStr]]]
    least: int
    before: str


def _ebay(url: str) -> tuple[AccountDocument, Mapping[str, SecretStr]]:
    seller = EbaySeller()
    settings = {
        "app_id": seller.client_id,
        "api_url": url,
        "token_url": f"{url}/identity/v1/oauth2/token",
        **{f"{kind}_policy_id": seller.policy_id(kind) for kind in ("fulfillment", "payment", "return")},
        "merchant_location_key": DEFAULT_LOCATION,
    }
    secrets = {"api_secret": SecretStr(seller.client_secret), "refresh_token": SecretStr(seller.refresh_token)}
    return _document("ebay", "122834", settings, ()), secrets


def _amazon(url: str) -> tuple[AccountDocument, Mapping[str, SecretStr]]:
    seller = AmazonSeller()
    settings = {
        "app_id": seller.client_id,
        "merchant_id": seller.merchant_id,
        "api_url": url,
        "token_url": f"{url}{TOKEN_PATH}",
        "fulfillment": "merchant",
        "without_gtin": True,
        "attributes": {
            "bullet_point": ["Con due batterie"],
            "country_of_origin": ["IT"],
            "supplier_declared_dg_hz_regulation": ["not_applicable"],
        },
    }
    calls = ("putListingsItem", "patchListingsItem", "deleteListingsItem")
    secrets = {"api_secret": SecretStr(seller.client_secret), "refresh_token": SecretStr(seller.refresh_token)}
    names = (*calls, *(f"all-{call}" for call in calls), "searchListingsItems")
    return _document("amazon", "TOOLS", settings, names), secrets


def _document(channel: str, category: str, settings: Mapping[str, Any], limits: Sequence[str]) -> AccountDocument:
    return read_account(
        {
            "tenant": TENANT,
            "channel": channel,
            "account": "bench",
            "mode": "live",
            "settings": settings,
            "categories": {"map": {"c-1": category}},
            "price": {"basis": "retail"},
            "brakes": NO_BRAKES.model_dump(mode="json"),
            "limits": [{"name": name, "amount": _PLENTY, "period": 1} for name in limits],
        }
    )


SHOPS = (
    Shop("ebay", ("ebay",), _ebay, 1000, "500"),
    Shop("amazon", ("amazon", "--no-limits"), _amazon, 400, "1,000 to 2,000"),
)
