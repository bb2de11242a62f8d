"""What adapters are given beside the settings of their account."""

from __future__ import annotations

from adapters.base import Adapter
from adapters.feeds import NO_TOOLS, Tools
from adapters.registry import find_channel, make_adapter
from consumer.feeds.items import FeedItemStore
from consumer.feeds.model import FeedKey
from consumer.listings.accounts import Account
from consumer.mongo import AsyncDatabase, Document


def adapter_with(account: Account, database: AsyncDatabase[Document]) -> Adapter:
    """An adapter that can do everything for this account. database: our own.

    Raises AdapterError for settings that cannot be used.
    """
    return make_adapter(account.channel, account.settings, _tools(account, database))


def _tools(account: Account, database: AsyncDatabase[Document]) -> Tools:
    if find_channel(account.channel).feed is None:
        return NO_TOOLS
    return Tools(items=FeedItemStore(database, FeedKey(account.tenant, account.channel, account.name)))
