"""An account's document is checked whole; every complaint names the field and the cure, and no complaint the value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.model import Operation
from consumer.listings.accounts.channel_settings import check_settings, missing_credentials, open_settings
from consumer.listings.accounts.document import read_account
from consumer.listings.accounts.errors import AccountError
from tests.planted import plant
from tests.unit.listings.accounts.making import ID, make_account_document, make_data, with_setting

CONTENT_RULES = [
    {"target": "mpn", "set": "x", "categories": ["2", "1"]},
    {"target": "title", "copy": ["name"], "when": {"all": [{"field": "brand", "is": "Bosch"}]}},
    {"target": "title", "truncate": 80},
    {"target": "attributes.Color", "drop": True},
]


def test_whatever_has_a_safe_default_may_be_left_out() -> None:
    document = make_account_document()
    assert document.id == ID
    assert document.mode == "off"
    assert document.languages == ("it", "en")
    assert document.brakes.price_change == 50
    check_settings(document.channel, document.settings)


def test_its_data_is_plain_and_reads_back_to_the_same() -> None:
    document = make_account_document(
        selection={"brands": {"include": ["Z", "A"]}},
        content={"rules": CONTENT_RULES},
        limits=[{"amount": 5, "period": 60}],
        mode="live",
    )
    data = json.loads(json.dumps(document.data()))
    assert read_account(data) == document


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"price": ...}, r"^price is missing: .*at least `basis`"),
        ({"price": {}}, r"^price\.basis is missing: Which PIM price is sold"),
        ({"price": {"basis": "cost"}}, r"^price\.basis: Input should be 'retail', 'sale' or 'list'"),
        ({"prise": {}}, r"^prise is not known: did you mean price\?"),
        ({"price": {"basis": "sale", "basiss": 1}}, r"^price\.basiss is not known: did you mean basis\?"),
        ({"brakes": {"zzz": 1}}, r"^brakes\.zzz is not known: take it out; there are window, "),
        ({"mode": "on"}, r"^mode: Input should be 'off', 'dry-run' or 'live'"),
        ({"tenant": "a/b"}, r"^tenant: .*pattern"),
        ({"account": ""}, r"^account: "),
        ({"languages": []}, r"^languages: .*at least 1"),
        ({"languages": ["it", "italian"]}, r"^languages\.1: "),
        ({"limits": [{"amount": 0, "period": 60}]}, r"^limits\.0\.amount: .*greater than or equal to 1 \(How many"),
        ({"limits": [{"amount": 1, "period": 60}] * 2}, r"^limits: two limits have the same name"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AccountError, match=complaint):
        make_account_document(**changes)


def test_every_complaint_is_told_and_no_value() -> None:
    with pytest.raises(AccountError) as caught:
        make_account_document(mode=plant("mode"), price={"basis": plant("basis")}, other=plant("other"))
    words = str(caught.value)
    assert all(name in words for name in ("mode: ", "price.basis: ", "other is not known"))
    assert "planted" not in words


def test_a_limit_of_the_seller_is_kept_as_one_of_the_channel() -> None:
    document = make_account_document(
        limits=[{"amount": 500, "period": 3600}, {"name": "calls", "amount": 9, "period": 1, "counts": "calls"}]
    )
    listings, calls = (limit.limit() for limit in document.limits)
    assert (listings.name, listings.amount, listings.period) == ("own", 500, 3600)
    assert listings.costs[Operation.CREATE].of(7) == 7
    assert calls.costs[Operation.CREATE].of(7) == 1


# The channel's own part


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (with_setting("app_id", ...), r"^settings\.app_id is missing: Client id"),
        (with_setting("payment_policy_id", ...), r"^settings\.payment_policy_id is missing: Business policy for pay"),
        (with_setting("payment_policy_id", ""), r"^settings\.payment_policy_id is missing"),
        (with_setting("marketplace_id", "IT"), r"^settings\.marketplace_id: .*pattern"),
        (with_setting("marketplace_id", "EBAY_SG"), r"^settings\.locale: is needed"),
        (with_setting("locales", "it-IT"), r"^settings\.locales is not known: did you mean locale\?"),
        (with_setting("refresh_token", plant("misplaced")), r"^settings\.refresh_token is a credential"),
    ],
)
def test_settings_are_checked_by_the_channel(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AccountError, match=complaint) as caught:
        check_settings("ebay", settings)
    assert "planted" not in str(caught.value)


def test_a_channel_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(AccountError, match=r"channel: There is no channel 'etsy'; there are: .*ebay"):
        check_settings("etsy", {})


def test_settings_open_without_credentials_but_blank() -> None:
    settings: Any = open_settings("ebay", make_data()["settings"], {})
    assert settings.api_secret.get_secret_value() == ""
    assert missing_credentials("ebay", {}) == ["api_secret", "refresh_token or access_token"]
    assert missing_credentials("ebay", {"api_secret": 1, "refresh_token": 1}) == []


def test_the_environment_of_a_channel_decides_its_hosts() -> None:
    settings: Any = open_settings("ebay", with_setting("environment", "sandbox"), {})
    assert settings.api_url == "https://api.sandbox.ebay.com"
    own: Any = open_settings("ebay", with_setting("api_url", "http://127.0.0.1:9/"), {})
    assert own.api_url == "http://127.0.0.1:9"
    with pytest.raises(AccountError, match=r"^settings\.environment: "):
        open_settings("ebay", with_setting("environment", "test"), {})
