"""Adapters by the channel's name."""

from __future__ import annotations

import pytest

from adapters.errors import ConfigurationError
from adapters.registry import ADAPTERS, make_adapter
from tests.unit.adapters.listings import make_account


@pytest.mark.parametrize("channel", sorted(ADAPTERS))
async def test_every_channel_bears_its_name(channel: str) -> None:
    adapter = make_adapter(channel, make_account())
    assert adapter.channel == channel
    assert adapter.batch_size >= 1
    await adapter.close()


def test_an_unknown_channel_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'etsy'.*ebay"):
        make_adapter("etsy", make_account())


@pytest.mark.parametrize("setting", ["api_url", "token_url"])
def test_addresses_without_encryption_are_refused_by_the_settings_name(setting: str) -> None:
    with pytest.raises(ConfigurationError, match=f"EBAY_{setting.upper()}"):
        make_adapter("ebay", make_account(**{setting: "http://api.example.test"}))
