"""Local stand-ins of the channels: true to the vendors' contracts, in memory, on loopback, with faults to switch on.

`async with adapters.sandbox.serve("ebay") as sandbox: sandbox.url` or a channel's own package, which takes more.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from adapters.sandbox import ebay

_STAND_INS = {"ebay": ebay.serve}


def serve(channel: str = "ebay", **options: Any) -> AbstractAsyncContextManager[ebay.Serving]:
    """Serve the stand-in of a channel until the block ends. options: those of the channel's own `serve`.

    Raises KeyError for a channel without a stand-in.
    """
    return _STAND_INS[channel](**options)
