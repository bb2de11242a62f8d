"""What a document change means for a product."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.capture.bookkeeping import Bookkeeping
from consumer.capture.classify import (
    DeadLetterReason,
    Meaning,
    Noise,
    NoiseReason,
    ProductChange,
    StateMissing,
    Unidentified,
    VersionGone,
)
from consumer.capture.classify import (
    classify as classify_with,
)
from consumer.events import Operation
from consumer.settings import CaptureSettings

CURRENT = {"_id": 1, "entity_code": "P-1", "isCurrent": True}
OLD = {**CURRENT, "isCurrent": False}
NAMELESS = {"_id": 1, "isCurrent": True}


BOOKKEEPING = Bookkeeping(CaptureSettings().bookkeeping)


def classify(change: dict[str, Any]) -> Meaning:
    return classify_with(change, BOOKKEEPING)


def make_change(kind: str, document: Any = None, **more: Any) -> dict[str, Any]:
    return {"operationType": kind, "fullDocument": document, "documentKey": {"_id": 1}, **more}


@pytest.mark.parametrize(
    ("kind", "operation"),
    [("insert", Operation.CREATED), ("update", Operation.UPDATED), ("replace", Operation.UPDATED)],
)
def test_a_write_to_the_current_version_changes_the_product(kind: str, operation: Operation) -> None:
    meaning = classify(make_change(kind, CURRENT, fullDocumentBeforeChange=OLD))
    assert meaning == ProductChange(operation, "P-1", product=CURRENT, before=OLD, changed=None)


@pytest.mark.parametrize("kind", ["insert", "update", "replace"])
@pytest.mark.parametrize("mark", [False, None, "true", 1])
def test_other_versions_are_noise(kind: str, mark: Any) -> None:
    other = {**CURRENT, "isCurrent": mark}
    assert classify(make_change(kind, other, fullDocumentBeforeChange=OLD)) == Noise(NoiseReason.NOT_CURRENT)


@pytest.mark.parametrize("code", [None, "", 7, ["P-1"], {"it": "P-1"}])
@pytest.mark.parametrize("kind", ["insert", "update", "replace"])
def test_a_product_nobody_can_name_is_a_dead_letter(kind: str, code: Any) -> None:
    document = {**CURRENT, "entity_code": code}
    meaning = classify(make_change(kind, document, fullDocumentBeforeChange=document))
    assert isinstance(meaning, Unidentified)
    assert meaning.reason is DeadLetterReason.NO_ENTITY_CODE
    assert "entity_code" in meaning.words


@pytest.mark.parametrize("kind", ["insert", "update", "replace"])
def test_a_write_without_its_document_has_to_be_looked_up(kind: str) -> None:
    assert classify(make_change(kind)) == StateMissing()


def test_the_deleted_current_version_may_be_the_end_of_the_product() -> None:
    assert classify(make_change("delete", fullDocumentBeforeChange=CURRENT)) == VersionGone("P-1", CURRENT)


def test_a_pruned_version_is_noise() -> None:
    assert classify(make_change("delete", fullDocumentBeforeChange=OLD)) == Noise(NoiseReason.OLD_VERSION_DELETED)


def test_a_delete_without_image_has_to_be_looked_up() -> None:
    assert classify(make_change("delete")) == VersionGone(None, None)


def test_a_deleted_product_without_name_is_a_dead_letter() -> None:
    meaning = classify(make_change("delete", fullDocumentBeforeChange=NAMELESS))
    assert isinstance(meaning, Unidentified)
    assert meaning.reason is DeadLetterReason.NO_ENTITY_CODE


@pytest.mark.parametrize("kind", ["drop", "rename", "dropDatabase", "invalidate", "create", "modify", "of-the-future"])
def test_what_happens_to_the_collection_delists_nothing(kind: str) -> None:
    assert classify({"operationType": kind, "ns": {"db": "vinc-a"}}) == Noise(NoiseReason.COLLECTION_EVENT)


@pytest.mark.parametrize(
    ("description", "changed"),
    [
        ({"updatedFields": {"pricing.retail": 9, "pricing.sale": 8, "quantity": 1}}, ["pricing", "quantity"]),
        ({"updatedFields": {}, "removedFields": ["ean", "name.it"]}, ["ean", "name"]),
        ({"truncatedArrays": [{"field": "images", "newSize": 2}]}, ["images"]),
        ({"updatedFields": {"isCurrent": True}}, None),
        ({}, []),
    ],
)
def test_the_touched_top_level_fields(description: dict[str, Any], changed: list[str] | None) -> None:
    meaning = classify(make_change("update", CURRENT, updateDescription=description))
    assert isinstance(meaning, ProductChange)
    assert meaning.changed == changed


@given(
    st.sampled_from(["insert", "update", "replace", "delete", "drop"]),
    st.none() | st.dictionaries(st.sampled_from(["entity_code", "isCurrent"]), st.none() | st.booleans() | st.text()),
    st.none() | st.dictionaries(st.sampled_from(["entity_code", "isCurrent"]), st.none() | st.booleans() | st.text()),
)
def test_every_change_has_one_meaning_and_no_event_lacks_a_name(kind: str, document: Any, before: Any) -> None:
    meaning = classify(make_change(kind, document, fullDocumentBeforeChange=before))
    if isinstance(meaning, VersionGone):
        assert meaning.entity_code is None or meaning.entity_code
        meaning = meaning.then or meaning
    if isinstance(meaning, ProductChange):
        assert meaning.entity_code
        assert document["isCurrent"] is True
