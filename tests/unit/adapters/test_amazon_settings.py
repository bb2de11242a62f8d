"""An Amazon account's settings: marketplaces, regions, sellers, feeds that Amazon has removed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.amazon.marketplaces import MARKETPLACES
from adapters.amazon.quotas import limits_of
from adapters.amazon.settings import REMOVED_FEEDS
from adapters.errors import ConfigurationError
from adapters.model import Operation
from adapters.registry import make_adapter
from tests.unit.adapters.amazon_wire import ITALY, make_amazon_account


@pytest.mark.parametrize(
    ("marketplace", "environment", "host"),
    [
        (ITALY, "production", "https://sellingpartnerapi-eu.amazon.com"),
        ("ATVPDKIKX0DER", "production", "https://sellingpartnerapi-na.amazon.com"),
        ("A1VC38T7YXB528", "production", "https://sellingpartnerapi-fe.amazon.com"),
        (ITALY, "sandbox", "https://sandbox.sellingpartnerapi-eu.amazon.com"),
    ],
)
def test_the_host_is_the_marketplaces_region(marketplace: str, environment: str, host: str) -> None:
    own = make_amazon_account().model_dump(exclude={"api_url", "locale"})
    account = type(make_amazon_account())(**{**own, "marketplace_id": marketplace, "environment": environment})
    assert account.api_url == host


def test_amazons_own_shop_is_no_marketplace_and_the_right_id_is_named() -> None:
    with pytest.raises(ValidationError, match=r"A11IL2PNWYJU7H is the number of Amazon\.it's own shop.*APJ6JRA9NG5V4"):
        make_amazon_account(marketplace_id="A11IL2PNWYJU7H")


def test_an_unknown_marketplace_is_told_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match=r"'A123' is no marketplace.*Italy APJ6JRA9NG5V4"):
        make_amazon_account(marketplace_id="A123")


@pytest.mark.parametrize(
    ("seller", "words"),
    [
        (ITALY, "is a marketplace"),
        ("A11IL2PNWYJU7H", "Amazon's own shop"),
        ("my shop", "is no seller id"),
        ("a2example1sell", "is no seller id"),
    ],
)
def test_what_is_no_seller_is_refused(seller: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make_amazon_account(merchant_id=seller)


@pytest.mark.parametrize("feed", sorted(REMOVED_FEEDS))
def test_removed_feeds_are_refused_by_name_with_the_reason(feed: str) -> None:
    with pytest.raises(ValidationError, match=f"{feed} was removed by Amazon on 2025-07-31"):
        make_amazon_account(feed_type=feed)


def test_a_language_may_be_written_either_way() -> None:
    assert make_amazon_account(locale="fr-BE").locale == "fr_BE"
    assert make_amazon_account().locale == "it_IT"


@pytest.mark.parametrize("setting", ["api_url", "token_url"])
def test_addresses_without_encryption_are_for_this_machine_only(setting: str) -> None:
    adapter = make_adapter("amazon", make_amazon_account(**{setting: "http://127.0.0.1:8702"}))
    assert adapter.channel == "amazon"
    with pytest.raises(ConfigurationError, match=f"AMAZON_{setting.upper()}"):
        make_adapter("amazon", make_amazon_account(**{setting: "http://api.example.test"}))


def test_no_secret_shows() -> None:
    shown = repr(make_amazon_account())
    assert "the-secret" not in shown
    assert "the-refresh-token" not in shown


def test_every_marketplace_has_a_language_and_a_currency_of_its_own() -> None:
    assert len(MARKETPLACES) == 23
    for place in MARKETPLACES.values():
        assert len(place.locale) == 5
        assert len(place.currency) == 3


def _amounts(rates: dict[str, float], **changes: Any) -> dict[str, tuple[int, float]]:
    return {limit.name: (limit.amount, limit.period) for limit in limits_of(make_amazon_account(**changes), rates)}


def test_what_amazon_says_of_a_rate_counts_more_than_its_documents() -> None:
    assert _amounts({})["patchListingsItem"] == (5, 1.0)
    assert _amounts({"patchListingsItem": 20.0})["patchListingsItem"] == (20, 1.0)
    assert _amounts({"patchListingsItem": 0.5})["patchListingsItem"] == (1, 2.0)
    assert _amounts({"searchListingsItems": 1.0})["searchListingsItems"] == (2, 2.0)


def test_accounts_of_one_seller_and_application_share_what_amazon_counts_together() -> None:
    def owners(**changes: Any) -> set[str]:
        return {limit.owner for limit in limits_of(make_amazon_account(**changes), {})}

    assert owners() == owners(marketplace_id="A1PA6795UKMFR9")
    assert owners() != owners(merchant_id="A2OTHERSELLER1")


def test_every_operation_is_counted() -> None:
    counted = {operation for limit in limits_of(make_amazon_account(), {}) for operation in limit.costs}
    assert counted == set(Operation)
