"""What adapters are given beside the settings of their account."""

from __future__ import annotations

from adapters.base import Adapter
from adapters.feeds import NO_TOOLS, Tools
from adapters.registry import CHANNELS, make_adapter
from consumer.feeds.items import FeedItemStore
from consumer.feeds.model import FeedKey
from consumer.listings.accounts import Account
from consumer.mongo import AsyncDatabase, Document


def has_feed(channel: str) -> bool:
    """Whether this channel reads a file. One that we do not have reads none."""
    return channel in CHANNELS and CHANNELS[channel].feed is not None


def adapter_with(account: Account, database: AsyncDatabase[Document]) -> Adapter:
    """An adapter that can do everything for this account. database: our own.

    Raises AdapterError for settings that cannot be used.
    """
    return make_adapter(account.channel, account.settings, _tools(account, database))


def _tools(account: Account, database: AsyncDatabase[Document]) -> Tools:
    if not has_feed(account.channel):
        return NO_TOOLS
    return Tools(items=FeedItemStore(database, FeedKey(account.tenant, account.channel, account.name)))
