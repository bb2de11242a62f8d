"""The channels of the contract suite, and its fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager

import pytest

from tests.contract.amazon_channel import AmazonChannel, amazon_channel
from tests.contract.channels import Channel, EbayChannel, ebay_channel, memory_channel
from tests.contract.fifth_channel import bacheca_channel
from tests.contract.manomano_channel import ManomanoChannel, manomano_channel
from tests.contract.trovaprezzi_channel import trovaprezzi_channel

CHANNELS: Mapping[str, Callable[[], AbstractAsyncContextManager[Channel]]] = {
    "memory": memory_channel,
    "ebay": ebay_channel,
    "amazon": amazon_channel,
    "manomano": manomano_channel,
    "trovaprezzi": trovaprezzi_channel,
    "bacheca": bacheca_channel,
}


@pytest.fixture(params=list(CHANNELS))
async def channel(request: pytest.FixtureRequest) -> AsyncIterator[Channel]:
    """Every channel in turn, empty."""
    async with CHANNELS[request.param]() as opened:
        yield opened


@pytest.fixture
async def ebay() -> AsyncIterator[EbayChannel]:
    """eBay's stand-in, empty."""
    async with ebay_channel() as opened:
        yield opened


@pytest.fixture
async def amazon() -> AsyncIterator[AmazonChannel]:
    """Amazon's stand-in, empty."""
    async with amazon_channel() as opened:
        yield opened


@pytest.fixture
async def manomano() -> AsyncIterator[ManomanoChannel]:
    """ManoMano's stand-in, empty, with a feed that it fetches at every change."""
    async with manomano_channel() as opened:
        yield opened
