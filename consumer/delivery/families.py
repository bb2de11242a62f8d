"""Who is related to whom among the products that one sweep read, all at the same time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import orjson

from consumer.listings.kinship import parent_of, relatives_of
from consumer.listings.marks import Found
from consumer.listings.owed import Cause
from consumer.mongo.current_products import Reading
from consumer.mongo.documents import UndecodableDocumentError, decode_leniently, may_hold_non_finite, to_json


class KinRead(NamedTuple):
    """related: whether it has, or may have, relatives. variants: as JSON. parent: whether its parent is there."""

    related: bool
    variants: tuple[bytes, ...] = ()
    parent: bool = True

    def as_json(self) -> Mapping[str, Any]:
        """As an event carries it."""
        return {"variants": [orjson.Fragment(variant) for variant in self.variants], "parent": self.parent}


class Kindred:
    """Which products have to be read with others. known: parent → those that were sold in its group before."""

    def __init__(self, known: Mapping[str, AbstractSet[str]] | None = None) -> None:
        self._known = known or {}

    def of(self, documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Of these, family by family; then those whose parents are not there."""
        met = set()
        for document in documents:
            code = document["entity_code"]
            met.add(code)
            yield from relatives_of(document)
            yield from sorted(self._known.get(code, ()))
        for code in self._known.keys() - met:
            yield from sorted(self._known[code])

    def of_one(self, code: str, document: Mapping[str, Any] | None) -> set[str]:
        """Of one product. document: None where it is not there."""
        return {*self._known.get(code, ()), *(() if document is None else relatives_of(document))}


_NO_KIN = KinRead(related=False)


class Families:
    """Of one reading; None = nothing was read. A document that cannot be read has no relatives.

    kindred: which were to be read.
    """

    def __init__(self, reading: Reading | None, kindred: Kindred) -> None:
        self._reading = reading
        self._kindred = kindred
        self._parents: dict[str, str | None] = {}
        self._variants: dict[str, list[str]] = defaultdict(list)
        self._documents: dict[str, Mapping[str, Any]] = {}
        for code, raw in (reading.documents if reading is not None else {}).items():
            try:
                document = decode_leniently(raw)
            except UndecodableDocumentError:
                continue
            self._documents[code] = document
            parent = parent_of(document)
            if parent is not None and parent != code:
                self._parents[code] = parent
                self._variants[parent].append(code)

    def kin(self, found: Found) -> KinRead | None:
        """Its relatives; None where they were not all read, so that it is to be looked at once more."""
        code, reading = found.key.entity_code, self._reading
        parent, variants = self._parents.get(code), self._variants.get(code, [])
        known = bool(found.group) or found.owed.cause is Cause.VARIANT
        if reading is None or not (known or parent or variants):
            return _NO_KIN
        if not reading.unread.isdisjoint(self._kindred.of_one(code, self._documents.get(code))):
            return None
        texts = tuple(map(self._text, sorted(variants)))
        return KinRead(True, texts, parent is None or parent in reading.documents)

    def _text(self, code: str) -> bytes:
        assert self._reading is not None  # noqa: S101  for the type checker: who asks has one
        raw = self._reading.documents[code]
        return to_json(self._documents[code], finite=not may_hold_non_finite(raw))
