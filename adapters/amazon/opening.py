"""Making an Amazon adapter out of an account's settings."""

from __future__ import annotations

import time

from pydantic import SecretStr

from adapters.amazon.adapter import AmazonAdapter
from adapters.amazon.client import FILES, AmazonClient
from adapters.amazon.order_client import OrderClient
from adapters.amazon.orders import AmazonOrders
from adapters.amazon.settings import NEW_AUTHORISATION, AmazonAccount
from adapters.feeds import NO_TOOLS, Tools
from adapters.http import open_http
from adapters.oauth import Credentials, TokenSource


def open_amazon(account: AmazonAccount, _: Tools = NO_TOOLS) -> AmazonAdapter:
    """An adapter with a connection pool and a token of the account's own. Connects to nothing yet.

    Raises ConfigurationError for an address that is not to be used.
    """
    return AmazonAdapter(_client(account), account)


def open_amazon_orders(account: AmazonAccount) -> AmazonOrders:
    """The orders of an account, with a connection pool and a token of their own; otherwise as `open_amazon`."""
    return AmazonOrders(OrderClient(_client(account), account), account, time.time)


def _client(account: AmazonAccount) -> AmazonClient:
    addresses = {"AMAZON_API_URL": account.api_url, "AMAZON_TOKEN_URL": account.token_url}
    http = open_http(addresses, domains=FILES)
    credentials = Credentials(
        token_url=account.token_url,
        client_id=account.app_id,
        client_secret=account.api_secret,
        refresh_token=account.refresh_token,
        access_token=SecretStr(""),
        cure=NEW_AUTHORISATION,
        in_body=True,
    )
    return AmazonClient(http, TokenSource(http, credentials), account)
