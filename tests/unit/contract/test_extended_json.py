"""Every BSON type has the one form the contract gives it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.event_contract import EXTENDED_JSON, contract_files, keeps, violations
from tests.unit.contract.making import DOCUMENTS, FORMS, PLAIN, as_json


def forms_of(value: Any) -> set[str]:
    """The forms this JSON value has."""
    return {form for form in FORMS if keeps(f"{EXTENDED_JSON}#/$defs/{form}", value)}


def test_every_form_is_tried_here() -> None:
    definitions = contract_files()[EXTENDED_JSON]["$defs"]
    assert set(definitions) - {"document", "value"} == set(FORMS)
    named = {choice.get("$ref") for choice in definitions["value"]["anyOf"]}
    assert {f"#/$defs/{form}" for form in FORMS} <= named


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
def test_a_value_has_its_form_and_no_other(form: str, data: st.DataObject) -> None:
    value = data.draw(FORMS[form])
    assert forms_of(orjson.loads(as_json({"value": value}))["value"]) == {form}


@given(PLAIN)
def test_what_json_has_words_for_has_no_form(value: Any) -> None:
    assert forms_of(orjson.loads(as_json({"value": value}))["value"]) == set()


@given(DOCUMENTS)
def test_no_document_is_refused(document: dict[str, Any]) -> None:
    assert violations(EXTENDED_JSON, orjson.loads(as_json(document))) == []


@pytest.mark.parametrize(
    "looks_like",
    [
        {"$numberDecimal": 19.9},
        {"$numberDecimal": "1,5"},
        {"$numberDecimal": "1.5", "more": 1},
        {"$numberDouble": "1.5"},
        {"$date": "2026-11-20"},
        {"$date": "1969-12-31T23:59:59.999Z"},
        {"$date": "2026-11-20T08:30:00.000+01:00"},
        {"$date": 0},
        {"$date": {"$numberLong": 0}},
        {"$oid": "6B0436DC9887B396923CADB8"},
        {"$oid": "6b04"},
        {"$binary": "AP8="},
        {"$binary": {"base64": "AP8", "subType": "00"}},
        {"$timestamp": {"t": -1, "i": 0}},
        {"$regularExpression": {"pattern": "a", "options": "mi"}},
        {"$scope": {}},
        {"$minKey": 2},
        {"$ref": "brands"},
        {"numberDecimal": "1"},
        {},
    ],
)
def test_what_only_looks_like_a_form_is_a_document(looks_like: dict[str, Any]) -> None:
    assert forms_of(looks_like) == set()
    assert violations(EXTENDED_JSON, {"value": looks_like}) == []


@pytest.mark.parametrize(
    "form", sorted(form for form in FORMS if "examples" in contract_files()[EXTENDED_JSON]["$defs"][form])
)
def test_examples_have_the_form_they_stand_at(form: str) -> None:
    for example in contract_files()[EXTENDED_JSON]["$defs"][form]["examples"]:
        assert forms_of(example) == {form}
