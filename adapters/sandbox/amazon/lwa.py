"""Login with Amazon (facts page, section 4): access tokens from refresh tokens, which never rotate, and grantless ones
for a scope. Errors have LWA's own shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl

from adapters.sandbox.amazon.errors import DENIED, RefusedError
from adapters.sandbox.amazon.faults import EXPIRED
from adapters.sandbox.amazon.world import Rules, Seller
from adapters.sandbox.server import Reply, Request

TOKEN_PATH = "/auth/o2/token"  # noqa: S105  # a path
NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"
_SCOPES = frozenset({NOTIFICATIONS_SCOPE, "sellingpartnerapi::client_credential:rotation"})
_DAY = 86_400


@dataclass(slots=True)
class Token:
    """What an access token stands for. scope: "" = all that the seller consented to; seller: its application's first
    for a grantless token. expires: seconds since the epoch."""

    seller: Seller
    scope: str
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
        self._serial = 0
        expires = clock() + rules.token_lifetime
        self._tokens = {s.access_token: Token(s, "", expires) for s in sellers if s.access_token}

    def answer(self, request: Request) -> Reply:
        """The reply to a call of the token endpoint."""
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _error(400, "invalid_request", "The content type is not application/x-www-form-urlencoded")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        grant = form.get("grant_type", "")
        if grant not in ("refresh_token", "client_credentials"):
            return _error(400, "unsupported_grant_type", f"The authorization grant type is not supported: {grant}")
        client = (form.get("client_id", ""), form.get("client_secret", ""))
        if not any((s.client_id, s.client_secret) == client for s in self._sellers):
            return _error(401, "invalid_client", "Client authentication failed")
        if grant == "refresh_token":
            return self._for_seller(client[0], form.get("refresh_token", ""))
        return self._grantless(client[0], form.get("scope", ""))

    def holder_of(self, headers: Mapping[str, str], scope: str = "") -> Token:
        """Who is calling. scope: the one that a grantless operation needs. Raises RefusedError 403/Unauthorized."""
        value = headers.get("x-amz-access-token", "")
        if not value:
            raise RefusedError(403, DENIED, "Access token is missing in the request header.")
        token = self._tokens.get(value)
        if token is None or token.scope != scope or self._revoked(token.seller):
            raise RefusedError(403, DENIED, "The access token you provided is revoked, malformed or invalid.")
        if token.expires <= self._clock():
            raise RefusedError(403, DENIED, EXPIRED)
        return token

    def expire(self, value: str) -> None:
        """Make a token given out expire now."""
        if value in self._tokens:
            self._tokens[value].expires = self._clock()

    def _for_seller(self, client_id: str, refresh_token: str) -> Reply:
        found = (s for s in self._sellers if (s.client_id, s.refresh_token) == (client_id, refresh_token))
        seller = next(found, None)
        if not refresh_token or seller is None or self._revoked(seller):
            words = "The request has an invalid grant parameter : refresh_token. User may have revoked or didn't grant"
            return _error(400, "invalid_grant", words)
        return self._issue(seller, "", {"refresh_token": refresh_token})

    def _grantless(self, client_id: str, scope: str) -> Reply:
        if scope not in _SCOPES:
            return _error(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed")
        seller = next(s for s in self._sellers if s.client_id == client_id)
        return self._issue(seller, scope, {"scope": scope})

    def _issue(self, seller: Seller, scope: str, more: Mapping[str, str]) -> Reply:
        self._serial += 1
        value = "Atza|" + sha256(f"{seller.name}/{self._serial}".encode()).hexdigest()
        lifetime = self._rules.token_lifetime
        self._forget_expired()
        self._tokens[value] = Token(seller, scope, self._clock() + lifetime)
        body = {"access_token": value, "token_type": "bearer", "expires_in": lifetime, **more}
        return Reply(200, body)

    def _forget_expired(self) -> None:
        """Keep expired tokens for a day, so that their use can still be told from an unknown token's."""
        if self._serial % 1000 == 0:
            horizon = self._clock() - _DAY
            self._tokens = {value: token for value, token in self._tokens.items() if token.expires > horizon}


def _error(status: int, error: str, description: str) -> Reply:
    return Reply(status, {"error": error, "error_description": description})
