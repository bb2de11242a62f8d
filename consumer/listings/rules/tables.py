"""Tables from the PIM's values to the channel's, and what becomes of a value that is in none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from adapters.model import Problem
from consumer.listings.figures import shown
from consumer.listings.rules.draft import Draft, Unmapped, Values

Otherwise = Literal["problem", "keep", "drop"]


def _distinct(table: Mapping[str, str]) -> Mapping[str, str]:
    """Raises ValueError for entries that mean the same value and say different things."""
    seen: dict[str, tuple[str, str]] = {}
    for value, result in table.items():
        before, said = seen.setdefault(_bare(value), (value, result))
        if said != result:
            raise ValueError(f"the table has {before!r} and {value!r}, which are the same value: keep one of them")
    return table


Table = Annotated[Mapping[str, str], AfterValidator(_distinct)]
OtherwiseField = Annotated[
    Otherwise,
    Field(description="For a value that is not in the table: problem, keep it as it is, or drop it."),
]


def compile_table(
    table: Mapping[str, str], otherwise: Otherwise, field: str, where: str
) -> Callable[[Draft, Values], Values]:
    """A function that turns values by the table; capitals and blanks around do not matter.

    field: where the values go. where: the rule's name in words, for the cure. Values of the table that are empty are
    dropped. What the table does not know is noted in the draft.
    """
    known = {_bare(value): result for value, result in table.items()}

    def convert(draft: Draft, values: Values) -> Values:
        found: dict[str, None] = {}
        for value in values:
            result = known.get(_bare(value))
            if result is None:
                draft.unmapped.append(Unmapped(field, value))
                if otherwise == "problem":
                    draft.problems.append(_not_in_table(field, value, where))
                result = value if otherwise == "keep" else ""
            if result:
                found[result] = None
        return tuple(found)

    return convert


def _not_in_table(field: str, value: str, where: str) -> Problem:
    return Problem(
        field=field,
        rule="unmapped_value",
        message=f"the table of {where} does not know this value",
        cure="Add the value to the table, or say what happens to others with otherwise: keep or drop.",
        value=shown(value),
    )


def _bare(value: str) -> str:
    return " ".join(value.split()).casefold()
