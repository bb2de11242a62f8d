"""Accounts as data, to start from. Tests say what differs."""

from __future__ import annotations

from typing import Any

from consumer.listings.accounts.document import AccountDocument, read_account
from tests.planted import plant

SECRETS = {"api_secret": plant("account-secret"), "refresh_token": plant("account-refresh")}
ID = "shop/ebay/it"


def make_data(**changes: Any) -> dict[str, Any]:
    """The least that an eBay account needs. A field set to `...` is left out."""
    data: dict[str, Any] = {
        "tenant": "shop",
        "channel": "ebay",
        "account": "it",
        "settings": {
            "app_id": "app-1",
            "fulfillment_policy_id": "1",
            "payment_policy_id": "2",
            "return_policy_id": "3",
            "merchant_location_key": "warehouse",
        },
        "price": {"basis": "retail"},
    }
    data.update(changes)
    return {name: value for name, value in data.items() if value is not ...}


def make_account_document(**changes: Any) -> AccountDocument:
    return read_account(make_data(**changes))


def with_setting(name: str, value: Any) -> dict[str, Any]:
    """The settings with one of them changed; `...` leaves it out."""
    settings = {**make_data()["settings"], name: value}
    return {known: setting for known, setting in settings.items() if setting is not ...}
