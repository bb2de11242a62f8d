"""The API over a real MongoDB and Kafka, asked without a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import jwt
import pytest
from typer.testing import CliRunner

from consumer.api.app import make_app
from consumer.api.serving import open_services
from consumer.cli import app
from consumer.embedded import Endpoints
from consumer.mongo import connect
from consumer.settings import load_settings

SECRET = "a secret of this test that is long enough"

Token = Callable[..., dict[str, str]]


@pytest.fixture
def token() -> Token:
    """Headers with a token of a tenant in these roles."""

    def make(tenant: str, *roles: str) -> dict[str, str]:
        claims: dict[str, Any] = {"sub": "anna", "aud": "marketsync", "exp": time.time() + 600}
        signed = jwt.encode({**claims, "tenant": tenant, "roles": roles}, SECRET, "HS256")
        return {"Authorization": f"Bearer {signed}"}

    return make


@pytest.fixture
async def api(servers: Endpoints, fresh_name: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an installation of its own, which serves the tenant `fresh_name`."""
    variables = {
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_TENANTS": fresh_name,
        "MARKETSYNC_DATABASE": f"marketsync-{fresh_name}",
        "MARKETSYNC_TOPICS_PREFIX": f"{fresh_name}.",
        "MARKETSYNC_TOPICS_PARTITIONS": "2",
        "API_JWT_SECRET": SECRET,
        "API_BODY": "2000",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    prepared = await asyncio.to_thread(CliRunner().invoke, app, ["init"])
    assert prepared.exit_code == 0, prepared.output
    async with open_services(load_settings(), servers) as services:
        transport = httpx.ASGITransport(make_app(services), raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            yield client
    with connect(servers.mongodb_uri) as mongo:
        mongo.drop_database(f"marketsync-{fresh_name}")
