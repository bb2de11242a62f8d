"""What is in the way of many listings, grouped: the same problem once, with how many products have it. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from adapters.model import Listing, Problem
from consumer.listings.rules import Unwanted

_EXAMPLES = 3

_Key = tuple[str, str, str]


@dataclass(slots=True)
class ProblemGroup:
    """One problem. cure: for the first of them. examples: entity codes of the first few, with what was found there."""

    field: str
    rule: str
    message: str
    cure: str
    products: int
    examples: tuple[tuple[str, str], ...]


class Findings:
    """What was found for products of one account, one after the other. fine: may be sent. unwanted: reason -> count."""

    def __init__(self) -> None:
        self.fine = 0
        self.refused = 0
        self.unwanted: Counter[str] = Counter()
        self._groups: dict[_Key, ProblemGroup] = {}

    def add(self, entity_code: str, found: Listing | Unwanted | list[Problem]) -> None:
        """One more product, as `validation.examine` found it."""
        if isinstance(found, Listing):
            self.fine += 1
        elif isinstance(found, Unwanted):
            self.unwanted[found.reason] += 1
        else:
            self.refused += 1
            # Two wrong values of one product are one product with that problem.
            for key, problem in {_key(problem): problem for problem in reversed(found)}.items():
                self._count(entity_code, key, problem)

    def groups(self) -> list[ProblemGroup]:
        """Most products first."""
        return sorted(self._groups.values(), key=lambda group: (-group.products, group.field, group.rule))

    def _count(self, entity_code: str, key: _Key, problem: Problem) -> None:
        group = self._groups.setdefault(key, ProblemGroup(*key, cure=problem.cure, products=0, examples=()))
        group.products += 1
        if len(group.examples) < _EXAMPLES:
            group.examples += ((entity_code, problem.value),)


def _key(problem: Problem) -> _Key:
    """The cure is not in it: it may speak of the value that was found."""
    return problem.field, problem.rule, problem.message
