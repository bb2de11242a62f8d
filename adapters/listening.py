"""Who listens to what goes over the wire, for the task at hand: so that a person can see a request and its reply.

A listener is set for one piece of work and heard in whatever tasks that work begins. It costs one look at a context
variable where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from adapters.errors import AdapterError
from adapters.exchange import Answer, Request


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it: an answer, or why there was none. begun, took: seconds, begun since 1970."""

    request: Request
    answer: Answer | None
    begun: float
    took: float
    error: AdapterError | None = None


@dataclass(slots=True)
class Listener:
    """What was heard, the first of it. most: exchanges. missed: how many there were beyond."""

    most: int
    heard: list[Exchange] = field(default_factory=list)
    missed: int = 0

    def hear(self, exchange: Exchange) -> None:
        """Keep it, while there is room."""
        if len(self.heard) < self.most:
            self.heard.append(exchange)
        else:
            self.missed += 1


_HEARD_BY: ContextVar[Listener | None] = ContextVar("heard_by", default=None)


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """What is exchanged inside is heard; None = by nobody."""
    token = _HEARD_BY.set(listener)
    try:
        yield
    finally:
        _HEARD_BY.reset(token)


def ear() -> Callable[[Exchange], None] | None:
    """What to tell of an exchange, None where nobody listens."""
    listener = _HEARD_BY.get()
    return None if listener is None else listener.hear
