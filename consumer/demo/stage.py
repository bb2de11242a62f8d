"""The demo's own world: a tenant, a state database and topics of its own, made fresh and taken down again.

Nothing of the person who runs it is touched: variables for real accounts are put aside, and a database that no demo
has made is never dropped.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from consumer.bootstrap.account_commands import add_account
from consumer.bootstrap.feed_commands import Which, feed_rows
from consumer.bootstrap.parts import FEEDS, Part, service_parts
from consumer.bootstrap.preparation import initialise
from consumer.bootstrap.start import environment_of
from consumer.demo.catalogue import load_products
from consumer.demo.shops import TENANT, Shop, trovaprezzi_shop
from consumer.demo.stand_ins import STAND_INS, Place
from consumer.demo.windows import Arrivals, FeedWindow
from consumer.embedded import Endpoints
from consumer.errors import UnavailableError
from consumer.kafka.removal import remove_installation
from consumer.mongo import Collection, Document, MongoClient, connect
from consumer.processes import Child, free_ports
from consumer.settings import Settings, load_settings

_PIM = "vinc-demo"
_STATE = "marketsync-demo"
_PREFIX = "marketsync-demo-"
_OURS = ("EBAY_", "AMAZON_", "MANOMANO_", "TROVAPREZZI_", "SYNC_", "MARKETSYNC_")
_KEPT = ("MARKETSYNC_HOME", "MARKETSYNC_CACHE", "MARKETSYNC_LOG_LEVEL")
_FIRST_PORT = 20400


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a demo plays. parts: the service's processes. stand_ins: the channels'. log: where they write."""

    parts: tuple[Part, ...]
    stand_ins: tuple[Child, ...]
    arrivals: Arrivals
    shops: tuple[Shop, ...]
    feed: FeedWindow
    products: Collection[Document]
    listings: Collection[Document]
    catalogue: tuple[Document, ...]
    log: Path


def set_own_settings_aside() -> None:
    """Forget accounts and installation settings of this shell: the demo may reach no real account, by no mistake."""
    for name in list(os.environ):
        if name.startswith(_OURS) and name not in _KEPT:
            del os.environ[name]


@contextmanager
def make_stage(endpoints: Endpoints, home: Path) -> Iterator[Stage]:
    """Make everything the demo needs on these servers, and remove it at the end.

    Raises UnavailableError when a server fails, or has a database of the demo's name that no demo made.
    """
    places = _places()
    os.environ.update(_variables(endpoints, f"{_PREFIX}{uuid4().hex[:8]}."))
    settings = load_settings()
    with connect(endpoints.mongodb_uri) as client:
        _remove_traces(client, endpoints)
        try:
            yield _furnish(client, settings, endpoints, places=places, folder=home.expanduser() / "demo")
        finally:
            _remove_traces(client, endpoints)


def _places() -> dict[str, Place]:
    """Where the stand-in of each channel will serve."""
    ports = free_ports("127.0.0.1", _FIRST_PORT, len(STAND_INS))
    return {channel: Place(port) for channel, port in zip(STAND_INS, ports, strict=True)}


def _furnish(
    client: MongoClient[Document],
    settings: Settings,
    endpoints: Endpoints,
    *,
    places: Mapping[str, Place],
    folder: Path,
) -> Stage:
    folder.mkdir(parents=True, exist_ok=True)
    client[_STATE]["demo"].insert_one({"made_by": "marketsync demo"})
    products = client[_PIM]["pimproducts"]
    catalogue = load_products()
    products.insert_many([dict(document) for document in catalogue])
    shops = [shop for channel, stand_in in STAND_INS.items() for shop in stand_in.shops(places[channel].url)]
    feed = FeedWindow(partial(_feed_url, settings, endpoints))
    shops.append(trovaprezzi_shop(feed))
    for shop in shops:
        add_account(settings, endpoints, shop.document, shop.credentials)
    for _ in initialise(settings, endpoints):
        pass
    return Stage(
        parts=tuple(service_parts(settings, endpoints, [*_channels(shops), FEEDS])),
        stand_ins=tuple(stand_in.child(places[channel].port) for channel, stand_in in STAND_INS.items()),
        arrivals=Arrivals({channel: place.url for channel, place in places.items()}),
        shops=tuple(shops),
        feed=feed,
        products=products,
        listings=client[_STATE]["listings"],
        catalogue=tuple(catalogue),
        log=folder / "demo.log",
    )


def _feed_url(settings: Settings, endpoints: Endpoints) -> str:
    rows = feed_rows(settings, endpoints, Which(channel="trovaprezzi"))
    return rows[0].url if rows else ""


def _channels(shops: Sequence[Shop]) -> list[str]:
    return list(dict.fromkeys(shop.document.channel for shop in shops))


def _variables(endpoints: Endpoints, prefix: str) -> dict[str, str]:
    return {
        **environment_of(endpoints),
        "MARKETSYNC_TENANTS": TENANT,
        "MARKETSYNC_DATABASE": _STATE,
        "MARKETSYNC_TOPICS_PREFIX": prefix,
        "MARKETSYNC_TOPICS_PARTITIONS": "4",
        "MARKETSYNC_LOG_FORMAT": "json",
        "MARKETSYNC_FEEDS_PORT": str(free_ports("127.0.0.1", _FIRST_PORT + len(STAND_INS), 1)[0]),
        # The stand-ins' secrets are protected by a key of this demo alone.
        "MARKETSYNC_CREDENTIALS_MASTER_KEYS": base64.b64encode(secrets.token_bytes(96)).decode(),
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
