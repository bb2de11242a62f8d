"""What the client alone can do: the same calls, N at once, nothing else. In a process of its own.

python -m tests.benchmarks.delivery.http_only URL N PRODUCTS    prints its CPU seconds and peak megabytes as JSON
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator

from tests.benchmarks.delivery.channel import open_target, post
from tests.benchmarks.delivery.work import TEXT
from tests.benchmarks.meters import cpu_seconds, peak_megabytes


async def main(url: str, at_once: int, products: int) -> None:
    """Call for each product, once more where it fails."""
    http = open_target(url, at_once)
    numbers = iter(range(1, products + 1))
    before = cpu_seconds(os.getpid())
    await asyncio.gather(*[_caller(http, url, numbers) for _ in range(at_once)])
    used = cpu_seconds(os.getpid()) - before
    await http.close()
    print(json.dumps({"cpu": used, "peak": peak_megabytes(os.getpid())}))  # noqa: T201  the benchmark reads it


async def _caller(http, url: str, numbers: Iterator[int]) -> None:  # type: ignore[no-untyped-def]
    body = TEXT.encode()
    for number in numbers:
        answer = await http.send(post(url, number, 1, written=0, body=body))
        if answer.status != 200:
            await asyncio.sleep(0.2)
            await http.send(post(url, number, 1, written=0, body=body))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
