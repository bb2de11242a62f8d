"""Metrics whose labels name tenants and accounts, with a cap: so many have series of their own, the rest share one.

An installation may have thousands of accounts, and each series costs Prometheus memory. The first ones that a process
meets are shown; all others are counted together under "other". What is a count or a flag adds up there; of ages the
longest is shown, of times that are left the shortest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

OTHER = "other"
"""The label of all that have no series of their own."""

MOST = 300
"""So many accounts of a process have series of their own."""

_CAPPED = frozenset({"tenant", "account", "quota", "whom"})

Fold = Callable[[Iterable[float]], float]


@dataclass(slots=True)
class Names:
    """Who has series of its own: the first `most` that came, for as long as the process lives."""

    most: int = MOST
    _known: dict[tuple[str, ...], set[tuple[str, ...]]] = field(default_factory=dict)

    def shows(self, kind: tuple[str, ...], name: tuple[str, ...]) -> bool:
        """Whether this one has. kind: the labels that name it, each kind is counted by itself."""
        known = self._known.setdefault(kind, set())
        if name not in known:
            if len(known) >= self.most:
                return False
            known.add(name)
        return True


class _Capped:
    """What the three kinds share. The children found once are kept: finding them again costs next to nothing."""

    _names: Names
    _kind: tuple[str, ...]
    _places: tuple[int, ...]
    _found: dict[tuple[object, ...], Any]

    def capped(self, names: Names) -> None:
        """Begin to watch the labels."""
        labels: Sequence[str] = self._labelnames  # type: ignore[attr-defined]  # of the library's class beside this one
        self._names = names
        self._kind = tuple(label for label in labels if label in _CAPPED)
        self._places = tuple(place for place, label in enumerate(labels) if label in _CAPPED)
        self._found = {}

    def _shown(self, values: tuple[object, ...]) -> tuple[str, ...] | None:
        """The labels as they are, None where they are hidden behind the others."""
        texts = tuple(map(str, values))
        return texts if self._names.shows(self._kind, tuple(texts[place] for place in self._places)) else None

    def _others(self, values: tuple[object, ...]) -> tuple[str, ...]:
        return tuple(OTHER if place in self._places else str(value) for place, value in enumerate(values))


class CappedCounter(_Capped, Counter):
    """A counter: what has no series of its own is added to the others'."""

    def labels(self, *values: object, **_: object) -> CappedCounter:
        """That of these labels, by position."""
        found: CappedCounter | None = self._found.get(values)
        if found is None:
            found = self._found[values] = super().labels(*(self._shown(values) or self._others(values)))
        return found


class CappedHistogram(_Capped, Histogram):
    """A histogram: as with counters."""

    def labels(self, *values: object, **_: object) -> CappedHistogram:
        """That of these labels, by position."""
        found: CappedHistogram | None = self._found.get(values)
        if found is None:
            found = self._found[values] = super().labels(*(self._shown(values) or self._others(values)))
        return found


class CappedGauge(_Capped, Gauge):
    """A gauge: the others' is what `fold` makes of them all."""

    _fold: Fold
    _hidden: dict[tuple[str, ...], dict[tuple[object, ...], float]]

    def folded(self, fold: Fold) -> None:
        """How the hidden ones are shown."""
        self._fold, self._hidden = fold, {}

    def labels(self, *values: object, **_: object) -> Any:
        """That of these labels, by position: it can be set."""
        found = self._found.get(values)
        if found is None:
            shown = self._shown(values)
            found = super().labels(*shown) if shown is not None else self._hide(values)
            self._found[values] = found
        return found

    def remove(self, *values: object) -> None:
        """There is no such thing any more."""
        self._found.pop(values, None)
        others = self._others(values)
        hidden = self._hidden.get(others, {})
        hidden.pop(values, None)
        super().remove(*map(str, values))
        if others in self._hidden and not hidden:
            del self._hidden[others]
            super().remove(*others)

    def _hide(self, values: tuple[object, ...]) -> _Hidden:
        others = self._others(values)
        if others not in self._hidden:
            figures = self._hidden[others] = {}
            super().labels(*others).set_function(lambda: self._fold(tuple(figures.values()) or (0.0,)))
        return _Hidden(values, self._hidden[others])


@dataclass(frozen=True, slots=True)
class _Hidden:
    """The gauge of one that has no series of its own."""

    values: tuple[object, ...]
    figures: dict[tuple[object, ...], float]

    def set(self, value: float) -> None:
        """As with any gauge."""
        self.figures[self.values] = float(value)


@dataclass(frozen=True, slots=True)
class Making:
    """Makes metrics in one registry, which show the same accounts."""

    registry: CollectorRegistry
    names: Names = field(default_factory=Names)

    def counter(self, name: str, words: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; the name without _total."""
        if not labels:
            return Counter(name, words, registry=self.registry)
        counter = CappedCounter(name, words, labels, registry=self.registry)
        counter.capped(self.names)
        return counter

    def gauge(self, name: str, words: str, labels: Sequence[str] = (), fold: Fold = sum) -> Gauge:
        """A gauge. fold: what is shown of those that have no series of their own."""
        if not labels:
            return Gauge(name, words, registry=self.registry)
        gauge = CappedGauge(name, words, labels, registry=self.registry)
        gauge.folded(fold)
        gauge.capped(self.names)
        return gauge

    def histogram(self, name: str, words: str, labels: Sequence[str], buckets: Sequence[float]) -> Histogram:
        """A histogram of seconds."""
        histogram = CappedHistogram(name, words, labels, buckets=buckets, registry=self.registry)
        histogram.capped(self.names)
        return histogram
