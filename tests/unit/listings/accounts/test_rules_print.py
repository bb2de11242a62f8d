"""The print of an account's rules tells whether its listings have to be planned anew."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from consumer.listings.accounts import Account
from consumer.listings.accounts.channel_settings import open_settings
from consumer.listings.accounts.opening import account_of
from tests.planted import plant
from tests.unit.listings.accounts.making import make_account_document, make_data, with_setting


def made(secret: str = "", settings: dict[str, Any] | None = None, **changes: Any) -> Account:
    document = make_account_document(**changes)
    credentials = {"api_secret": SecretStr(secret)} if secret else {}
    return account_of(document, open_settings("ebay", settings or make_data()["settings"], credentials))


@pytest.mark.parametrize(
    "changes",
    [
        {"price": {"basis": "sale"}},
        {"languages": ["en"]},
        {"text_language": "en"},
        {"categories": {"map": {"1": "2"}}},
        {"content": {"condition": "USED"}},
        {"stock": {"buffer": 2}},
        {"selection": {"in_stock": True}},
        {"settings": with_setting("payment_policy_id", "9")},
    ],
)
def test_what_changes_plans_changes_it(changes: dict[str, Any]) -> None:
    assert made(**changes).rules_print != made().rules_print


def test_nothing_else_does() -> None:
    others = [
        made(mode="live"),
        made(brakes={"price_change": None}),
        made(limits=[{"amount": 1, "period": 1}]),
        made(plant("print")),
        replace(made(), name="other"),
    ]
    assert {other.rules_print for other in others} == {made().rules_print}


@pytest.mark.timeout(60)  # a Python that imports everything, on a busy machine
def test_it_is_the_same_in_every_process() -> None:
    """Sets come in another order in each."""
    program = "from tests.unit.listings.accounts.test_rules_print import with_set; print(with_set().rules_print)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == with_set().rules_print


def with_set() -> Account:
    return made(content={"rules": [{"target": "mpn", "set": "x", "categories": list("abcdefgh")}]})
