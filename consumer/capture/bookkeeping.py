"""Fields the PIM keeps for itself: a write that touched nothing else is no change of a product.

Which fields they are is a setting; what a channel may show must not be among them (`consumer.bootstrap.bookkeeping`
refuses that at start). Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from consumer.mongo.documents import to_json
from consumer.paths import Path, overlap, path_of


class Bookkeeping:
    """fields: names, or paths with dots; each covers all that is below it."""

    def __init__(self, fields: Iterable[str]) -> None:
        paths = [path_of(field) for field in fields]
        self._whole = frozenset(path[0] for path in paths if len(path) == 1)
        self._inner = tuple(path for path in paths if len(path) > 1)
        self._tops = frozenset(path[0] for path in self._inner)

    def covers(self, touched: Iterable[str], before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
        """Whether these paths, as an update names them, are bookkeeping; at least one is there.

        Where a field is written as a whole and only some of it is bookkeeping, the states before and after decide;
        without a state before it counts as changed.
        """
        compared: list[str] = []
        path = None
        for path in touched:
            top = path.partition(".")[0]
            if top in self._whole:
                continue
            if top not in self._tops:
                return False
            if not self._covered(path_of(path)):
                compared.append(top)
        return path is not None and (not compared or self._same(compared, before, after))

    def differs(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Whether anything else than bookkeeping differs: what is said of a document that was replaced."""
        return not self._same(before.keys() | after.keys(), before, after)

    def _covered(self, path: Path) -> bool:
        return any(len(path) >= len(inner) and overlap(path, inner) for inner in self._inner)

    def _same(self, names: Collection[str], before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
        if before is None:
            return False
        try:
            # As JSON, which is what readers of events get: to Python 1, 1.0 and True are the same.
            return to_json(self._rest(names, before)) == to_json(self._rest(names, after))
        except (TypeError, ValueError):  # what cannot be written is told where the event is made
            return False

    def _rest(self, names: Collection[str], document: Mapping[str, Any]) -> dict[str, Any]:
        """What these fields hold besides bookkeeping."""
        kept = sorted(name for name in names if name in document and name not in self._whole)
        return {name: self._without((name,), document[name]) for name in kept}

    def _without(self, path: Path, value: Any) -> Any:
        if not any(overlap(path, inner) for inner in self._inner):
            return value
        if isinstance(value, dict):
            members = [((*path, name), name, inner) for name, inner in value.items()]
            return {name: self._without(below, inner) for below, name, inner in members if not self._covered(below)}
        if isinstance(value, list):
            places = [((*path, str(place)), inner) for place, inner in enumerate(value)]
            return [self._without(below, inner) for below, inner in places if not self._covered(below)]
        return value
