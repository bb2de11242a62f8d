"""The HTTP API: where it is served and whose tokens it believes."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SHORTEST_SECRET = 32
"""Bytes of an HS256 secret: a shorter one than the hash can be guessed (RFC 7518, 3.2)."""


class ApiSettings(BaseSettings):
    """Serving the API. One of the secret and the key set has to be there, else it does not start."""

    model_config = SettingsConfigDict(env_prefix="API_", frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address that serves the API; put a web server with TLS before it.")
    port: int = Field(8480, ge=0, le=65535, description="Port of the same, 0 = any.")
    jwt_secret: SecretStr | None = Field(
        None, description="Secret of tokens signed with HS256, at least 32 bytes; unset = none are believed."
    )
    jwks_url: str = Field(
        "", description="Address of the key set (JWKS) of tokens signed with RS256 or ES256; unset = none are believed."
    )
    jwt_audience: str = Field("marketsync", description="Audience (`aud`) that a token must be for.")
    jwt_issuer: str = Field("", description="Issuer (`iss`) that a token must be from; unset = any.")
    tenant_claim: str = Field("tenant", description="Claim of a token that names the tenant.")
    roles_claim: str = Field("roles", description="Claim of a token that names roles: viewer, operator, admin.")
    body: int = Field(1_000_000, ge=1_000, le=100_000_000, description="Bytes that the body of a request may have.")
    rate: float = Field(50, gt=0, le=100_000, description="Requests a second of one tenant; more are asked to wait.")
    burst: int = Field(200, ge=1, le=100_000, description="Requests that one tenant may make at once.")
    connections: int = Field(500, ge=1, le=100_000, description="Connections that may be open at once.")

    @model_validator(mode="after")
    def _long_enough(self) -> ApiSettings:
        if self.jwt_secret is not None and len(self.jwt_secret.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"API_JWT_SECRET: must have at least {SHORTEST_SECRET} bytes, e.g. `openssl rand -hex 32`")
        return self

    @property
    def usable(self) -> bool:
        """Whether any token can be believed at all."""
        return self.jwt_secret is not None or bool(self.jwks_url)
