"""Adapters by the channel's name."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydantic import SecretStr

from adapters.credentials import credential_fields
from adapters.errors import ConfigurationError
from adapters.manomano import ManomanoAccount
from adapters.registry import CHANNELS, find_channel, make_adapter
from tests.unit.adapters.amazon_wire import make_amazon_account
from tests.unit.adapters.listings import make_account

_ACCOUNTS = {
    "amazon": make_amazon_account(),
    "manomano": ManomanoAccount(api_key=SecretStr("k"), seller_contract_id=110841),
}


@pytest.mark.parametrize("channel", sorted(CHANNELS))
async def test_every_channel_bears_its_name(channel: str) -> None:
    adapter = make_adapter(channel, _ACCOUNTS.get(channel, make_account()))
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


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_what_a_channel_needs_is_among_its_settings(channel: str) -> None:
    kind = CHANNELS[channel]
    credentials = set(credential_fields(kind.settings))
    assert set(kind.required) <= set(kind.settings.model_fields) - credentials
    assert {name for group in kind.sign_in for name in group} <= credentials


def test_of_each_group_of_credentials_one_is_needed() -> None:
    ebay = CHANNELS["ebay"]
    assert ebay.missing_credentials(()) == ["api_secret", "refresh_token or access_token"]
    assert ebay.missing_credentials({"api_secret", "access_token"}) == []


@pytest.mark.parametrize("channel", ["manomano", "trovaprezzi"])
def test_any_file_for_a_channel_that_reads_files_can_be_checked(channel: str) -> None:
    written = find_channel(channel).format
    assert written is not None
    assert list(written.check(BytesIO(b""))), "an empty file is no feed"
