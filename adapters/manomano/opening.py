"""ManoMano's adapter put together, and how its content feed is written."""

from __future__ import annotations

import time

from adapters.feeds import NO_TOOLS, Feed, Tools
from adapters.http import open_http
from adapters.manomano.adapter import ManomanoAdapter
from adapters.manomano.client import ManomanoClient
from adapters.manomano.feed import ContentFormat
from adapters.manomano.orders import ManomanoOrders
from adapters.manomano.settings import ManomanoAccount
from adapters.manomano.taxonomy import Taxonomy


def open_manomano(account: ManomanoAccount, tools: Tools = NO_TOOLS) -> ManomanoAdapter:
    """Offers by its API, content as items of a file that somebody else builds. Connects to nothing yet."""
    client = ManomanoClient(open_http({"MANOMANO_API_URL": account.api_url}), account)
    return ManomanoAdapter(client, tools.items, Taxonomy(client, time.monotonic), account)


def open_manomano_orders(account: ManomanoAccount) -> ManomanoOrders:
    """The orders of a contract, with connections of their own. Connects to nothing yet."""
    client = ManomanoClient(open_http({"MANOMANO_API_URL": account.api_url}), account)
    return ManomanoOrders(client, account, time.time)


def content_feed(account: ManomanoAccount) -> Feed:
    """How the content feed of a contract is written and published."""
    return Feed(ContentFormat(account.separator), account.feed)
