"""The token endpoint and what tokens may do (facts page, section 3): user tokens come from refresh tokens, which
never rotate; application tokens come from client credentials and are good for nothing under /sell."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl

from adapters.sandbox.ebay.errors import refused, vendor_error
from adapters.sandbox.ebay.world import Rules, Seller
from adapters.sandbox.server import Reply, Request

TOKEN_PATH = "/identity/v1/oauth2/token"  # noqa: S105  # a path
_SCOPE = "https://api.ebay.com/oauth/api_scope"
_CONSENT = frozenset(f"{_SCOPE}{part}" for part in ("", "/sell.inventory", "/sell.account", "/sell.fulfillment"))
_DAY = 86_400


@dataclass(slots=True)
class Token:
    """What an access token stands for. seller: None for an application token. expires: seconds since the epoch."""

    seller: Seller | None
    scopes: frozenset[str]
    expires: float


class Tokens:
    """Every access token given out. clock: seconds since the epoch; revoked: is this seller's consent withdrawn?"""

    def __init__(
        self, sellers: Sequence[Seller], rules: Rules, *, clock: Callable[[], float], revoked: Callable[[Seller], bool]
    ) -> None:
        self._sellers = sellers
        self._rules = rules
        self._clock = clock
        self._revoked = revoked
        self._minted: Counter[tuple[str, str, int]] = Counter()
        self._serial = 0
        expires = clock() + rules.token_lifetime
        self._tokens = {s.access_token: Token(s, _CONSENT, expires) for s in sellers if s.access_token}

    def answer(self, request: Request) -> Reply:
        """The reply to a call of the token endpoint."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        client = _basic_credentials(request.headers)
        if client is None or not self._knows_client(client):
            return _oauth_error(401, "invalid_client", "client authentication failed")
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _oauth_error(400, "invalid_request", "the body is not a form")
        grant = form.get("grant_type", "")
        if grant not in ("client_credentials", "refresh_token"):
            return _oauth_error(400, "unsupported_grant_type", "grant type in request is not supported")
        if self._minted_too_often(client[0], grant):
            return Reply(429, {"errors": [vendor_error(2001)]})
        if grant == "client_credentials":
            return self._application_token(form)
        return self._user_token(client, form)

    def seller_of(self, headers: Mapping[str, str], scope: str, *, write: bool) -> Seller:
        """Who is calling. Raises RefusedError: 401/1001 for an unknown token, 403/1100 for an expired one or one
        without the scope (`scope` or, for a read, its .readonly form)."""
        token = self._tokens.get(bearer_of(headers))
        if token is None or (token.seller is not None and self._revoked(token.seller)):
            raise refused(1001)
        allowed = {f"{_SCOPE}/{scope}"} | (set() if write else {f"{_SCOPE}/{scope}.readonly"})
        if token.expires <= self._clock() or token.seller is None or not allowed & token.scopes:
            raise refused(1100)
        return token.seller

    def refuse_stranger(self, headers: Mapping[str, str]) -> None:
        """Raises RefusedError unless the caller has a token, be it an application's or a seller's, for the base scope:
        401/1001 for an unknown one, 403/1100 for one that has ended or was not asked for that scope."""
        token = self._tokens.get(bearer_of(headers))
        if token is None:
            raise refused(1001)
        if token.expires <= self._clock() or _SCOPE not in token.scopes:
            raise refused(1100)

    def expire(self, value: str) -> None:
        """Make a token given out expire now."""
        token = self._tokens.get(value)
        if token is not None:
            token.expires = self._clock()

    def _knows_client(self, client: tuple[str, str]) -> bool:
        return any((s.client_id, s.client_secret) == client for s in self._sellers)

    def _minted_too_often(self, client_id: str, grant: str) -> bool:
        rules = self._rules
        limit = rules.client_tokens_per_day if grant == "client_credentials" else rules.user_tokens_per_day
        key = (client_id, grant, int(self._clock() // _DAY))
        self._minted[key] += 1
        return self._minted[key] > limit

    def _application_token(self, form: Mapping[str, str]) -> Reply:
        scopes = frozenset(form.get("scope", "").split())
        if not scopes:
            return _oauth_error(400, "invalid_scope", "a scope is required")
        return self._issue(None, scopes, "Application Access Token")

    def _user_token(self, client: tuple[str, str], form: Mapping[str, str]) -> Reply:
        given = form.get("refresh_token", "")
        seller = next((s for s in self._sellers if s.refresh_token == given and s.client_id == client[0]), None)
        if not given or seller is None or self._revoked(seller):
            return _oauth_error(400, "invalid_grant", "the refresh token is not valid or belongs to another client")
        scopes = frozenset(form.get("scope", "").split()) or _CONSENT
        readable = _CONSENT | {f"{scope}.readonly" for scope in _CONSENT}
        if not scopes <= readable:
            return _oauth_error(400, "invalid_scope", "a scope is beyond the consent")
        return self._issue(seller, scopes, "User Access Token")

    def _issue(self, seller: Seller | None, scopes: frozenset[str], kind: str) -> Reply:
        self._serial += 1
        owner = seller.name if seller else "application"
        value = "v^1.1#" + sha256(f"{owner}/{self._serial}".encode()).hexdigest()
        lifetime = self._rules.token_lifetime
        self._forget_expired()
        self._tokens[value] = Token(seller, scopes, self._clock() + lifetime)
        return Reply(200, {"access_token": value, "expires_in": lifetime, "token_type": kind})

    def _forget_expired(self) -> None:
        """Keep expired tokens for a day, so that their use can still be told from an unknown token's."""
        horizon = self._clock() - _DAY
        if self._serial % 1000 == 0:
            self._tokens = {value: token for value, token in self._tokens.items() if token.expires > horizon}


def bearer_of(headers: Mapping[str, str]) -> str:
    """The access token a request carries, empty if none."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value if kind == "Bearer" else ""


def _basic_credentials(headers: Mapping[str, str]) -> tuple[str, str] | None:
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _oauth_error(status: int, error: str, description: str) -> Reply:
    return Reply(status, {"error": error, "error_description": description})
