"""What a document change means for a product. Pure; on the path of every event, hence plain dicts and few objects.

A product may have several documents, its versions; only the current one (`isCurrent: true`) is the product.
What this module deliberately does not do: decide what a channel shows. A write to a current version is a change of the
product unless it is certain that no channel shows anything else for it: it touched bookkeeping only, or the product was
a draft before and is one still. In doubt it is a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from consumer.capture.bookkeeping import Bookkeeping
from consumer.events import Operation

Document = Mapping[str, Any]


class NoiseReason(StrEnum):
    """Why a document change is no product change. The values are metric labels."""

    NOT_CURRENT = "not_current"
    """An older or not yet current version was written."""

    BOOKKEEPING = "bookkeeping"
    """Only fields were written that the PIM keeps for itself."""

    DRAFT = "draft"
    """A product that is not published, and was not before, was edited."""

    OLD_VERSION_DELETED = "old_version_deleted"
    """Versions are pruned; the product lives on, or had gone before."""

    CURRENT_VERSION_LEFT = "current_version_left"
    """A current version was deleted or replaced by a newer one: the product has another one."""

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
class VersionGone:
    """A document is no current version of a product any more: the product is gone if the PIM has no other one.

    It was deleted, is not current any more, or carries another entity_code now. entity_code: None where the event does
    not tell which product it was. then: what the change is besides.
    """

    entity_code: str | None
    before: Document | None
    then: ProductChange | Unidentified | None = None


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


Meaning = ProductChange | VersionGone | StateMissing | Noise | Unidentified

_OPERATIONS: Mapping[str, Operation] = {
    "insert": Operation.CREATED,
    "update": Operation.UPDATED,
    "replace": Operation.UPDATED,
}


def classify(change: Document, bookkeeping: Bookkeeping | None) -> Meaning:
    """The meaning of a change event as the server sends it, decoded.

    bookkeeping: None where the state before may never have been published: then nothing written is noise.
    """
    kind = change["operationType"]
    operation = _OPERATIONS.get(kind)
    if operation is not None:
        document = change.get("fullDocument")
        return StateMissing() if document is None else _written(operation, document, change, bookkeeping)
    if kind == "delete":
        before = change.get("fullDocumentBeforeChange")
        return VersionGone(None, None) if before is None else left_behind(before)
    return Noise(NoiseReason.COLLECTION_EVENT)


def is_current(document: Document) -> bool:
    """Whether this document is the product, and not an older or coming version of it."""
    return document.get("isCurrent") is True


def left_behind(before: Document) -> Meaning:
    """The meaning of the end of a document that was in this state."""
    if not is_current(before):
        return Noise(NoiseReason.OLD_VERSION_DELETED)
    code = entity_code_of(before)
    return no_entity_code(before) if code is None else VersionGone(code, before)


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


def no_image() -> Unidentified:
    """The dead letter of a deletion, or of a changed entity_code, of which nobody knows the product."""
    return Unidentified(
        DeadLetterReason.NO_PRE_IMAGE,
        "A document was deleted or got another entity_code, and the server kept no image of it, so nobody knows which"
        " product it was. If it was a product's current version, its listings stay: withdraw them by hand. Turn"
        " pre-images on with `marketsync init` so that later changes of this kind are known.",
    )


def _written(operation: Operation, document: Document, change: Document, bookkeeping: Bookkeeping | None) -> Meaning:
    before = change.get("fullDocumentBeforeChange")
    if operation is Operation.CREATED:
        if not is_current(document):
            return Noise(NoiseReason.NOT_CURRENT)
        return _product(operation, document, before, None)
    description = change.get("updateDescription")
    paths = None if description is None else _paths(description)
    if not is_current(document):
        return _not_current(document, before, paths)
    fields = None if paths is None else sorted({path.partition(".")[0] for path in paths})
    if _may_be_renamed(document, before, fields):
        known = before is not None or fields is not None
        return _renamed(Operation.CREATED if known else operation, document, before)
    if bookkeeping is not None and (before is None or is_current(before)) and entity_code_of(document) is not None:
        noise = _noise(document, before, paths, bookkeeping)
        if noise is not None:
            return Noise(noise)
    # A version that has just become the current one is new in every field.
    changed = None if fields is None or "isCurrent" in fields else fields
    return _product(operation, document, before, changed)


def _product(
    operation: Operation, document: Document, before: Document | None, changed: list[str] | None
) -> ProductChange | Unidentified:
    code = entity_code_of(document)
    return no_entity_code(document) if code is None else ProductChange(operation, code, document, before, changed)


def _not_current(document: Document, before: Document | None, paths: list[str] | None) -> Meaning:
    """A version was written that is not the current one; it may have been until now."""
    if before is not None:
        code = entity_code_of(before) if is_current(before) else None
        return Noise(NoiseReason.NOT_CURRENT) if code is None else VersionGone(code, before)
    if paths is not None and "isCurrent" not in paths:
        return Noise(NoiseReason.NOT_CURRENT)
    # The mark was taken away, or perhaps never there: asking whether the product has a current version does no harm.
    if paths is not None and "entity_code" in paths:
        return VersionGone(None, None)
    code = entity_code_of(document)
    return Noise(NoiseReason.NOT_CURRENT) if code is None else VersionGone(code, None)


def _noise(
    document: Document, before: Document | None, paths: list[str] | None, bookkeeping: Bookkeeping
) -> NoiseReason | None:
    """Why a write to a version that was current before and is so still changed nothing any channel shows, if so."""
    if paths is not None:
        if bookkeeping.covers(paths, before, document):
            return NoiseReason.BOOKKEEPING
        was_draft = before.get("status") == "draft" if before is not None else not _DECISIVE.intersection(paths)
    elif before is not None:
        if not bookkeeping.differs(before, document):
            return NoiseReason.BOOKKEEPING
        was_draft = before.get("status") == "draft"
    else:
        return None
    return NoiseReason.DRAFT if was_draft and document.get("status") == "draft" else None


_DECISIVE = frozenset(("entity_code", "isCurrent", "status"))


def _may_be_renamed(document: Document, before: Document | None, fields: list[str] | None) -> bool:
    """Whether the document may have been the current version of another product until now."""
    if before is not None:
        return is_current(before) and before.get("entity_code") != document.get("entity_code")
    return fields is None or "entity_code" in fields


def _renamed(operation: Operation, document: Document, before: Document | None) -> Meaning:
    """The product has, or may have, another entity_code: to channels a new product, and the end of the old one."""
    then = _product(operation, document, None, None)
    if before is None:
        return VersionGone(None, None, then)
    code = entity_code_of(before)
    return then if code is None else VersionGone(code, before, then)


def _paths(description: Document) -> list[str]:
    """What an update touched, with dots."""
    return [
        *description.get("updatedFields", ()),
        *description.get("removedFields", ()),
        *(array["field"] for array in description.get("truncatedArrays", ())),
    ]
