"""A stand-in of eBay's Sell APIs for tests, demos and trials without an account: stateful, as strict as the vendor
as far as its contracts and live observations tell, with faults to switch on. It listens on loopback only.

    async with serve() as sandbox:      # embedded, in the running event loop
        ... sandbox.url ...

or as a process: `python -m adapters.sandbox.ebay --port 8701`. Client id, secret and tokens default to those of
`Seller()`; `Seller().policy_id("fulfillment")` and `DEFAULT_LOCATION` name what exists from the start.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.sandbox import server
from adapters.sandbox.ebay.app import EbaySandbox
from adapters.sandbox.ebay.world import DEFAULT_LOCATION, Rules, Seller

__all__ = ["DEFAULT_LOCATION", "EbaySandbox", "Rules", "Seller", "Serving", "serve"]


@dataclass(frozen=True, slots=True)
class Serving:
    """A stand-in that serves: its address and the thing itself, for tests that look inside."""

    url: str
    sandbox: EbaySandbox


@asynccontextmanager
async def serve(
    sellers: Sequence[Seller] = (Seller(),),
    rules: Rules | None = None,
    *,
    port: int = 0,
    observer: server.Observer | None = None,
    source: Callable[[], float] = time.time,
) -> AsyncIterator[Serving]:
    """Serve a new, empty eBay on a loopback port (0: a free one) until the block ends.

    observer: called with every request to the vendor's API and its answer, before the answer is sent.
    source: the time, in seconds since the epoch.
    """
    sandbox = EbaySandbox(sellers, rules, observer=observer, source=source)
    async with server.serve(sandbox.answer, port=port) as running:
        yield Serving(running.url, sandbox)
