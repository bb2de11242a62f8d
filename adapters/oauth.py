"""Access tokens of one account: kept in memory, renewed before they end, one renewal at a time.

Grants: refresh_token (RFC 6749 §6), and client_credentials (§4.4) for tokens of the application itself, which is proven
by HTTP Basic authentication or in the body. Sources for eBay's behaviour: OAuth pages of developer.ebay.com (a token
lives 7200 s, the refresh token 18 months and does not rotate); for Login with Amazon, which wants the body: "Connecting
to the Selling Partner API" (a token lives 3600 s).
Tokens never leave this module in a repr, a log line or an error.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    RateLimitedError,
)
from adapters.exchange import Answer, Request
from adapters.http import HttpClient

_MARGIN = 300.0  # seconds before its end that a token is renewed, as eBay's own client does
_UNSTATED_LIFETIME = 600.0  # for an answer that does not say how long its token lives
_OUR_FAULT = frozenset({"invalid_scope", "invalid_request", "unsupported_grant_type"})
_FORM = "application/x-www-form-urlencoded"
_PASSING = frozenset({"server_error", "temporarily_unavailable"})  # RFC 6749 §4.1.2.1; Amazon says them with 4xx too


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an account proves itself with. Empty text means: not set.

    access_token: a ready token, used only when there is no refresh token. cure: what a person has to do when
    the channel refuses them, ends in a full stop. in_body: the application's id and secret go into the form, not into
    HTTP Basic authentication. scope: what tokens of the application itself are asked for, without a seller (grant
    client_credentials); the two tokens then stay empty.
    """

    token_url: str
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    access_token: SecretStr
    cure: str = "Ask the seller for consent again."
    in_body: bool = False
    scope: str = ""

    @property
    def renewable(self) -> bool:
        """Whether a token can be had with them at any time."""
        return bool(self.scope or self.refresh_token.get_secret_value())


@dataclass(frozen=True, slots=True)
class _Token:
    value: SecretStr
    expires: float

    def lasts(self, now: float) -> bool:
        return now < self.expires


class TokenSource:
    """Hands out the account's access token. Safe for many tasks of one event loop. clock: monotonic seconds."""

    def __init__(
        self, http: HttpClient, credentials: Credentials, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._clock = clock
        self._refresh_token = credentials.refresh_token
        self._held: _Token | AdapterError | None = None  # what the last renewal brought
        self._lock = asyncio.Lock()
        self._renewals = 0

    async def token(self) -> SecretStr:
        """A token that should work now.

        Raises AuthenticationError when the credential is dead or missing, ConfigurationError when the token address
        or the application is wrong, TemporaryError when the token could not be had this time.
        """
        if not self._credentials.renewable:
            return self._ready_token()
        if isinstance(self._held, _Token) and self._held.lasts(self._clock()):
            return self._held.value
        return await self._renewed()

    async def renew(self, refused: SecretStr) -> SecretStr:
        """A token other than the one the channel has just refused. Raises like `token`."""
        if not self._credentials.renewable:
            raise AuthenticationError(
                f"The access token was refused and there is no refresh token to renew it. {self._credentials.cure}"
            )
        if isinstance(self._held, _Token) and self._held.value != refused:
            return self._held.value
        return await self._renewed()

    def _ready_token(self) -> SecretStr:
        if not self._credentials.access_token.get_secret_value():
            raise AuthenticationError(f"There is neither a refresh token nor an access token. {self._credentials.cure}")
        return self._credentials.access_token

    async def _renewed(self) -> SecretStr:
        """Whoever waited while another task renewed shares its result, failures too: no storm on the address."""
        seen = self._renewals
        async with self._lock:
            if self._renewals == seen or self._held is None:
                try:
                    self._held = await self._request()
                except AdapterError as error:
                    self._held = error
                self._renewals += 1
            held = self._held
        if isinstance(held, AdapterError):
            raise copy(held)
        return held.value

    async def _request(self) -> _Token:
        credentials = self._credentials
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token.get_secret_value()}
        if credentials.scope:
            form = {"grant_type": "client_credentials", "scope": credentials.scope}
        if credentials.in_body:
            form |= {"client_id": credentials.client_id, "client_secret": credentials.client_secret.get_secret_value()}
        asked = self._clock()
        answer = await self._http.send(
            Request(
                "POST",
                credentials.token_url,
                headers={"Content-Type": _FORM, "Accept": "application/json"},
                body=urlencode(form).encode(),
                authorization=None if credentials.in_body else _basic(credentials),
                secrets=(credentials.client_secret, self._refresh_token),
                harmless=True,
            )
        )
        if answer.status != 200:
            raise self._refusal(answer)
        return self._token_of(answer, asked)

    def _token_of(self, answer: Answer, asked: float) -> _Token:
        body = answer.json()
        value = body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(value, str) or not value:
            raise ChannelUnavailableError("The token address answered without a token", status=answer.status)
        if isinstance(rotated := body.get("refresh_token"), str) and rotated:
            self._refresh_token = SecretStr(rotated)  # only what was really sent: eBay sends none and keeps the old one
        stated = body.get("expires_in")
        lifetime = float(stated) if isinstance(stated, int | float) and stated > 0 else _UNSTATED_LIFETIME
        return _Token(SecretStr(value), asked + lifetime - min(_MARGIN, lifetime / 2))

    def _refusal(self, answer: Answer) -> AdapterError:
        code, words = _error_of(answer)
        said = f"The channel refused to renew the access token: {answer.quote(words) or f'status {answer.status}'}"
        if answer.status == 429:
            return RateLimitedError(said, delay=answer.retry_after, code=code, status=429)
        if answer.status >= 500 or answer.status == 408 or code in _PASSING:
            return ChannelUnavailableError(said, delay=answer.retry_after, code=code, status=answer.status)
        if code in _OUR_FAULT or answer.status in (404, 405) or answer.status < 400:
            cure = "Check the token address and the application."
            return ConfigurationError(f"{said}. {cure}", code=code, status=answer.status)
        return AuthenticationError(f"{said}. {self._credentials.cure}", code=code, status=answer.status)


def _basic(credentials: Credentials) -> SecretStr:
    pair = f"{credentials.client_id}:{credentials.client_secret.get_secret_value()}".encode()
    return SecretStr("Basic " + base64.b64encode(pair).decode())


def _error_of(answer: Answer) -> tuple[str | None, str]:
    """Code and words, from OAuth's own shape or from the `errors` list that eBay's gateway puts in its place."""
    body: Any = answer.json()
    if not isinstance(body, Mapping):
        return None, answer.excerpt
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        first = errors[0]
        return str(first.get("errorId", "")) or None, str(first.get("longMessage") or first.get("message") or "")
    code = body.get("error")
    words = body.get("error_description")
    return (str(code) if code else None), ": ".join(str(part) for part in (code, words) if part)
