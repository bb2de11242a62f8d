"""Trovaprezzi as the registry knows it."""

from __future__ import annotations

from adapters.channel import Channel
from adapters.feeds import Feed, Tools
from adapters.trovaprezzi.adapter import TrovaprezziAdapter
from adapters.trovaprezzi.format import TrovaprezziFormat
from adapters.trovaprezzi.settings import TrovaprezziAccount


def _make(account: TrovaprezziAccount, tools: Tools) -> TrovaprezziAdapter:
    """Its offers are items of a file that somebody else builds."""
    return TrovaprezziAdapter(tools.items, account)


def _feed(account: TrovaprezziAccount) -> Feed:
    return Feed(TrovaprezziFormat(), account.feed, account.feed_url)


CHANNEL = Channel(settings=TrovaprezziAccount, make=_make, required=("link",), feed=_feed, format=TrovaprezziFormat())
