"""Makes a failing schedule small: leaves out what is not needed for it to fail (delta debugging)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.unit.delivery.simulation.schedule import Schedule


def shrink(places: Sequence[int], fails: Callable[[Sequence[int]], bool], tries: int = 150) -> list[int]:
    """A small part of `places` with which it still fails; `tries`: how often to ask at most."""
    kept = list(places)
    size = max(1, len(kept) // 2)
    while tries > 0:
        smaller, tries = _without(kept, size, fails, tries)
        if size == 1 and len(smaller) == len(kept):
            break
        kept, size = smaller, max(1, min(size // 2, len(smaller) // 2))
    return kept


def _without(kept: list[int], size: int, fails: Callable[[Sequence[int]], bool], tries: int) -> tuple[list[int], int]:
    """Go through it once and leave out every slice of this size that is not needed."""
    start = 0
    while start < len(kept) and tries > 0:
        part = kept[:start] + kept[start + size :]
        tries -= 1
        if fails(part):
            kept = part
        else:
            start += size
    return kept, tries


def only(schedule: Schedule, places: Sequence[int]) -> Schedule:
    """The schedule with the steps at these places alone."""
    return schedule.with_steps(tuple(schedule.steps[place] for place in places))
