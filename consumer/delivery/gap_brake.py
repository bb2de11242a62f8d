"""The brake on withdrawals that no event explains, as after a gap: many at once are held for a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from consumer.listings.gone import GapCounts


class GapVerdict(Enum):
    """What becomes of an account's listings whose products are gone."""

    WAIT = "wait"
    PASS = "pass"  # noqa: S105  no password
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class GapLimits:
    """Withdrawals pass as long as they stay within one of the two. share: of what the account shows, from 0 to 1."""

    number: int
    share: float


def judge_gap(counts: GapCounts, limits: GapLimits) -> GapVerdict:
    """Decide for a whole account: all of its gone listings pass, or all are held.

    While some are not looked at yet, nobody knows how many there are. Those that passed before count again, so that
    listings found late, by a process that was behind, do not pass in small portions.
    """
    if counts.looking:
        return GapVerdict.WAIT
    lost = counts.gone + counts.passed
    shown = max(counts.live, counts.gone) + counts.passed
    too_many = lost > limits.number and lost > limits.share * shown
    return GapVerdict.HOLD if too_many else GapVerdict.PASS


def held_words(counts: GapCounts) -> str:
    """Why they are held, for people."""
    shown = max(counts.live, counts.gone) + counts.passed
    return (
        f"{counts.gone + counts.passed} of {shown} listings have no product any more, and no event told of it;"
        " decide with `marketsync held`"
    )
