"""The channels there are. Adding one is a folder and a line here.

A channel's folder is imported when the channel is asked for: a process that serves one of them knows nothing of the
libraries, the memory and the start-up time of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from adapters.base import Adapter
from adapters.channel import Channel
from adapters.errors import ConfigurationError
from adapters.feeds import NO_TOOLS, Tools

__all__ = ["CHANNELS", "Channel", "find_channel", "make_adapter"]


class Channels(Mapping[str, Channel]):
    """Channels by name. homes: name -> the module whose CHANNEL it is."""

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = dict(homes)

    def __getitem__(self, name: str) -> Channel:
        channel: Channel = import_module(self._homes[name]).CHANNEL
        return channel

    def __contains__(self, name: object) -> bool:
        return name in self._homes

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)

    def add(self, name: str, home: str) -> None:
        """A channel of somebody else's: one that is not kept in this project."""
        self._homes[name] = home


CHANNELS = Channels(
    {
        "amazon": "adapters.amazon.channel",
        "ebay": "adapters.ebay.channel",
        "manomano": "adapters.manomano.channel",
        "trovaprezzi": "adapters.trovaprezzi.channel",
    }
)


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
