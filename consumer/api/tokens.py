"""Bearer tokens: who asks, for which tenant, in which roles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jwt

from consumer.api.problem import ApiError

# Seconds by which clocks may differ.
_LEEWAY = 30
_ASYMMETRIC = ("RS256", "ES256")


class Role(StrEnum):
    """What a person may do. Each may all that the one before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


RANKS: Mapping[Role, int] = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. name: the token's `sub`. tenant: the only one that this request may see or change."""

    name: str
    tenant: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether one of the roles is this one or above it."""
        return any(RANKS[own] >= RANKS[role] for own in self.roles)

    @property
    def who(self) -> str:
        """For the audit and for jobs."""
        return f"api:{self.name}"


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must be. secret: of HS256, "" = none. audience, issuer: "" for the issuer = any."""

    secret: str
    audience: str
    issuer: str
    tenant_claim: str
    roles_claim: str


class Tokens:
    """Checks tokens. keys: of RS256 and ES256, by key id; None = such tokens are not believed."""

    def __init__(self, rules: TokenRules, keys: jwt.PyJWKClient | None) -> None:
        self._rules = rules
        self._keys = keys

    async def person(self, token: str) -> Person:
        """Whose token this is. Raises ApiError 401 with what is wrong, 503 where the key set cannot be read."""
        try:
            return self._of(await self._claims(token))
        except jwt.PyJWKClientConnectionError as error:
            raise ApiError(
                503, "keys-unavailable", "The key set that tokens are checked with cannot be read."
            ) from error
        except jwt.PyJWTError as error:
            raise unauthorised(f"The token cannot be believed: {error}.") from error

    async def _claims(self, token: str) -> dict[str, Any]:
        algorithm = jwt.get_unverified_header(token).get("alg")
        # Each kind of key allows its own algorithm only: else a public key could be used as an HS256 secret.
        if algorithm == "HS256" and self._rules.secret:
            return self._decode(token, self._rules.secret, ["HS256"])
        if algorithm in _ASYMMETRIC and self._keys is not None:
            key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            return self._decode(token, key.key, [algorithm])
        raise jwt.InvalidAlgorithmError(f"tokens signed with {algorithm} are not accepted here")

    def _decode(self, token: str, key: Any, algorithms: Sequence[str]) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=list(algorithms),
            audience=self._rules.audience,
            issuer=self._rules.issuer or None,
            leeway=_LEEWAY,
            options={"require": ["exp", "sub"]},
        )

    def _of(self, claims: Mapping[str, Any]) -> Person:
        tenant = claims.get(self._rules.tenant_claim)
        if not isinstance(tenant, str) or not tenant or "/" in tenant:
            raise unauthorised(f"The token names no tenant in the claim {self._rules.tenant_claim}.")
        said = claims.get(self._rules.roles_claim, ())
        names = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
        return Person(str(claims["sub"]), tenant, frozenset(role for role in Role if role in names))


def unauthorised(words: str) -> ApiError:
    """401 with the header that RFC 6750 asks for."""
    return ApiError(
        401, "token", words, cure="Send `Authorization: Bearer <token>`.", headers={"WWW-Authenticate": "Bearer"}
    )
