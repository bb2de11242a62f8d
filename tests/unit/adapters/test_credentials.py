"""Which settings of a channel are credentials, and how long they work."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, SecretStr

from adapters.credentials import Lifetime, credential_fields
from adapters.ebay import EbayAccount
from adapters.registry import CHANNELS

_DAY = Lifetime(86_400, "a page")


class Account(BaseModel):
    name: str
    key: SecretStr
    token: Annotated[SecretStr, _DAY] = SecretStr("")
    second: SecretStr | None = None
    third: Annotated[SecretStr | None, _DAY] = None


def test_every_secret_is_a_credential_and_nothing_else() -> None:
    assert credential_fields(Account) == {"key": None, "token": _DAY, "second": None, "third": _DAY}


def test_ebay_says_how_long_its_tokens_live() -> None:
    fields = credential_fields(EbayAccount)
    assert {name: life and life.seconds for name, life in fields.items()} == {
        "api_secret": None,
        "refresh_token": 47_304_000,
        "access_token": 7200,
    }


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_signs_in_is_a_credential(channel: str) -> None:
    known = CHANNELS[channel]
    assert {name for group in known.sign_in for name in group} <= credential_fields(known.settings).keys()
