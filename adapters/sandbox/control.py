"""What every stand-in's control plane answers under /_sandbox/: what arrived, faults to switch, the clock, a new start.

What a buyer sees, and what only one vendor has, each stand-in adds itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import orjson

from adapters.sandbox.clock import Clock
from adapters.sandbox.faults import Faults
from adapters.sandbox.journal import Journal
from adapters.sandbox.server import Reply, Request

Served = Mapping[tuple[str, str], Callable[[Request], Reply | Awaitable[Reply]]]
"""(method, name behind /_sandbox/) -> what answers."""


class StandIn(Protocol):
    """What there is to control of any stand-in."""

    journal: Journal
    faults: Faults
    clock: Clock

    def reset(self) -> None:
        """Back to the world before the first call."""


class ControlPlane:
    """Answers calls under /_sandbox/. None of them appears in the journal.

    kinds: the faults there are, and what each does. own: what this stand-in serves besides, or otherwise.
    """

    def __init__(self, sandbox: StandIn, kinds: Mapping[str, str], own: Served) -> None:
        self._sandbox = sandbox
        self._kinds = kinds
        self._served: Served = {
            ("GET", "calls"): self._calls,
            ("GET", "counts"): self._counts,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._switch_on,
            ("DELETE", "faults"): self._switch_off,
            ("GET", "clock"): self._clock,
            ("PUT", "clock"): self._move_clock,
            ("POST", "clear"): self._clear,
            ("POST", "reset"): self._reset,
            **own,
        }

    async def answer(self, request: Request) -> Reply:
        """The answer; 404 names what there is, 400 says what is wrong."""
        serve = self._served.get((request.method, request.segments[1] if len(request.segments) > 1 else ""))
        if serve is None:
            calls = [f"{method} /_sandbox/{name}" for method, name in self._served]
            return Reply(404, {"error": "no such call", "calls": calls})
        try:
            reply = serve(request)
            return await reply if isinstance(reply, Awaitable) else reply
        except (KeyError, ValueError, TypeError, OSError) as error:  # orjson's own error is a ValueError
            return Reply(400, {"error": str(error)})

    def _calls(self, request: Request) -> Reply:
        """The journal. ?after=N (a number already seen) ?limit= ?sku="""
        journal, query = self._sandbox.journal, request.query
        limit = int(query["limit"]) if "limit" in query else None
        calls = journal.select(after=int(query.get("after", 0)), limit=limit, sku=query.get("sku"))
        return Reply(200, {"calls": calls, "dropped": journal.dropped})

    def _counts(self, request: Request) -> Reply:
        return Reply(200, self._sandbox.journal.summary())

    def _faults(self, request: Request) -> Reply:
        return Reply(200, {"faults": [fault.public() for fault in self._sandbox.faults.active], "kinds": self._kinds})

    def _switch_on(self, request: Request) -> Reply:
        """One fault or a list of them."""
        document = orjson.loads(request.body)
        documents: list[dict[str, Any]] = document if isinstance(document, list) else [document]
        if not all(isinstance(one, dict) for one in documents):
            raise ValueError("a fault is an object")
        return Reply(201, {"faults": [self._sandbox.faults.switch_on(one).public() for one in documents]})

    def _switch_off(self, request: Request) -> Reply:
        """All faults, or one: DELETE /_sandbox/faults/{id}."""
        fault_id = int(request.segments[2]) if len(request.segments) > 2 else None
        return Reply(200, {"removed": self._sandbox.faults.switch_off(fault_id)})

    def _clock(self, request: Request) -> Reply:
        clock = self._sandbox.clock
        return Reply(200, {"time": clock(), "offset": clock.offset})

    def _move_clock(self, request: Request) -> Reply:
        """{"advance": seconds} moves it on, {"offset": seconds} sets its distance from the true time."""
        document = orjson.loads(request.body)
        if not isinstance(document, dict):
            raise ValueError("an object with advance or offset is needed")
        clock = self._sandbox.clock
        clock.offset = float(document.get("offset", clock.offset)) + float(document.get("advance", 0))
        return self._clock(request)

    def _clear(self, request: Request) -> Reply:
        """Empty the journal and the counts; what is on sale stays."""
        self._sandbox.journal.clear()
        return Reply(204)

    def _reset(self, request: Request) -> Reply:
        """Forget everything: what is on sale, tokens given out, faults, journal, clock."""
        self._sandbox.reset()
        return Reply(204)
