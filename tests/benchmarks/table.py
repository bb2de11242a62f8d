"""The table that a benchmark prints, and its last line: which goals are met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line. values: of each turn; `value` is what counts, their median or their worst. digits: after the point.

    at_most, at_least: the goal, neither where the figure is only told.
    """

    part: str
    name: str
    value: float
    values: Sequence[float] = ()
    digits: int = 0
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goal, if any, is reached."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def goal(self) -> str:
        """In words, empty where there is none."""
        if self.at_most is not None:
            return f"at most {self.at_most:,g}"
        return "" if self.at_least is None else f"at least {self.at_least:,g}"

    def row(self) -> tuple[str, ...]:
        """Its cells."""
        turns = "  ".join(f"{value:,.{self.digits}f}" for value in self.values)
        return self.part, self.name, f"{self.value:,.{self.digits}f}", self.goal, self._verdict(), turns

    def _verdict(self) -> str:
        if not self.goal:
            return ""
        return "met" if self.met else "MISSED"


def report(figures: Sequence[Figure]) -> str:
    """The table, and the verdict in its last line."""
    rows = [("part", "figure", "value", "goal", "", "each turn"), *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    judged = [figure for figure in figures if figure.goal]
    missed = [f"{figure.part}: {figure.name}" for figure in judged if not figure.met]
    verdict = f"goals: {len(judged) - len(missed)} met, {len(missed)} missed"
    return "\n".join([*lines, f"{verdict} ({'; '.join(missed)})" if missed else verdict])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(width) if column == 2 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
