"""Where a feed's file is served: an address that nobody guesses and that never changes."""

from __future__ import annotations

from consumer.feeds.model import FeedKey, FeedState

PREFIX = "/feeds/"


def file_name(key: FeedKey, suffix: str, *, zipped: bool = False) -> str:
    """trovaprezzi.xml, trovaprezzi.xml.gz."""
    return f"{key.channel}.{suffix}" + (".gz" if zipped else "")


def path_of(state: FeedState, suffix: str, *, zipped: bool = False) -> str:
    """The path under which every process serves it."""
    return f"{PREFIX}{state.token}/{file_name(state.key, suffix, zipped=zipped)}"
