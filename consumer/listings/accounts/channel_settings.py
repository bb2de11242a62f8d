"""The part of an account that only its channel understands, checked and read by the channel's own model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from adapters.credentials import Lifetime, credential_fields
from adapters.errors import ConfigurationError
from adapters.registry import Channel, find_channel
from consumer.listings.accounts.errors import AccountError
from consumer.listings.accounts.wording import in_words
from consumer.listings.rules.variations import Variations

_NONE_YET = SecretStr("")


def check_settings(channel: str, settings: Mapping[str, Any]) -> None:
    """Raises AccountError for a channel there is not, for what it cannot use, for what is missing, and for
    credentials, which do not belong there. The message names each field and the cure."""
    kind = _channel(channel)
    secret = [name for name in credential_fields(kind.settings) if name in settings]
    if secret:
        raise AccountError(
            f"settings.{secret[0]} is a credential: it is stored encrypted, with `marketsync credentials set`. Take it"
            " out of settings"
        )
    open_settings(channel, settings, {})
    missing = [name for name in kind.required if not settings.get(name)]
    if missing:
        fields = kind.settings.model_fields
        words = "; ".join(f"settings.{name} is missing: {fields[name].description or name}" for name in missing)
        raise AccountError(words)


def open_settings(channel: str, settings: Mapping[str, Any], credentials: Mapping[str, SecretStr]) -> BaseModel:
    """The channel's settings object. A credential that is not there yet is blank in it. Raises AccountError."""
    kind = _channel(channel)
    blank = {
        name: _NONE_YET for name in credential_fields(kind.settings) if kind.settings.model_fields[name].is_required()
    }
    known = {name: secret for name, secret in credentials.items() if name in kind.settings.model_fields}
    try:
        return kind.settings.model_validate({**settings, **blank, **known})
    except ValidationError as error:
        raise AccountError(in_words(error, kind.settings, "settings")) from None


def sold_as(channel: str, variations: Variations) -> Variations:
    """With the channel's own way of selling variants where the account names none. Raises AccountError for a channel
    that cannot do what is asked."""
    can = _channel(channel).variations
    if variations.sell == "group" and not can:
        raise AccountError(
            f"variations.sell is group, and {channel} sells every variant as a listing: set it to single"
        )
    return variations.model_copy(update={"sell": variations.sell or ("group" if can else "single")})


def missing_credentials(channel: str, given: Mapping[str, Any]) -> list[str]:
    """What the account needs to sign in beside these credentials, in words. Raises AccountError."""
    return _channel(channel).missing_credentials(given)


def credentials_of(channel: str) -> Mapping[str, Lifetime | None]:
    """The credentials that accounts of a channel may have, and how long each works. Raises AccountError."""
    return credential_fields(_channel(channel).settings)


def _channel(name: str) -> Channel:
    try:
        return find_channel(name)
    except ConfigurationError as error:
        raise AccountError(f"channel: {error.message}") from None
