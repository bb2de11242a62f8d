"""A stand-in of ManoMano's Partners API for tests, demos and trials without an account: stateful, as strict as the
vendor as far as working clients tell, with faults to switch on. It listens on loopback only.

    async with serve() as sandbox:      # embedded, in the running event loop
        ... sandbox.url ...

or as a process: `python -m adapters.sandbox.manomano --port 8703`. The key defaults to that of `Seller()`, the contract
is DEFAULT_CONTRACT. Offers need content: import a feed by POST /_sandbox/feed, or let it be fetched by
POST /_sandbox/pull?url=...
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.sandbox import server
from adapters.sandbox.manomano.app import ManomanoSandbox
from adapters.sandbox.manomano.world import DEFAULT_CATEGORY, DEFAULT_CONTRACT, DEFAULT_GRID, Rules, Seller

__all__ = [
    "DEFAULT_CATEGORY",
    "DEFAULT_CONTRACT",
    "DEFAULT_GRID",
    "ManomanoSandbox",
    "Rules",
    "Seller",
    "Serving",
    "serve",
]


@dataclass(frozen=True, slots=True)
class Serving:
    """A stand-in that serves: its address and the thing itself, for tests that look inside."""

    url: str
    sandbox: ManomanoSandbox


@asynccontextmanager
async def serve(
    sellers: Sequence[Seller] = (Seller(),),
    rules: Rules | None = None,
    *,
    port: int = 0,
    observer: server.Observer | None = None,
    source: Callable[[], float] = time.time,
) -> AsyncIterator[Serving]:
    """Serve a new, empty ManoMano on a loopback port (0: a free one) until the block ends.

    observer: called with every request to the vendor's API and its answer, before the answer is sent.
    source: the time, in seconds since the epoch.
    """
    sandbox = ManomanoSandbox(sellers, rules, observer=observer, source=source)
    async with server.serve(sandbox.answer, port=port) as running:
        yield Serving(running.url, sandbox)
