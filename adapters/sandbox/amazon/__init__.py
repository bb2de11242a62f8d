"""A stand-in of Amazon's Selling Partner API for tests, demos and trials without an account: stateful, as strict as the
vendor as far as its models and documentation tell, with faults to switch on. It listens on loopback only.

    async with serve() as sandbox:      # embedded, in the running event loop
        ... sandbox.url ...

or as a process: `python -m adapters.sandbox.amazon --port 8702`. Credentials default to those of `Seller()`, whose
`merchant_id` is the seller's id. An answer is a receipt: what was accepted comes true later, by `Rules` and the
stand-in's clock; `AT_ONCE` are rules for tests that do not care.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.sandbox import server
from adapters.sandbox.amazon.app import AmazonSandbox
from adapters.sandbox.amazon.lwa import TOKEN_PATH
from adapters.sandbox.amazon.world import AT_ONCE, ITALY, Rules, Seller

__all__ = ["AT_ONCE", "ITALY", "TOKEN_PATH", "AmazonSandbox", "Rules", "Seller", "Serving", "serve"]


@dataclass(frozen=True, slots=True)
class Serving:
    """A stand-in that serves: its address and the thing itself, for tests that look inside."""

    url: str
    sandbox: AmazonSandbox


@asynccontextmanager
async def serve(
    sellers: Sequence[Seller] = (Seller(),),
    rules: Rules | None = None,
    *,
    port: int = 0,
    observer: server.Observer | None = None,
    source: Callable[[], float] = time.time,
) -> AsyncIterator[Serving]:
    """Serve a new, empty Amazon on a loopback port (0: a free one) until the block ends.

    observer: called with every request to the vendor's API and its answer, before the answer is sent.
    source: the time, in seconds since the epoch.
    """
    sandbox = AmazonSandbox(sellers, rules, observer=observer, source=source)
    async with server.serve(sandbox.answer, port=port) as running:
        yield Serving(running.url, sandbox)
