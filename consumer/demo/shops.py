"""The selling accounts of the demo: what is stored of each, and the window through which its buyers look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from adapters.sandbox.ebay.world import DEFAULT_LOCATION, Seller
from consumer.demo.catalogue import ebay_categories
from consumer.demo.windows import StandInWindow, Window
from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.brakes import NO_BRAKES

TENANT = "demo"
_MORE_EXPENSIVE = Decimal("1.05")


@dataclass(frozen=True, slots=True)
class Shop:
    """One account. factor: its prices are the PIM's times this."""

    name: str
    document: AccountDocument
    credentials: Mapping[str, SecretStr]
    window: Window
    factor: Decimal = field(default=Decimal(1))


def ebay_sellers() -> tuple[Seller, Seller]:
    """The two sellers whom the stand-in of eBay knows."""
    return Seller(), Seller("german", 1, "german-client", "german-secret", "german-refresh-token", "")


def ebay_shops(url: str) -> list[Shop]:
    """Two sellers, each on a marketplace of its own; the German one is five per cent dearer."""
    italian, german = ebay_sellers()
    return [_ebay("eBay Italy", "it", url, italian), _ebay("eBay Germany", "de", url, german, _MORE_EXPENSIVE)]


def _ebay(name: str, account: str, url: str, seller: Seller, factor: Decimal = Decimal(1)) -> Shop:
    marketplace = f"EBAY_{account.upper()}"
    settings = {
        "app_id": seller.client_id,
        "api_url": url,
        "token_url": f"{url}/identity/v1/oauth2/token",
        "marketplace_id": marketplace,
        **{f"{kind}_policy_id": seller.policy_id(kind, marketplace) for kind in ("fulfillment", "payment", "return")},
        "merchant_location_key": DEFAULT_LOCATION,
    }
    secrets = {"api_secret": SecretStr(seller.client_secret), "refresh_token": SecretStr(seller.refresh_token)}
    document = _document("ebay", account, settings, factor=factor, categories=ebay_categories())
    return Shop(name, document, secrets, StandInWindow(url, seller.name), factor)


def _document(
    channel: str,
    account: str,
    settings: Mapping[str, Any],
    *,
    factor: Decimal,
    categories: Mapping[str, str],
    limits: Sequence[Mapping[str, Any]] = (),
) -> AccountDocument:
    rules = [] if factor == 1 else [{"percent": str((factor - 1) * 100)}]
    return read_account(
        {
            "tenant": TENANT,
            "channel": channel,
            "account": account,
            "mode": "live",
            "languages": ["en"],
            "settings": settings,
            "categories": {"map": categories},
            "price": {"basis": "sale", "rules": rules},
            # The demo does in a minute what a shop does in a week.
            "brakes": NO_BRAKES.model_dump(mode="json"),
            "limits": limits,
        }
    )
