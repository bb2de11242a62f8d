"""Fixtures of the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.channels import CHANNELS, Channel, EbayChannel, ebay_channel
from tests.contract.vendor_schemas import VendorSchemas, specs_folder, vendor_schemas


@pytest.fixture(scope="session")
def ebay_schemas() -> VendorSchemas | None:
    """eBay's contracts; None where they are not beside the project. The suite runs without them too."""
    return vendor_schemas() if specs_folder().is_dir() else None


@pytest.fixture(params=list(CHANNELS))
async def channel(request: pytest.FixtureRequest, ebay_schemas: VendorSchemas | None) -> AsyncIterator[Channel]:
    """Every channel in turn, empty."""
    async with CHANNELS[request.param](ebay_schemas) as opened:
        yield opened


@pytest.fixture
async def ebay(ebay_schemas: VendorSchemas | None) -> AsyncIterator[EbayChannel]:
    """eBay's stand-in, empty."""
    async with ebay_channel(ebay_schemas) as opened:
        yield opened
