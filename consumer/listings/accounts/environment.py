"""Accounts from variables, for an install of one tenant that keeps no account documents.

A channel's variables carry the names of its settings: what is required, its own model and the registry say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr, ValidationError

from adapters.errors import ConfigurationError
from adapters.model import Operation
from adapters.rate_limits import Cost, Limit
from consumer.errors import SettingsError
from consumer.listings.accounts.account import Account
from consumer.listings.accounts.channel_settings import sold_as
from consumer.listings.brakes import NO_BRAKES, Brakes
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.variations import Variations
from consumer.settings import SellingSettings, Settings, SyncSettings

if TYPE_CHECKING:
    from adapters.registry import Channel

DEFAULT_ACCOUNT = "default"


def channels_in_environment(settings: Settings) -> list[str]:
    """The channels that are enabled by variables."""
    return sorted(channel for channel, given in settings.selling.items() if given.enabled)


def accounts_from_environment(settings: Settings, channel: str) -> list[Account]:
    """The accounts of a channel that the variables describe: one named "default", of one tenant; none if not enabled.

    One seller for several tenants would be wrong: products of equal SKU would overwrite each other on the channel.
    Raises SettingsError naming every variable that is missing or unusable, and what belongs there.
    """
    if channel not in channels_in_environment(settings):
        return []
    given = settings.selling[channel]
    tenant = _selling_tenant(_variable(given, "tenant"), given.tenant, settings.place.tenants)
    own = _channel_settings(given)
    if given.price_basis is None:  # checked with the others; the type does not know
        raise SettingsError(f"{_variable(given, 'price_basis')} is missing: retail, sale or list")
    account = Account(
        tenant=tenant,
        channel=channel,
        name=DEFAULT_ACCOUNT,
        price=PriceRules(basis=given.price_basis, vat_included=given.vat_included),
        mode=given.mode,
        languages=given.languages,
        content=Content(condition=given.condition),
        categories=Categories(map=given.categories),
        brakes=Brakes() if given.brakes == "on" else NO_BRAKES,
        limits=_own_limits(settings.sync),
        settings=own,
        variations=sold_as(channel, Variations()),
    )
    return [account]


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


def _channel_settings(given: SellingSettings) -> BaseModel:
    """The channel's own settings object. Raises SettingsError."""
    # Here and not above: planning needs accounts, but no channel's code.
    from adapters.registry import find_channel

    try:
        channel = find_channel(given.channel)
    except ConfigurationError as error:
        raise SettingsError(f"{_variable(given, 'enabled')}: {error.message}") from None
    values = {name: getattr(given, name) for name in _own_names(given) if not _is_blank(getattr(given, name))}
    missing = [*_missing(given, channel, values), *_missing_basis(given)]
    if missing:
        off = _variable(given, "enabled")
        raise SettingsError(f"{given.title} is enabled but not set up; set {', '.join(missing)}, or {off}=false")
    try:
        return channel.settings.model_validate(values)
    except ValidationError as error:
        # Without the values: one of them may be a secret.
        wrong = error.errors(include_input=False, include_url=False)
        raise SettingsError(
            "; ".join(f"{_variable(given, _path(found))}: {_words(found)}" for found in wrong)
        ) from None


def _own_names(given: SellingSettings) -> list[str]:
    """The variables that are settings of the channel, not of every account."""
    return [name for name in type(given).model_fields if name not in SellingSettings.model_fields]


def _missing(given: SellingSettings, channel: Channel, values: Mapping[str, Any]) -> list[str]:
    """Variables without which nobody can sell or sign in, each with its meaning. A group needs one of its own."""
    demanded = [(name,) for name, field in channel.settings.model_fields.items() if field.is_required()]
    groups = dict.fromkeys([*demanded, *channel.sign_in, *((name,) for name in channel.required)])
    lacking = [group for group in groups if not any(name in values for name in group)]
    return [" or ".join(_with_meaning(given, name) for name in group) for group in lacking]


def _missing_basis(given: SellingSettings) -> list[str]:
    return [] if given.price_basis else [f"{_variable(given, 'price_basis')} (which PIM price: retail, sale or list)"]


def _with_meaning(given: SellingSettings, name: str) -> str:
    field = type(given).model_fields.get(name)
    meaning = (field.description or "").rstrip(".") if field else ""
    return f"{_variable(given, name)} ({meaning})" if meaning else _variable(given, name)


def _variable(given: SellingSettings, name: str) -> str:
    return f"{given.model_config.get('env_prefix', '')}{name}".upper()


def _is_blank(value: object) -> bool:
    """Nothing is said: the channel's own default counts."""
    return (value.get_secret_value() if isinstance(value, SecretStr) else value) in (None, "", (), {})


def _path(found: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in found["loc"])


def _words(found: Mapping[str, Any]) -> str:
    return str(found["msg"]).removeprefix("Value error, ")
