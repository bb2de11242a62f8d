"""What would happen to a whole account if it went live now: counts, and problems grouped for people. Pure.

Nothing is sent and nothing stored. Brakes are asked as if all of it came at once, which is what going live means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.model import Operation, Problem
from consumer.control.preview import INVALID, UNCHANGED, Preview
from consumer.listings.brakes import Brake, Brakes
from consumer.listings.brakes.foresight import would_hold
from consumer.listings.brakes.ledger import Ledger, counted
from consumer.listings.state import ListingKey

# So many codes are shown of each group.
_EXAMPLES = 3

_COMMANDS = frozenset(operation.value for operation in Operation)


@dataclass(slots=True)
class Group:
    """Listings that are alike. examples: entity codes of some."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, code: str) -> None:
        """One more."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(code)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What listings have in common that cannot be sent. field and rule: of the problem."""

    field: str
    rule: str
    message: str
    cure: str


class Rehearsal:
    """Counts previews. verdicts: by verdict and words. problems: of invalid, refused and blocked listings.

    A listing with two problems is in two groups of `problems`, and in one of `verdicts`.
    """

    def __init__(self) -> None:
        self.products = 0
        self.verdicts: dict[tuple[str, str], Group] = {}
        self.problems: dict[ProblemKind, Group] = {}
        self.touches: Counter[Brake] = Counter()

    def add(self, found: Preview) -> None:
        """One more product."""
        self.products += 1
        code = ListingKey.parse(found.listing_id).entity_code
        words = "" if found.verdict in _COMMANDS | {UNCHANGED, INVALID} else found.words
        self.verdicts.setdefault((found.verdict, words), Group()).add(code)
        for kind in {_kind(problem) for problem in found.problems}:
            self.problems.setdefault(kind, Group()).add(code)
        self.touches.update(Brake(brake) for brake in found.touches)

    def vanished(self, codes: Iterable[str]) -> None:
        """Listings on the channel whose products are not in the PIM any more."""
        for code in codes:
            self.verdicts.setdefault((Operation.WITHDRAW.value, "the PIM has no such product"), Group()).add(code)
            self.touches.update((Brake.MASS_DELISTING, Brake.COUNT_DROP))

    def count(self, verdict: str) -> int:
        """How many have this verdict, whatever the words."""
        return sum(group.count for (found, _), group in self.verdicts.items() if found == verdict)

    def held(self, brakes: Brakes, shown: int, now: float) -> Mapping[str, int]:
        """Why → how many would be held if all of it came at once, from brakes that are open.

        shown: listings the account has now. now: seconds since 1970. A listing that touches two brakes may be in both
        counts.
        """
        return would_hold(brakes, self.touches, counted(Ledger(), shown, brakes, now), now)


def _kind(problem: Problem) -> ProblemKind:
    """Without the value: it differs from product to product."""
    return ProblemKind(problem.field, problem.rule, problem.message, problem.cure)
