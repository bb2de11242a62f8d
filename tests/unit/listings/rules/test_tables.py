"""Tables: what they know becomes what they say, and nothing else leaves unasked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from consumer.listings.rules.draft import Draft, Unmapped
from consumer.listings.rules.tables import Otherwise, Table, compile_table
from tests.unit.listings.making import make_product

WORDS = st.text("abcABC éß", min_size=1, max_size=4).filter(str.strip)


def draft() -> Draft:
    return Draft(make_product(), ("it",))


def bare(value: str) -> str:
    return " ".join(value.split()).casefold()


@pytest.mark.parametrize(
    ("otherwise", "result", "problems"), [("problem", ("Red",), 1), ("keep", ("Red", "Blu"), 0), ("drop", ("Red",), 0)]
)
def test_what_becomes_of_a_value_that_is_not_in_the_table(
    otherwise: Otherwise, result: tuple[str, ...], problems: int
) -> None:
    target = draft()
    convert = compile_table({"Rosso": "Red", "Grigio": ""}, otherwise, "attributes.Colour", "content.rules.2")
    assert convert(target, (" ROSSO", "Blu", "grigio")) == result
    assert target.unmapped == [Unmapped("attributes.Colour", "Blu")]
    assert len(target.problems) == problems
    for problem in target.problems:
        assert (problem.field, problem.rule, problem.value) == ("attributes.Colour", "unmapped_value", "Blu")
        assert "content.rules.2" in problem.message


@given(
    table=st.dictionaries(WORDS, WORDS, max_size=6),
    values=st.lists(WORDS, max_size=6),
    otherwise=st.sampled_from(["problem", "keep", "drop"]),
)
def test_p12_no_value_is_lost_without_a_word(table: dict[str, str], values: list[str], otherwise: Otherwise) -> None:
    distinct = {bare(value): result for value, result in table.items()}
    target = draft()
    found = compile_table(distinct, otherwise, "attributes.X", "x")(target, tuple(values))
    known = [value for value in values if bare(value) in distinct]
    unknown = [value for value in values if bare(value) not in distinct]
    assert [entry.value for entry in target.unmapped] == unknown
    assert {distinct[bare(value)] for value in known} <= set(found)
    assert set(found) <= set(distinct.values()) | (set(unknown) if otherwise == "keep" else set())
    assert len(target.problems) == (len(unknown) if otherwise == "problem" else 0)
    assert len(set(found)) == len(found)


@given(st.dictionaries(WORDS, st.sampled_from(["x", "y"]), max_size=6))
def test_a_table_that_says_two_things_of_one_value_is_refused(table: dict[str, str]) -> None:
    results: dict[str, set[str]] = {}
    for value, result in table.items():
        results.setdefault(bare(value), set()).add(result)
    if any(len(said) > 1 for said in results.values()):
        with pytest.raises(ValidationError, match="the same value"):
            TypeAdapter(Table).validate_python(table)
    else:
        assert TypeAdapter(Table).validate_python(table) == table
