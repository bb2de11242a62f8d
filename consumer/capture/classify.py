"""What a document change means for a product. Pure; on the path of every event, hence plain dicts and few objects.

A product may have several documents, its versions; only the current one (`isCurrent: true`) is the product.
What this module deliberately does not do: decide what a channel shows. Every change of a current version is a change of
the product, whatever field it touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from consumer.events import Operation

Document = Mapping[str, Any]


class NoiseReason(StrEnum):
    """Why a document change is no product change. The values are metric labels."""

    NOT_CURRENT = "not_current"
    """An older or not yet current version was written."""

    OLD_VERSION_DELETED = "old_version_deleted"
    """Versions are pruned; the product lives on, or had gone before."""

    CURRENT_VERSION_LEFT = "current_version_left"
    """A current version was deleted, but the product has another one."""

    GONE = "gone"
    """The document was deleted before its state could be read; its delete event follows."""

    COLLECTION_EVENT = "collection_event"
    """The collection or database was created, dropped, renamed or altered. That alone never delists anything."""


class DeadLetterReason(StrEnum):
    """Why a change cannot become an event. The values are metric labels."""

    NO_ENTITY_CODE = "no_entity_code"
    NO_PRE_IMAGE = "no_pre_image"
    TOO_LARGE = "too_large"
    UNDECODABLE = "undecodable"


# Not frozen: these are made once per event, and a frozen dataclass costs four times as much to make.
@dataclass(slots=True)
class ProductChange:
    """A product was created or updated. changed: top-level fields, None where everything counts as changed."""

    operation: Operation
    entity_code: str
    product: Document
    before: Document | None
    changed: list[str] | None


@dataclass(slots=True)
class CurrentVersionDeleted:
    """The current version of a product was deleted: the product is gone if the PIM has no other one."""

    entity_code: str
    before: Document


@dataclass(slots=True)
class StateMissing:
    """The event came without the document: read it by its `_id` and classify again."""


@dataclass(slots=True)
class Noise:
    """Nothing happened to a product."""

    reason: NoiseReason


@dataclass(slots=True)
class Unidentified:
    """Something happened that cannot be told of a product. words: for the person who reads the dead letter."""

    reason: DeadLetterReason
    words: str


Meaning = ProductChange | CurrentVersionDeleted | StateMissing | Noise | Unidentified

_OPERATIONS: Mapping[str, Operation] = {
    "insert": Operation.CREATED,
    "update": Operation.UPDATED,
    "replace": Operation.UPDATED,
}


def classify(change: Document) -> Meaning:
    """The meaning of a change event as the server sends it, decoded."""
    kind = change["operationType"]
    operation = _OPERATIONS.get(kind)
    if operation is not None:
        document = change.get("fullDocument")
        return StateMissing() if document is None else _written(operation, document, change)
    if kind == "delete":
        return _deleted(change.get("fullDocumentBeforeChange"))
    return Noise(NoiseReason.COLLECTION_EVENT)


def entity_code_of(document: Document) -> str | None:
    """The product's identity, None where the document has none that can be used."""
    code = document.get("entity_code")
    return code if isinstance(code, str) and code else None


def no_entity_code(document: Document) -> Unidentified:
    """The dead letter of a current document nobody can name."""
    found = repr(document.get("entity_code"))[:100]
    return Unidentified(
        DeadLetterReason.NO_ENTITY_CODE,
        f"The product has no usable entity_code (found: {found}); it must be a text that is"
        " not empty. Give it one in the PIM: that write makes the event.",
    )


def _written(operation: Operation, document: Document, change: Document) -> Meaning:
    if document.get("isCurrent") is not True:
        return Noise(NoiseReason.NOT_CURRENT)
    code = entity_code_of(document)
    if code is None:
        return no_entity_code(document)
    changed = _changed(change.get("updateDescription"))
    return ProductChange(operation, code, document, change.get("fullDocumentBeforeChange"), changed)


def _deleted(before: Document | None) -> Meaning:
    if before is None:
        return Unidentified(
            DeadLetterReason.NO_PRE_IMAGE,
            "A document was deleted and the server kept no image of it, so nobody knows which product it was. If it"
            " was a product's current version, its listings stay: withdraw them by hand. Turn pre-images on with"
            " `marketsync init` so that later deletes are known.",
        )
    if before.get("isCurrent") is not True:
        return Noise(NoiseReason.OLD_VERSION_DELETED)
    code = entity_code_of(before)
    return no_entity_code(before) if code is None else CurrentVersionDeleted(code, before)


def _changed(description: Document | None) -> list[str] | None:
    """Top-level fields an update touched. A version that has just become the current one is new in every field."""
    if description is None:
        return None
    names = {
        *description.get("updatedFields", ()),
        *description.get("removedFields", ()),
        *(array["field"] for array in description.get("truncatedArrays", ())),
    }
    fields = sorted({name.partition(".")[0] for name in names})
    return None if "isCurrent" in fields else fields
