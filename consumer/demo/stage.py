"""The demo's own world: a tenant, a state database and topics of its own, made fresh and taken down again.

Nothing of the person who runs it is touched: variables for real accounts are put aside, and a database that no demo
has made is never dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from adapters.sandbox.ebay.world import DEFAULT_LOCATION, Seller
from consumer.bootstrap.parts import Part, service_parts
from consumer.bootstrap.preparation import initialise
from consumer.bootstrap.start import environment_of
from consumer.demo.catalogue import ebay_categories, load_products
from consumer.demo.market import Market
from consumer.embedded import Endpoints
from consumer.errors import UnavailableError
from consumer.kafka.removal import remove_installation
from consumer.mongo import Collection, Document, MongoClient, connect
from consumer.processes import Child, free_ports
from consumer.settings import Settings, load_settings

TENANT = "demo"
_PIM = "vinc-demo"
_STATE = "marketsync-demo"
_PREFIX = "marketsync-demo-"
_KEPT = ("MARKETSYNC_HOME", "MARKETSYNC_CACHE", "MARKETSYNC_LOG_LEVEL")
_MARKET_PORT = 20400


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a demo plays. parts: the service's processes. market_child: the stand-in's. log: where they write."""

    parts: tuple[Part, ...]
    market_child: Child
    market: Market
    products: Collection[Document]
    listings: Collection[Document]
    catalogue: tuple[Document, ...]
    log: Path


def set_own_settings_aside() -> None:
    """Forget accounts and installation settings of this shell: the demo may reach no real account, by no mistake."""
    for name in list(os.environ):
        if name.startswith(("EBAY_", "MARKETSYNC_")) and name not in _KEPT:
            del os.environ[name]


@contextmanager
def make_stage(endpoints: Endpoints, home: Path) -> Iterator[Stage]:
    """Make everything the demo needs on these servers, and remove it at the end.

    Raises UnavailableError when a server fails, or has a database of the demo's name that no demo made.
    """
    market = Market(f"http://127.0.0.1:{free_ports('127.0.0.1', _MARKET_PORT, 1)[0]}")
    os.environ.update(_variables(endpoints, market, f"{_PREFIX}{uuid4().hex[:8]}."))
    settings = load_settings()
    with connect(endpoints.mongodb_uri) as client:
        _remove_traces(client, endpoints)
        try:
            yield _furnish(client, settings, endpoints, market=market, folder=home.expanduser() / "demo")
        finally:
            _remove_traces(client, endpoints)


def _furnish(
    client: MongoClient[Document], settings: Settings, endpoints: Endpoints, *, market: Market, folder: Path
) -> Stage:
    folder.mkdir(parents=True, exist_ok=True)
    client[_STATE]["demo"].insert_one({"made_by": "marketsync demo"})
    products = client[_PIM]["pimproducts"]
    catalogue = load_products()
    products.insert_many([dict(document) for document in catalogue])
    for _ in initialise(settings, endpoints):
        pass
    parts = service_parts(settings, endpoints, ["ebay"])
    return Stage(
        parts=tuple(parts),
        market_child=_market_child(market),
        market=market,
        products=products,
        listings=client[_STATE]["listings"],
        catalogue=tuple(catalogue),
        log=folder / "demo.log",
    )


def _market_child(market: Market) -> Child:
    port = market.url.rpartition(":")[2]
    return Child("eBay stand-in", ("-m", "consumer", "sandbox", "ebay", "--port", port, "--supervised"))


def _variables(endpoints: Endpoints, market: Market, prefix: str) -> dict[str, str]:
    seller = Seller()
    return {
        **environment_of(endpoints),
        "MARKETSYNC_TENANTS": TENANT,
        "MARKETSYNC_DATABASE": _STATE,
        "MARKETSYNC_TOPICS_PREFIX": prefix,
        "MARKETSYNC_TOPICS_PARTITIONS": "4",
        "MARKETSYNC_LOG_FORMAT": "json",
        "EBAY_ENABLED": "true",
        "EBAY_APP_ID": seller.client_id,
        "EBAY_API_SECRET": seller.client_secret,
        "EBAY_REFRESH_TOKEN": seller.refresh_token,
        "EBAY_API_URL": market.url,
        "EBAY_TOKEN_URL": f"{market.url}/identity/v1/oauth2/token",
        "EBAY_FULFILLMENT_POLICY_ID": seller.policy_id("fulfillment"),
        "EBAY_PAYMENT_POLICY_ID": seller.policy_id("payment"),
        "EBAY_RETURN_POLICY_ID": seller.policy_id("return"),
        "EBAY_MERCHANT_LOCATION_KEY": DEFAULT_LOCATION,
        "EBAY_PRICE_BASIS": "sale",
        # The demo does in a minute what a shop does in a week.
        "EBAY_BRAKES": "off",
        "EBAY_CATEGORIES": json.dumps(ebay_categories()),
    }


def _remove_traces(client: MongoClient[Document], endpoints: Endpoints) -> None:
    databases = client.list_database_names()
    if _PIM in databases and _STATE not in databases:
        raise UnavailableError(
            f"this MongoDB has a database {_PIM} that no demo made: rename it, or run the demo without MONGODB_URI and"
            " KAFKA_BOOTSTRAP_SERVERS, then it brings servers of its own"
        )
    # The mark goes last: a demo that dies in between leaves something the next one may remove.
    client.drop_database(_PIM)
    client.drop_database(_STATE)
    remove_installation(endpoints.kafka_bootstrap_servers, _PREFIX)
