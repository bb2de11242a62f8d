"""An adapter for one eBay account, out of its settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from pydantic import SecretStr

from adapters.ebay.adapter import PARALLEL_CALLS, EbayAdapter
from adapters.ebay.calls import Calls
from adapters.ebay.catalogue import Catalogue
from adapters.ebay.client import EbayClient
from adapters.ebay.learning import Learning
from adapters.ebay.media import Pictures
from adapters.ebay.orders import EbayOrders
from adapters.ebay.settings import NEW_CONSENT, EbayAccount
from adapters.ebay.usage import Usage
from adapters.http import HttpClient, open_http
from adapters.oauth import Credentials, TokenSource

APPLICATION_SCOPE = "https://api.ebay.com/oauth/api_scope"  # the same in eBay's sandbox
_NEW_KEYS = "Check EBAY_APP_ID and EBAY_API_SECRET against the keyset in eBay's developer portal."


def open_ebay(account: EbayAccount) -> EbayAdapter:
    """With a connection pool and tokens of its own. Connects to nothing yet.

    Raises ConfigurationError for unusable addresses.
    """
    http = open_http({"EBAY_API_URL": account.api_url, "EBAY_TOKEN_URL": account.token_url})
    return adapter_over(account, http)


def open_ebay_orders(account: EbayAccount) -> EbayOrders:
    """The orders of an account, with a connection pool and tokens of their own. Connects to nothing yet.

    Raises ConfigurationError for unusable addresses.
    """
    http = open_http({"EBAY_API_URL": account.api_url, "EBAY_TOKEN_URL": account.token_url})
    return EbayOrders(calls_of(account, http), account, time.time)


def adapter_over(
    account: EbayAccount,
    http: HttpClient,
    *,
    parallel_calls: int = PARALLEL_CALLS,
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
) -> EbayAdapter:
    """An adapter over a connection pool. clock: monotonic seconds; wall: seconds since 1970."""
    calls = calls_of(account, http)
    learning = Learning(Catalogue(calls, account.marketplace_id), clock)
    pictures = Pictures(calls, wall) if account.pictures == "upload" else None
    client = EbayClient(calls, account)
    return EbayAdapter(client, account, learning, pictures, Usage(calls, wall), parallel_calls=parallel_calls)


def calls_of(account: EbayAccount, http: HttpClient) -> Calls:
    """Calls of one account over a connection pool."""
    seller = Credentials(
        token_url=account.token_url,
        client_id=account.app_id,
        client_secret=account.api_secret,
        refresh_token=account.refresh_token,
        access_token=account.access_token,
        cure=NEW_CONSENT,
    )
    nobody = SecretStr("")
    application = replace(seller, refresh_token=nobody, access_token=nobody, scope=APPLICATION_SCOPE, cure=_NEW_KEYS)
    return Calls(http, TokenSource(http, seller), TokenSource(http, application), account)
