"""Runs schedules: `python -m tests.unit.delivery.simulate FIRST [COUNT]`. One seed alone replays a failure."""

from __future__ import annotations

import sys

from tests.unit.delivery.simulation import BrokenPromiseError, simulate


def main(first: int, count: int) -> int:
    """Simulate these seeds; returns how many of them broke a promise."""
    broken = 0
    for seed in range(first, first + count):
        try:
            simulate(seed)
        except BrokenPromiseError as error:
            broken += 1
            sys.stdout.write(f"{error}\n")
    sys.stdout.write(f"{count} schedules from seed {first}, {broken} broken\n")
    return broken


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1) > 0)
