"""Runs schedules of the simulation: `python -m tests.unit.delivery.simulation --help`."""

from __future__ import annotations

import argparse
import sys
from itertools import count

from tests.unit.delivery.simulation.running import examine, failure_of, run_for
from tests.unit.delivery.simulation.schedule import make_schedule
from tests.unit.delivery.simulation.shrinking import only


def main() -> int:
    """Run one seed, or as many as the time allows; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description="Runs delivery's real decisions through simulated faults.")
    parser.add_argument("seed", type=int, help="the schedule to run, or the first one with --seconds")
    parser.add_argument("--only", default="", help="places of the steps to keep, as a failure names them: 3,17,21")
    parser.add_argument("--seconds", type=float, default=0.0, help="run schedules from this seed on for so long")
    arguments = parser.parse_args()
    if arguments.seconds:
        done, failure = run_for(arguments.seconds, count(arguments.seed))
        sys.stdout.write(f"{done} schedules from seed {arguments.seed}\n")
        words = str(failure) if failure else None
    elif arguments.only:
        places = [int(place) for place in arguments.only.split(",")]
        words = failure_of(only(make_schedule(arguments.seed), places))
    else:
        failure = examine(arguments.seed)
        words = str(failure) if failure else None
    sys.stdout.write(f"{words or 'every promise held'}\n")
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main())
