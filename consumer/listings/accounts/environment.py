"""Accounts from variables, for an install of one tenant that keeps no account documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from adapters.model import Operation
from adapters.rate_limits import Cost, Limit
from consumer.errors import SettingsError
from consumer.listings.accounts.account import Account
from consumer.listings.brakes import NO_BRAKES, Brakes
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.prices import PriceRules
from consumer.settings import EbaySettings, Settings, SyncSettings

if TYPE_CHECKING:
    from adapters.ebay.settings import EbayAccount

DEFAULT_ACCOUNT = "default"

_EBAY_REQUIRED = (
    ("app_id", "the client id of your eBay keyset"),
    ("api_secret", "the client secret of your eBay keyset"),
    ("fulfillment_policy_id", "the id of the seller's shipping policy"),
    ("payment_policy_id", "the id of the seller's payment policy"),
    ("return_policy_id", "the id of the seller's return policy"),
    ("merchant_location_key", "the key of the inventory location the goods leave from"),
    ("price_basis", "which PIM price is sold: retail, sale or list"),
)


def channels_in_environment(settings: Settings) -> list[str]:
    """The channels that are enabled by variables."""
    return ["ebay"] if settings.ebay.enabled else []


def accounts_from_environment(settings: Settings, channel: str) -> list[Account]:
    """The accounts of a channel that the variables describe: one named "default", of one tenant; none if not enabled.

    One seller for several tenants would be wrong: products of equal SKU would overwrite each other on the channel.
    Raises SettingsError naming every variable that is missing or unusable, and what belongs there.
    """
    if channel not in channels_in_environment(settings):
        return []
    ebay = settings.ebay
    tenant = _selling_tenant("EBAY_TENANT", ebay.tenant, settings.place.tenants)
    _require_ebay(ebay)
    return [replace(_ebay_for(tenant, ebay, _ebay_account(ebay)), limits=_own_limits(settings.sync))]


def _own_limits(sync: SyncSettings) -> tuple[Limit, ...]:
    """What the variables of the old queue allow: it counted listings, of all processes together."""
    if sync.rate_limit_max is None:
        return ()
    each = dict.fromkeys(Operation, Cost(call=0, listing=1))
    return (Limit("sync", sync.rate_limit_max, sync.rate_limit_duration_ms / 1000, costs=each),)


def _selling_tenant(variable: str, named: str, watched: Sequence[str]) -> str:
    """The tenant whose products an account of the environment sells. watched: empty = they are not named here."""
    if named and named not in watched and watched:
        raise SettingsError(f"{variable}: {named} is not among MARKETSYNC_TENANTS, so nobody watches its products")
    if named:
        return named
    if not watched:
        raise SettingsError(
            f"MARKETSYNC_TENANTS is missing: set it to the tenant whose products are sold, or {variable}"
        )
    if len(watched) > 1:
        raise SettingsError(
            f"{variable} is missing: {len(watched)} tenants are watched, and this account sells the products of one"
            " (equal SKUs of two tenants would overwrite each other). Name that tenant"
        )
    return watched[0]


def _require_ebay(ebay: EbaySettings) -> None:
    missing = [f"EBAY_{name.upper()} ({meaning})" for name, meaning in _EBAY_REQUIRED if not _given(ebay, name)]
    if not (_given(ebay, "refresh_token") or _given(ebay, "access_token")):
        missing.append("EBAY_REFRESH_TOKEN (the seller's refresh token)")
    if missing:
        raise SettingsError(f"eBay is enabled but not set up; set {', '.join(missing)}, or EBAY_ENABLED=false")


def _given(ebay: EbaySettings, name: str) -> bool:
    value = getattr(ebay, name)
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _ebay_account(ebay: EbaySettings) -> EbayAccount:
    # Here and not above: planning needs accounts, but no channel's code.
    from adapters.ebay.settings import EbayAccount

    given = {"api_url": ebay.api_url, "token_url": ebay.token_url, "locale": ebay.locale}
    try:
        return EbayAccount(
            app_id=ebay.app_id,
            api_secret=ebay.api_secret,
            refresh_token=ebay.refresh_token,
            access_token=ebay.access_token,
            environment=ebay.environment,
            marketplace_id=ebay.marketplace_id,
            **{name: value for name, value in given.items() if value},
            fulfillment_policy_id=ebay.fulfillment_policy_id,
            payment_policy_id=ebay.payment_policy_id,
            return_policy_id=ebay.return_policy_id,
            merchant_location_key=ebay.merchant_location_key,
        )
    except ValidationError as error:
        # Without the values: one of them may be a secret.
        wrong = error.errors(include_input=False, include_url=False)
        raise SettingsError("; ".join(f"EBAY_{_path(found)}: {_words(found)}" for found in wrong)) from None


def _path(found: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in found["loc"]).upper()


def _words(found: Mapping[str, Any]) -> str:
    return str(found["msg"]).removeprefix("Value error, ")


def _ebay_for(tenant: str, ebay: EbaySettings, channel_settings: EbayAccount) -> Account:
    if ebay.price_basis is None:  # checked with the others; the type does not know
        raise SettingsError("EBAY_PRICE_BASIS is missing: retail, sale or list")
    return Account(
        tenant=tenant,
        channel="ebay",
        name=DEFAULT_ACCOUNT,
        price=PriceRules(basis=ebay.price_basis, vat_included=ebay.vat_included),
        mode=ebay.mode,
        languages=ebay.languages,
        content=Content(condition=ebay.condition),
        categories=Categories(map=ebay.categories),
        brakes=Brakes() if ebay.brakes == "on" else NO_BRAKES,
        settings=channel_settings,
    )
