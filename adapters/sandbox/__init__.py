"""Local stand-ins of the channels: true to the vendors' contracts, in memory, on loopback, with faults to switch on.

`async with adapters.sandbox.serve("ebay") as sandbox: sandbox.url` or a channel's own package, which takes more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from adapters.sandbox import amazon, ebay, manomano

_STAND_INS: Mapping[str, Callable[..., AbstractAsyncContextManager[Serving]]] = {
    "amazon": amazon.serve,
    "ebay": ebay.serve,
    "manomano": manomano.serve,
}


class Serving(Protocol):
    """A stand-in that serves. url: its address without a slash at the end."""

    @property
    def url(self) -> str: ...


def serve(channel: str = "ebay", **options: Any) -> AbstractAsyncContextManager[Serving]:
    """Serve the stand-in of a channel until the block ends. options: those of the channel's own `serve`.

    Raises KeyError for a channel without a stand-in.
    """
    return _STAND_INS[channel](**options)
