"""The variables of a single-tenant install become accounts, or say in words what is missing."""

from __future__ import annotations

import pytest

from adapters.ebay import EbayAccount
from adapters.model import Operation
from adapters.registry import CHANNELS
from consumer.errors import SettingsError
from consumer.listings.accounts.channel_settings import open_settings
from consumer.listings.accounts.environment import accounts_from_environment, channels_in_environment
from consumer.listings.accounts.opening import account_of
from consumer.listings.accounts.transfer import data_of
from consumer.settings import SELLING, SellingSettings, load_settings
from tests.planted import plant, shown_in

COMPLETE = {
    "MARKETSYNC_TENANTS": "shop",
    "EBAY_ENABLED": "true",
    "EBAY_APP_ID": "app",
    "EBAY_API_SECRET": plant("secret"),
    "EBAY_REFRESH_TOKEN": plant("token"),
    "EBAY_FULFILLMENT_POLICY_ID": "1",
    "EBAY_PAYMENT_POLICY_ID": "2",
    "EBAY_RETURN_POLICY_ID": "3",
    "EBAY_MERCHANT_LOCATION_KEY": "warehouse",
    "EBAY_PRICE_BASIS": "sale",
    "EBAY_CATEGORIES": '{"cat-1": "9355"}',
}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_one_account(variables: pytest.MonkeyPatch) -> None:
    (first,) = accounts_from_environment(load_settings(), "ebay")
    assert (first.tenant, first.channel, first.name, first.mode) == ("shop", "ebay", "default", "live")
    assert (first.price.basis, first.categories.map) == ("sale", {"cat-1": "9355"})
    assert first.listing_id("A/1") == "ebay/default/shop/A/1"
    assert isinstance(first.settings, EbayAccount)
    assert first.settings.api_url == "https://api.ebay.com"
    assert "planted" not in repr(first)


def test_one_seller_is_never_shared_by_tenants(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("MARKETSYNC_TENANTS", "shop,other")
    with pytest.raises(SettingsError, match=r"^EBAY_TENANT is missing: 2 tenants are watched"):
        accounts_from_environment(load_settings(), "ebay")
    variables.setenv("EBAY_TENANT", "other")
    assert [account.tenant for account in accounts_from_environment(load_settings(), "ebay")] == ["other"]


def test_a_tenant_that_nobody_watches_cannot_sell(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("EBAY_TENANT", "shpo")
    with pytest.raises(SettingsError, match=r"^EBAY_TENANT: shpo is not among MARKETSYNC_TENANTS"):
        accounts_from_environment(load_settings(), "ebay")


def test_tenants_that_are_not_named_here_may_sell(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("MARKETSYNC_TENANTS")
    variables.setenv("EBAY_TENANT", "shop")
    assert [account.tenant for account in accounts_from_environment(load_settings(), "ebay")] == ["shop"]


def test_a_marketplace_we_know_nothing_of_needs_a_locale(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("EBAY_MARKETPLACE_ID", "EBAY_SG")
    with pytest.raises(SettingsError, match=r"^EBAY_LOCALE: is needed"):
        accounts_from_environment(load_settings(), "ebay")
    variables.setenv("EBAY_LOCALE", "english")
    with pytest.raises(SettingsError, match=r"^EBAY_LOCALE: "):
        accounts_from_environment(load_settings(), "ebay")
    variables.setenv("EBAY_LOCALE", "en_SG")
    assert accounts_from_environment(load_settings(), "ebay")[0].settings.locale == "en-SG"


def test_dry_run_sandbox_and_own_hosts(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("EBAY_MODE", "dry-run")
    variables.setenv("EBAY_ENVIRONMENT", "sandbox")
    variables.setenv("EBAY_TOKEN_URL", "http://127.0.0.1:9/token")
    account = accounts_from_environment(load_settings(), "ebay")[0]
    assert account.mode == "dry-run"
    assert account.settings.api_url == "https://api.sandbox.ebay.com"
    assert account.settings.token_url == "http://127.0.0.1:9/token"


def test_no_channel_no_account(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("EBAY_ENABLED", "false")
    assert accounts_from_environment(load_settings(), "ebay") == []


@pytest.mark.parametrize("name", [name for name in COMPLETE if name not in ("EBAY_ENABLED", "EBAY_CATEGORIES")])
def test_what_is_missing_is_named_and_no_secret_is_told(variables: pytest.MonkeyPatch, name: str) -> None:
    variables.delenv(name)
    with pytest.raises(SettingsError, match=name) as caught:
        accounts_from_environment(load_settings(), "ebay")
    assert "planted" not in str(caught.value)


def test_an_access_token_will_do_without_refresh_token(variables: pytest.MonkeyPatch) -> None:
    variables.delenv("EBAY_REFRESH_TOKEN")
    variables.setenv("EBAY_ACCESS_TOKEN", plant("access"))
    assert accounts_from_environment(load_settings(), "ebay")


def test_what_the_channel_cannot_use_is_named(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("EBAY_MARKETPLACE_ID", "IT")
    with pytest.raises(SettingsError, match="EBAY_MARKETPLACE_ID") as caught:
        accounts_from_environment(load_settings(), "ebay")
    assert "planted" not in str(caught.value)


def test_the_old_queues_limit_counts_listings_of_all_processes_and_only_where_it_is_set(
    variables: pytest.MonkeyPatch,
) -> None:
    assert accounts_from_environment(load_settings(), "ebay")[0].limits == ()
    variables.setenv("SYNC_RATE_LIMIT_MAX", "10")
    (limit,) = accounts_from_environment(load_settings(), "ebay")[0].limits
    assert (limit.amount, limit.period, limit.costs[Operation.CREATE].of(7)) == (10, 60, 7)
    variables.setenv("SYNC_RATE_LIMIT_DURATION_MS", "1000")
    assert accounts_from_environment(load_settings(), "ebay")[0].limits[0].period == 1


def test_variables_describe_only_their_own_channel(variables: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert channels_in_environment(settings) == ["ebay"]
    assert accounts_from_environment(settings, "amazon") == []


def test_an_account_of_variables_becomes_data_without_its_credentials(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("SYNC_RATE_LIMIT_MAX", "10")
    (account,) = accounts_from_environment(load_settings(), "ebay")
    document, credentials = data_of(account)
    assert shown_in(str(document.data())) is None
    assert sorted(credentials) == ["api_secret", "refresh_token"]
    again = account_of(document, open_settings("ebay", document.settings, credentials))
    assert again == account
    assert again.rules_print == account.rules_print


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_the_variables_of_a_channel_are_its_settings(channel: str) -> None:
    """A variable that its model does not know, or a required setting without variable, could never make an account."""
    kind, variables = CHANNELS[channel], {group.channel: group for group in SELLING}[channel]
    own = set(variables.model_fields) - set(SellingSettings.model_fields)
    assert own <= set(kind.settings.model_fields)
    required = {name for name, field in kind.settings.model_fields.items() if field.is_required()}
    assert required | set(kind.required) | {name for group in kind.sign_in for name in group} <= own


def test_everything_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETSYNC_TENANTS", "shop")
    monkeypatch.setenv("EBAY_ENABLED", "true")
    with pytest.raises(SettingsError, match="eBay is enabled but not set up") as caught:
        accounts_from_environment(load_settings(), "ebay")
    needed = [name for name in COMPLETE if name.startswith("EBAY_") and name not in ("EBAY_ENABLED", "EBAY_CATEGORIES")]
    assert [name for name in needed if name not in str(caught.value)] == []
    assert "EBAY_ENABLED=false" in str(caught.value)


SELLS = {
    "AMAZON": {
        "APP_ID": "app",
        "API_SECRET": plant("secret"),
        "REFRESH_TOKEN": plant("token"),
        "MERCHANT_ID": "A2EXAMPLE1SELL",
    },
    "MANOMANO": {
        "API_KEY": plant("key"),
        "SELLER_CONTRACT_ID": "1234",
        "CARRIER_GRIDS": '[{"name": "Standard", "shipping_time_min": 3, "shipping_time_max": 5}]',
    },
    "TROVAPREZZI": {
        "LINK": "https://shop.example/p/{sku}",
        "FEED_URL": "https://shop.example/feed.xml",
        "SHIPPING": '{"free_from": "99", "otherwise": "5.90"}',
    },
}


@pytest.fixture(params=list(SELLS))
def enabled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One channel with what it needs; its prefix."""
    prefix: str = request.param
    monkeypatch.setenv("MARKETSYNC_TENANTS", "shop")
    for name, value in {**SELLS[prefix], "ENABLED": "true", "PRICE_BASIS": "retail"}.items():
        monkeypatch.setenv(f"{prefix}_{name}", value)
    return prefix


def test_every_channel_sells_by_variables(enabled: str) -> None:
    (account,) = accounts_from_environment(load_settings(), enabled.lower())
    assert (account.channel, account.tenant, account.mode) == (enabled.lower(), "shop", "live")
    assert shown_in(repr(account)) is None


def test_without_any_of_it_the_message_names_all_of_it(enabled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = [name for name in SELLS[enabled] if name not in ("FEED_URL", "SHIPPING")]
    for name in needed:
        monkeypatch.delenv(f"{enabled}_{name}")
    with pytest.raises(SettingsError, match="is enabled but not set up") as caught:
        accounts_from_environment(load_settings(), enabled.lower())
    assert [name for name in needed if f"{enabled}_{name}" not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AMAZON_MARKETPLACE_ID", "A11IL2PNWYJU7H", "APJ6JRA9NG5V4"),
        ("MANOMANO_API_URL", "https://api.manomano.com/v1", "partnersapi.manomano.com"),
        ("MANOMANO_CARRIER_GRIDS", "[{", "must be JSON"),
    ],
)
def test_wrong_values_that_are_often_found_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    prefix = name.partition("_")[0]
    monkeypatch.setenv("MARKETSYNC_TENANTS", "shop")
    for each, given in {**SELLS[prefix], "ENABLED": "true", "PRICE_BASIS": "retail"}.items():
        monkeypatch.setenv(f"{prefix}_{each}", given)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        accounts_from_environment(load_settings(), prefix.lower())
    assert words in str(caught.value)
