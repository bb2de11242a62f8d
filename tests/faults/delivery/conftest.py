"""Delivery lines as the shorter tests use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.integration.delivery.conftest import Line
from tests.integration.delivery.conftest import line as line
from tests.integration.delivery.journal import Journal
from tests.integration.delivery.processes import Fleet, fleet_of


@pytest_asyncio.fixture
async def fleet(line: Line, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet_of(line, Journal(latency=0.05), tmp_path, batch_size=3) as fleet:
        yield fleet
