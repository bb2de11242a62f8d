"""Faults to switch on. Each has its own seeded generator, so the same calls in the same order meet the same faults."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

from adapters.sandbox.ebay.errors import vendor_error
from adapters.sandbox.server import Reply

KINDS = {
    "status": "answer `status` with `error_id` (default 500/25001); with `sku`, a bulk call fails in that entry only",
    "rate_limited": "429/2001, with Retry-After if `retry_after`; with `calls` and `seconds` only beyond that quota",
    "latency": "wait `seconds` before the effect, or between effect and answer with when=after",
    "lost_answer": "the effect happens, then the connection is cut",
    "lost_request": "the connection is cut before the effect",
    "token_expired": "the access token used expires now: 403/1100, or `status` 401 for 1001 (once unless `count`)",
    "refresh_token_revoked": "invalid_grant at the token endpoint and 401/1001 for tokens already given out",
    "refused_sku": "the SKU is refused at publish with `error_id` (default 25002)",
    "silence": "a publish is accepted and never shown; a revision of a live listing is accepted and does nothing",
}
_STATE_KINDS = frozenset({"refresh_token_revoked"})
_TEXT, _NUMBER, _WHOLE = (str, type(None)), (int, float), (int, type(None))
_FIELD_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("route", "sku", "seller"), _TEXT),
    **dict.fromkeys(("kind", "words", "when"), (str,)),
    **dict.fromkeys(("rate", "seconds"), _NUMBER),
    "seed": (int,),
}
_ENTRY_KINDS = frozenset({"refused_sku", "silence"})


@dataclass(slots=True)
class Fault:
    """One fault. route: operation name as in the journal, None for all. sku, seller: None for all.

    rate: share of matching calls it hits. count: how often at most, None for no end. seconds: durations.
    """

    kind: str
    route: str | None = None
    sku: str | None = None
    seller: str | None = None
    rate: float = 1.0
    count: int | None = None
    seed: int = 0
    status: int | None = None
    error_id: int | None = None
    words: str = "switched on in the stand-in"
    retry_after: int | None = None
    calls: int | None = None
    seconds: float = 1.0
    when: str = "before"
    id: int = 0
    hits: int = 0
    _random: Random = field(default_factory=Random, repr=False)
    _window: float = 0.0
    _in_window: int = 0

    @property
    def per_entry(self) -> bool:
        """It concerns single entries of a call, not the call as a whole."""
        return self.kind in _ENTRY_KINDS or (self.kind == "status" and self.sku is not None)

    def matches(self, route: str, seller: str, skus: Sequence[str]) -> bool:
        """Route, seller and SKU are the fault's, and it has not been used up."""
        if self.count is not None and self.hits >= self.count:
            return False
        if self.route not in (None, route) or self.seller not in (None, seller):
            return False
        return self.sku is None or self.sku in skus

    def public(self) -> dict[str, Any]:
        """The fault as the control plane shows it."""
        return {f.name: getattr(self, f.name) for f in fields(self) if not f.name.startswith("_")}


@dataclass(slots=True)
class Verdict:
    """What happens to one call as a whole."""

    reply: Reply | None = None
    expire_token: bool = False
    wait_before: float = 0.0
    wait_after: float = 0.0
    cut_before: bool = False
    cut_after: bool = False


class Faults:
    """The faults that are switched on. clock: seconds, for quotas."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self.active: list[Fault] = []

    def switch_on(self, document: dict[str, Any]) -> Fault:
        """Add a fault described by a JSON object. Raises ValueError with words for what is wrong in it."""
        names = {f.name for f in fields(Fault) if not f.name.startswith("_")} - {"id", "hits"}
        unknown = set(document) - names
        kind = document.get("kind")
        if kind not in KINDS or unknown:
            raise ValueError(f"kind is one of {sorted(KINDS)}; unknown fields here: {sorted(unknown)}")
        for name, value in document.items():
            if not isinstance(value, _FIELD_TYPES.get(name, _WHOLE)) or isinstance(value, bool):
                raise ValueError(f"{name} cannot be {value!r}")
        fault = Fault(**{"count": 1, **document} if kind == "token_expired" else document)
        fault.id = next(self._ids)
        fault._random = Random(fault.seed)  # noqa: S311, SLF001  # repeatable faults, no secrets
        self.active.append(fault)
        return fault

    def switch_off(self, fault_id: int | None = None) -> int:
        """Remove one fault, or all; how many were removed."""
        kept = [fault for fault in self.active if fault_id is not None and fault.id != fault_id]
        removed = len(self.active) - len(kept)
        self.active = kept
        return removed

    def revoked(self, seller: str) -> bool:
        """Is the seller's consent withdrawn?"""
        return any(f.kind == "refresh_token_revoked" and f.seller in (None, seller) for f in self.active)

    def judge(self, route: str, seller: str, skus: Sequence[str]) -> Verdict:
        """What happens to this call; faults of single entries are asked for with `entry`."""
        verdict = Verdict()
        for fault in self.active:
            if fault.kind in _STATE_KINDS or fault.per_entry or not fault.matches(route, seller, skus):
                continue
            if self._strikes(fault):
                _apply(fault, verdict)
        return verdict

    def entry(self, kind: str, route: str, seller: str, sku: str) -> Fault | None:
        """The fault of this kind that hits one entry of a call, if any."""
        for fault in self.active:
            if fault.kind == kind and fault.per_entry and fault.matches(route, seller, (sku,)) and self._strikes(fault):
                return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        if fault.calls is not None and not self._beyond_quota(fault):
            return False
        if fault.rate < 1.0 and fault._random.random() >= fault.rate:  # noqa: SLF001  # its own generator
            return False
        fault.hits += 1
        return True

    def _beyond_quota(self, fault: Fault) -> bool:
        now = self._clock()
        if now - fault._window >= fault.seconds:  # noqa: SLF001  # the fault's own bookkeeping
            fault._window, fault._in_window = now, 0  # noqa: SLF001  # the same
        fault._in_window += 1  # noqa: SLF001  # the same
        return fault._in_window > (fault.calls or 0)  # noqa: SLF001  # the same


def _apply(fault: Fault, verdict: Verdict) -> None:
    if fault.kind == "latency" and fault.when == "after":
        verdict.wait_after += fault.seconds
    elif fault.kind == "latency":
        verdict.wait_before += fault.seconds
    elif fault.kind == "lost_answer":
        verdict.cut_after = True
    elif fault.kind == "lost_request":
        verdict.cut_before = True
    elif fault.kind == "token_expired":
        verdict.expire_token = True
        invalid = fault.status == 401
        verdict.reply = Reply(401 if invalid else 403, {"errors": [vendor_error(1001 if invalid else 1100)]})
    elif fault.kind == "rate_limited":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        verdict.reply = Reply(429, {"errors": [vendor_error(2001)]}, headers)
    else:
        error_id = fault.error_id or 25001
        verdict.reply = Reply(fault.status or 500, {"errors": [vendor_error(error_id, fault.words)]})
