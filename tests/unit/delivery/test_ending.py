"""Tasks end, whatever they take a cancellation for."""

from __future__ import annotations

import asyncio

from consumer.delivery.ending import end_all


async def test_a_task_that_takes_a_cancellation_for_an_outage_ends_all_the_same() -> None:
    taken = 0

    async def stubborn() -> None:
        nonlocal taken
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                taken += 1
                if taken > 1:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(end_all([task]), 10)
    assert task.cancelled()
    assert taken == 2
