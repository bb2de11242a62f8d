"""The channels there are. Adding one is a folder and a line here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from adapters.amazon import AmazonAccount, open_amazon
from adapters.base import Adapter
from adapters.ebay import EbayAccount, EbayAdapter
from adapters.ebay.opening import open_ebay
from adapters.errors import ConfigurationError
from adapters.feeds import NO_TOOLS, Feed, FeedFormat, MakeFeed, Tools
from adapters.manomano import ManomanoAccount, content_feed, open_manomano
from adapters.trovaprezzi import TrovaprezziAccount, TrovaprezziAdapter, TrovaprezziFormat


@dataclass(frozen=True, slots=True)
class Channel:
    """What belongs to a channel.

    settings: the model of one account's settings, credentials among them. make: an adapter for such settings. required:
    settings nobody can sell without. sign_in: credentials; of each group one is needed. feed: for channels that read a
    file, how it is written for such settings. variations: whether it sells the variants of a product as one listing.
    format: for channels that read a file, by which any file for them can be checked.
    """

    settings: type[BaseModel]
    make: Callable[[Any, Tools], Adapter]
    required: tuple[str, ...] = ()
    sign_in: tuple[tuple[str, ...], ...] = ()
    feed: MakeFeed | None = None
    variations: bool = False
    format: FeedFormat | None = None

    def missing_credentials(self, given: Collection[str]) -> list[str]:
        """What is needed to sign in beside the credentials that are given, in words."""
        return [" or ".join(group) for group in self.sign_in if not any(name in given for name in group)]


def find_channel(name: str) -> Channel:
    """The channel of this name. Raises ConfigurationError for one we do not have."""
    channel = CHANNELS.get(name)
    if channel is None:
        raise ConfigurationError(f"There is no channel {name!r}; there are: {', '.join(sorted(CHANNELS))}")
    return channel


def make_adapter(channel: str, account: Any, tools: Tools = NO_TOOLS) -> Adapter:
    """An adapter for one account of a channel; `account` is the channel's own settings object.

    tools: what it may need beside them; a channel that reads a file needs a place for the file's items.

    Connects to nothing yet. Raises ConfigurationError for a channel we do not have and for unusable settings.
    """
    return find_channel(channel).make(account, tools)


def make_ebay(account: EbayAccount, _: Tools = NO_TOOLS) -> EbayAdapter:
    """eBay, with a connection pool and tokens of the account's own."""
    return open_ebay(account)


def make_trovaprezzi(account: TrovaprezziAccount, tools: Tools = NO_TOOLS) -> TrovaprezziAdapter:
    """Trovaprezzi: its offers are items of a file that somebody else builds."""
    return TrovaprezziAdapter(tools.items, account)


def trovaprezzi_feed(account: TrovaprezziAccount) -> Feed:
    """How the file of a shop is written and published."""
    return Feed(TrovaprezziFormat(), account.feed)


CHANNELS: Mapping[str, Channel] = {
    "amazon": Channel(
        settings=AmazonAccount,
        make=open_amazon,
        required=("merchant_id",),
        sign_in=(("api_secret",), ("refresh_token",)),
    ),
    "ebay": Channel(
        settings=EbayAccount,
        make=make_ebay,
        required=("fulfillment_policy_id", "payment_policy_id", "return_policy_id", "merchant_location_key"),
        sign_in=(("api_secret",), ("refresh_token", "access_token")),
        variations=True,
    ),
    "manomano": Channel(
        settings=ManomanoAccount,
        make=open_manomano,
        required=("carrier_grids",),
        sign_in=(("api_key",),),
        feed=content_feed,
        variations=True,
    ),
    "trovaprezzi": Channel(
        settings=TrovaprezziAccount,
        make=make_trovaprezzi,
        required=("link",),
        feed=trovaprezzi_feed,
        format=TrovaprezziFormat(),
    ),
}
