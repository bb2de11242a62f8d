"""Faults to switch on. Each has its own seeded generator, so the same calls in the same order meet the same faults.

What is the same at every vendor is here; which kinds there are and how its refusals look says each stand-in itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

from adapters.sandbox.server import Reply

_TEXT, _NUMBER, _WHOLE = (str, type(None)), (int, float), (int, type(None))
_FIELD_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("route", "sku", "seller"), _TEXT),
    **dict.fromkeys(("kind", "words", "when"), (str,)),
    **dict.fromkeys(("rate", "seconds"), _NUMBER),
    "seed": (int,),
}


@dataclass(frozen=True, slots=True)
class FaultKinds:
    """The faults of one vendor. kinds: what each does, in words. reply: the vendor's refusal for a fault that answers.

    state: kinds that hold while they are switched on and strike no call. entry: kinds that concern single entries.
    code: what the vendor's error ids are, numbers or words.
    """

    kinds: Mapping[str, str]
    reply: Callable[[Fault], Reply]
    state: frozenset[str] = frozenset()
    entry: frozenset[str] = frozenset()
    code: type = int


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
    error_id: int | str | None = None
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

    def matches(self, route: str, seller: str, skus: Sequence[str]) -> bool:
        """Route, seller and SKU are the fault's, and it has not been used up."""
        if self.count is not None and self.hits >= self.count:
            return False
        if self.route not in (None, route) or self.seller not in (None, seller):
            return False
        if self.kind == "token_expired" and route == "token":
            return False  # who asks for a token shows none
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

    def __init__(self, kinds: FaultKinds, clock: Callable[[], float]) -> None:
        self._kinds = kinds
        self._clock = clock
        self._ids = itertools.count(1)
        self.active: list[Fault] = []

    def switch_on(self, document: dict[str, Any]) -> Fault:
        """Add a fault described by a JSON object. Raises ValueError with words for what is wrong in it."""
        names = {f.name for f in fields(Fault) if not f.name.startswith("_")} - {"id", "hits"}
        unknown = set(document) - names
        kind = document.get("kind")
        if kind not in self._kinds.kinds or unknown:
            raise ValueError(f"kind is one of {sorted(self._kinds.kinds)}; unknown fields here: {sorted(unknown)}")
        types = {**_FIELD_TYPES, "error_id": (self._kinds.code, type(None))}
        for name, value in document.items():
            if not isinstance(value, types.get(name, _WHOLE)) or isinstance(value, bool):
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
        return self.holds("refresh_token_revoked", seller)

    def holds(self, kind: str, seller: str) -> bool:
        """Is a fault of this kind, one that holds while it is switched on, on for the seller?"""
        return any(f.kind == kind and f.seller in (None, seller) for f in self.active)

    def judge(self, route: str, seller: str, skus: Sequence[str]) -> Verdict:
        """What happens to this call; faults of single entries are asked for with `entry`."""
        verdict = Verdict()
        for fault in self.active:
            if fault.kind in self._kinds.state or self._per_entry(fault) or not fault.matches(route, seller, skus):
                continue
            if self._strikes(fault):
                _apply(fault, self._kinds, verdict)
        return verdict

    def entry(self, kind: str, route: str, seller: str, sku: str) -> Fault | None:
        """The fault of this kind that hits one entry of a call, if any."""
        for fault in self.active:
            if fault.kind != kind or not self._per_entry(fault):
                continue
            if fault.matches(route, seller, (sku,)) and self._strikes(fault):
                return fault
        return None

    def _per_entry(self, fault: Fault) -> bool:
        """It concerns single entries of a call, not the call as a whole."""
        return fault.kind in self._kinds.entry or (fault.kind == "status" and fault.sku is not None)

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


def _apply(fault: Fault, kinds: FaultKinds, verdict: Verdict) -> None:
    if fault.kind == "latency" and fault.when == "after":
        verdict.wait_after += fault.seconds
    elif fault.kind == "latency":
        verdict.wait_before += fault.seconds
    elif fault.kind == "lost_answer":
        verdict.cut_after = True
    elif fault.kind == "lost_request":
        verdict.cut_before = True
    else:
        verdict.expire_token |= fault.kind == "token_expired"
        verdict.reply = kinds.reply(fault)
