"""`make bench-replanning`: an account's price rule changes, and its 50,000 listings are planned anew in the background.

Usage: `python -m tests.benchmarks.replanning [LISTINGS]`. 20 stock changes a second go through all the while, from a
process of its own: their latency from the write in the PIM to the channel's answer, before the rule changes and while
it is carried out, in one run. Delivery has this process to itself, with a channel that answers after 30 ms; MongoDB and
Kafka are real and the run's own. The last line tells whether the goals are met.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from statistics import median, quantiles

from consumer.logs import configure_logging
from consumer.settings import DeliverySettings
from tests.benchmarks.installation import own_servers
from tests.benchmarks.replanning.line import TENANT, Line, running_line
from tests.benchmarks.replanning.publisher import stock_changes
from tests.benchmarks.table import Figure, report
from tests.waiting import eventually

# How many stock changes there are before the rule changes.
_BEFORE = 400
_DEADLINE = 280.0
# Goals, seconds: what a buyer would never notice, and what an operator who changed a rule waits for.
_SLOWEST = 1.0
_TIMES = 3.0


async def measure(line: Line, listings: int) -> tuple[list[float], list[float], float]:
    """Latencies before the rule changed and while it was carried out, and how long that took, all in seconds."""
    await line.fill(listings, _DEADLINE)
    channel = line.channel
    with stock_changes(line.endpoints, line.names, TENANT, listings) as finish:
        await eventually(lambda: len(channel.arrived) >= _BEFORE, 60, "stock changes arrive")
        begun = time.time()
        line.percent = 100
        await eventually(lambda: len(channel.dearer) == listings, _DEADLINE, "every listing shows the new price")
        ended = time.time()
        told = await asyncio.to_thread(finish)
        await eventually(lambda: told.keys() <= channel.arrived.keys(), 30, "no stock change is lost")
    taken = [(since, channel.arrived[stock] - since) for stock, since in told.items()]
    before = [seconds for since, seconds in taken[_BEFORE // 4 :] if since < begun]
    return before, [seconds for since, seconds in taken if begun <= since < ended], ended - begun


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


async def main(listings: int) -> None:
    """Run it."""
    with own_servers() as servers:
        async with running_line(servers.endpoints, DeliverySettings(history_days=0)) as line:
            found = await measure(line, listings)
    sys.stdout.write(f"{report(figures(*found, listings))}\n")


if __name__ == "__main__":
    configure_logging("json", "error")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("listings", nargs="?", type=int, default=50_000)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.listings))
