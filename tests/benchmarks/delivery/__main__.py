"""`make bench-delivery`: what delivery achieves, part by part, on servers of the run's own.

Usage: `python -m tests.benchmarks.delivery [PART ...]`, all parts by default. Prints one table; its last line says
which goals are met. BullMQ takes part where Node.js, npm and Redis are installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.benchmarks.delivery.crash import crash
from tests.benchmarks.delivery.isolation import isolation
from tests.benchmarks.delivery.order import order
from tests.benchmarks.delivery.runs import Bench
from tests.benchmarks.delivery.target_process import running_target
from tests.benchmarks.delivery.throughput import throughput
from tests.benchmarks.installation import own_servers
from tests.benchmarks.table import Figure, report

PARTS: Mapping[str, Callable[[Bench], list[Figure]]] = {
    "throughput": throughput,
    "order": order,
    "crash": crash,
    "isolation": isolation,
}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    chosen = parser.parse_args().parts or list(PARTS)
    figures: list[Figure] = []
    with own_servers() as servers, running_target() as target:
        for name in chosen:
            sys.stderr.write(f"{name} ...\n")
            figures += PARTS[name](Bench(servers, target))
    sys.stdout.write(f"{report(figures)}\n")


if __name__ == "__main__":
    main()
