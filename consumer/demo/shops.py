"""The selling accounts of the demo: what is stored of each, and the window through which its buyers look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from adapters.sandbox.amazon import Seller as AmazonSeller
from adapters.sandbox.amazon.lwa import TOKEN_PATH
from adapters.sandbox.ebay.world import DEFAULT_LOCATION
from adapters.sandbox.ebay.world import Seller as EbaySeller
from adapters.sandbox.manomano.world import DEFAULT_CONTRACT, DEFAULT_GRID
from adapters.sandbox.manomano.world import Seller as ManomanoSeller
from consumer.demo.catalogue import categories
from consumer.demo.windows import FeedWindow, StandInWindow, Window
from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.brakes import NO_BRAKES

TENANT = "demo"
_AS_IN_THE_PIM = Decimal(1)
_DEARER = Decimal("1.05")
# What the channels allow is for a shop's day; the demo has a minute.
_PLENTY = 100_000


@dataclass(frozen=True, slots=True)
class Shop:
    """One account. factor: its prices are the PIM's times this. titles: whether its buyers see a title of ours."""

    name: str
    document: AccountDocument
    credentials: Mapping[str, SecretStr]
    window: Window
    factor: Decimal = _AS_IN_THE_PIM
    titles: bool = True


def ebay_sellers() -> tuple[EbaySeller, EbaySeller]:
    """The two sellers whom eBay's stand-in knows."""
    return EbaySeller(), EbaySeller("german", 1, "german-client", "german-secret", "german-refresh-token", "")


def ebay_shops(url: str) -> list[Shop]:
    """Two sellers, each on a marketplace of its own; the German one is five per cent dearer."""
    italian, german = ebay_sellers()
    return [_ebay("eBay IT", "it", url, italian), _ebay("eBay DE", "de", url, german, _DEARER)]


def amazon_shops(url: str) -> list[Shop]:
    """One seller in two countries; in Germany five per cent dearer."""
    return [
        _amazon("Amazon IT", "it", "APJ6JRA9NG5V4", url),
        _amazon("Amazon DE", "de", "A1PA6795UKMFR9", url, _DEARER),
    ]


def manomano_shops(url: str) -> list[Shop]:
    """One contract. Titles are seen once ManoMano has approved the content feed, which takes people and days."""
    seller = ManomanoSeller()
    grid = {"name": DEFAULT_GRID, "shipping_time_min": 2, "shipping_time_max": 5, "carrier": "BRT"}
    settings = {"api_url": url, "seller_contract_id": DEFAULT_CONTRACT, "carrier_grids": [grid]}
    limits = [{"name": name, "amount": _PLENTY, "period": 3600} for name in ("requests", "offers", "pace")]
    document = _document("manomano", "it", settings, limits=limits)
    secrets = {"api_key": SecretStr(seller.api_key)}
    return [Shop("ManoMano", document, secrets, StandInWindow(url, seller.name, sold_out=False), titles=False)]


def trovaprezzi_shop(window: FeedWindow) -> Shop:
    """A file of offers, built anew every second where something changes."""
    settings = {"link": "https://shop.example/p/{sku}", "feed": {"interval": 1}}
    return Shop("Trovaprezzi", _document("trovaprezzi", "it", settings), {}, window)


def _ebay(name: str, account: str, url: str, seller: EbaySeller, factor: Decimal = _AS_IN_THE_PIM) -> Shop:
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
    document = _document("ebay", account, settings, factor=factor)
    return Shop(name, document, secrets, StandInWindow(url, seller.name, marketplace), factor)


def _amazon(name: str, account: str, marketplace: str, url: str, factor: Decimal = _AS_IN_THE_PIM) -> Shop:
    seller = AmazonSeller()
    settings = {
        "app_id": seller.client_id,
        "merchant_id": seller.merchant_id,
        "marketplace_id": marketplace,
        "api_url": url,
        "token_url": f"{url}{TOKEN_PATH}",
        "fulfillment": "merchant",
        "without_gtin": True,
        "attributes": {
            "bullet_point": ["From a sample catalogue"],
            "country_of_origin": ["IT"],
            "supplier_declared_dg_hz_regulation": ["not_applicable"],
        },
    }
    calls = ("putListingsItem", "patchListingsItem", "deleteListingsItem")
    names = (*calls, *(f"all-{call}" for call in calls), "searchListingsItems")
    limits = [{"name": name, "amount": _PLENTY, "period": 1} for name in names]
    secrets = {"api_secret": SecretStr(seller.client_secret), "refresh_token": SecretStr(seller.refresh_token)}
    document = _document("amazon", account, settings, factor=factor, limits=limits)
    return Shop(name, document, secrets, StandInWindow(url, seller.name, marketplace), factor)


def _document(
    channel: str,
    account: str,
    settings: Mapping[str, Any],
    *,
    factor: Decimal = _AS_IN_THE_PIM,
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
            "categories": {"map": categories(channel)},
            "price": {"basis": "sale", "rules": rules},
            # The demo does in a minute what a shop does in a week.
            "brakes": NO_BRAKES.model_dump(mode="json"),
            "limits": limits,
        }
    )
