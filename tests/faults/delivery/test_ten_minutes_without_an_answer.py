"""A channel that answers nothing for ten minutes, with 100,000 events waiting."""

from __future__ import annotations

import pytest

from tests.integration.delivery.outage import MEGABYTE, Outage
from tests.integration.delivery.processes import Fleet


@pytest.mark.timeout(1500)
async def test_kafka_is_polled_in_time_memory_stays_flat_and_everything_arrives_afterwards(fleet: Fleet) -> None:
    fleet.batch_size = 25
    fleet.journal.latency = 0.0
    await Outage(events=100_000, seconds=600, growth=250 * MEGABYTE, patience=600).happen(fleet)
