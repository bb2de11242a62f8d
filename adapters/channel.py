"""What the rest of the world has to know of a channel before it speaks to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from adapters.base import Adapter
from adapters.feeds import FeedFormat, MakeFeed, Tools
from adapters.orders import OrderChannel


@dataclass(frozen=True, slots=True)
class Channel:
    """What belongs to a channel.

    settings: the model of one account's settings, credentials among them. make: an adapter for such settings. required:
    settings nobody can sell without. sign_in: credentials; of each group one is needed. feed: for channels that read a
    file, how it is written for such settings. variations: whether it sells the variants of a product as one listing.
    format: for channels that read a file, by which any file for them can be checked. orders: for channels that sell by
    themselves, how the orders of such an account are read and answered; None = buyers order elsewhere.
    """

    settings: type[BaseModel]
    make: Callable[[Any, Tools], Adapter]
    required: tuple[str, ...] = ()
    sign_in: tuple[tuple[str, ...], ...] = ()
    feed: MakeFeed | None = None
    variations: bool = False
    format: FeedFormat | None = None
    orders: Callable[[Any], OrderChannel] | None = None

    def missing_credentials(self, given: Collection[str]) -> list[str]:
        """What is needed to sign in beside the credentials that are given, in words."""
        return [" or ".join(group) for group in self.sign_in if not any(name in given for name in group)]
