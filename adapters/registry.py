"""The channels there are. Adding one is a folder and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.base import Adapter
from adapters.ebay import EbayAccount, EbayAdapter
from adapters.ebay.client import EbayClient
from adapters.ebay.settings import NEW_CONSENT
from adapters.errors import ConfigurationError
from adapters.http import open_http
from adapters.oauth import Credentials, TokenSource


def make_adapter(channel: str, account: Any) -> Adapter:
    """An adapter for one account of a channel; `account` is the channel's own settings object.

    Connects to nothing yet. Raises ConfigurationError for a channel we do not have and for unusable settings.
    """
    factory = ADAPTERS.get(channel)
    if factory is None:
        raise ConfigurationError(f"There is no channel {channel!r}; there are: {', '.join(sorted(ADAPTERS))}")
    return factory(account)


def make_ebay(account: EbayAccount) -> EbayAdapter:
    """eBay, with a connection pool and a token of the account's own."""
    http = open_http({"EBAY_API_URL": account.api_url, "EBAY_TOKEN_URL": account.token_url})
    credentials = Credentials(
        token_url=account.token_url,
        client_id=account.app_id,
        client_secret=account.api_secret,
        refresh_token=account.refresh_token,
        access_token=account.access_token,
        cure=NEW_CONSENT,
    )
    return EbayAdapter(EbayClient(http, TokenSource(http, credentials), account), account)


ADAPTERS: Mapping[str, Callable[[Any], Adapter]] = {
    "ebay": make_ebay,
}
