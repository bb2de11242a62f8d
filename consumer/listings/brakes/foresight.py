"""What brakes would hold if it came now. Nothing is counted by asking. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.listings.brakes.ledger import Ask, Ledger, answered
from consumer.listings.brakes.model import Brake, Brakes
from consumer.listings.brakes.words import reason


def would_hold(brakes: Brakes, counts: Mapping[Brake, int], ledger: Ledger, now: float) -> Mapping[str, int]:
    """Why → how many. counts: by brake, the listings that touch it; one that touches two is in both.

    ledger: what has passed so far. now: seconds since 1970.
    """
    wanted = {brake: count for brake, count in counts.items() if getattr(brakes, brake.value) is not None}
    many: dict[Brake, int] = {brake: count for brake, count in wanted.items() if brake is not Brake.PRICE_CHANGE}
    _, answer = answered(Ask(brakes, many), ledger, now)
    # The brake on a single price lets none pass, however few there are.
    held = {brake: count - answer.passes.get(brake, 0) for brake, count in wanted.items()}
    return {reason(frozenset({brake}), brakes, answer.limits)[1]: count for brake, count in held.items() if count > 0}
