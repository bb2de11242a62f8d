"""`make bench-capture`: what capture achieves, part by part, on servers of the run's own.

Usage: `python -m tests.benchmarks.capture [PART ...]`, all parts by default. Each part writes data of its own. Prints
one table; its last line says which goals are met.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Mapping

from tests.benchmarks.capture import burst, killed, large, latency, snapshots, streams, sustained
from tests.benchmarks.installation import Servers, own_servers
from tests.benchmarks.table import Figure, report

PARTS: Mapping[str, Callable[[Servers], list[Figure]]] = {
    "inserts": sustained.inserts,
    "mix-images": sustained.mix_with_images,
    "mix-lookup": sustained.mix_with_lookup,
    "large": large.events,
    "large-refused": large.dead_letters,
    "latency": latency.latency,
    "streams": streams.two_streams,
    "burst": burst.burst,
    "killed": killed.killed,
    "snapshots": snapshots.snapshots,
}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    chosen = parser.parse_args().parts or list(PARTS)
    figures: list[Figure] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # the servers are stopped on the way out
    with own_servers(lasting=True) as servers:
        for name in chosen:
            sys.stderr.write(f"{name} ...\n")
            figures += PARTS[name](servers)
    sys.stdout.write(f"{report(figures)}\n")


if __name__ == "__main__":
    main()
