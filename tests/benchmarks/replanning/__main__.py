"""`make bench-replanning`: an account's price rule changes, and its 50,000 listings are planned anew in the background.

Usage: `python -m tests.benchmarks.replanning [LISTINGS]`. Stock changes go through all the while: their latency from
Kafka's word that it has the change to the channel's answer, before the rule changes and while it is carried out, in one
run. The delivery process and this one are the same, with a channel in memory that answers after 30 ms; MongoDB and
Kafka are real and the run's own. The last line tells whether the goals are met.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from statistics import median, quantiles

from consumer.logs import configure_logging
from consumer.settings import DeliverySettings
from tests.benchmarks.installation import own_servers
from tests.benchmarks.replanning.line import Line, running_line
from tests.benchmarks.table import Figure, report
from tests.waiting import eventually

# Seconds between two stock changes, and how many there are before the rule changes.
_EVERY = 0.05
_BEFORE = 400
_DEADLINE = 280.0
# Goals, seconds: what a buyer would never notice, and what an operator who changed a rule waits for.
_SLOWEST = 1.0
_TIMES = 3.0


async def stock_changes(line: Line, rng: random.Random, listings: int) -> None:
    """One after the other, at their times, until cancelled."""
    due = time.perf_counter()
    while True:
        await line.change_stock(f"P-{rng.randrange(listings)}")
        due += _EVERY
        await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def measure(line: Line, listings: int, seed: int) -> tuple[list[float], list[float], float]:
    """Latencies before the rule changed and while it was carried out, and how long that took, all in seconds."""
    await line.fill(listings, _DEADLINE)
    changes = asyncio.create_task(stock_changes(line, random.Random(seed), listings))
    taken = line.channel.taken
    await eventually(lambda: len(taken) >= _BEFORE, 60, "stock changes arrive")
    before = taken[_BEFORE // 4 :]
    taken.clear()
    begun = time.perf_counter()
    line.percent = 100
    await eventually(lambda: len(line.channel.dearer) == listings, _DEADLINE, "every listing shows the new price")
    lasted = time.perf_counter() - begun
    during = list(taken)
    changes.cancel()
    await asyncio.wait([changes])
    await eventually(lambda: not line.channel.awaited, 30, "no stock change is lost")
    return before, during, lasted


def figures(before: list[float], during: list[float], lasted: float, listings: int) -> list[Figure]:
    """What is told and judged."""
    slow_before, slow_during = _slow(before), _slow(during)
    return [
        Figure("replanning", f"listings a second ({listings:,} in {lasted:,.0f} s)", listings / lasted),
        Figure("stock alone", f"half of {len(before)} changes within, ms", 1000 * median(before)),
        Figure("stock alone", "19 of 20 within, ms", 1000 * slow_before),
        Figure("stock meanwhile", f"half of {len(during)} changes within, ms", 1000 * median(during)),
        Figure("stock meanwhile", "19 of 20 within, ms", 1000 * slow_during, at_most=1000 * _SLOWEST),
        Figure("ratio", "half", median(during) / median(before), digits=1, at_most=_TIMES),
        Figure("ratio", "19 of 20", slow_during / slow_before, digits=1),
    ]


def _slow(taken: list[float]) -> float:
    return quantiles(taken, n=20)[-1]


async def main(listings: int, seed: int) -> None:
    """Run it."""
    with own_servers() as servers:
        async with running_line(servers.endpoints, DeliverySettings(history_days=0)) as line:
            found = await measure(line, listings, seed)
    sys.stdout.write(f"{report(figures(*found, listings))}\n")


if __name__ == "__main__":
    configure_logging("json", "error")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("listings", nargs="?", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.listings, arguments.seed))
