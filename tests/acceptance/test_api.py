"""An operator's day over HTTP and by command, while everything runs; and rubbish sent to every route."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import jwt
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from consumer.processes import free_ports
from tests.acceptance.installation import Installation, Running, make_product, of_version
from tests.waiting import wait_until

SECRET = "a secret of this test that is long enough"
DEADLINE = 60
# Requests per route. Each must be answered in words, whatever is in it.
EXAMPLES = 4


def bearer(tenant: str, role: str) -> dict[str, str]:
    claims: dict[str, Any] = {"sub": "anna", "aud": "marketsync", "exp": time.time() + 600, "tenant": tenant}
    return {"Authorization": f"Bearer {jwt.encode({**claims, 'roles': [role]}, SECRET, 'HS256')}"}


@pytest.fixture
def running(ready: Installation) -> Iterator[Running]:
    """`marketsync run`, which serves the API as well."""
    [port] = free_ports("127.0.0.1", 23480, 1)
    ready.variables |= {"API_JWT_SECRET": SECRET, "API_PORT": str(port), "API_RATE": "1000"}
    ready.products.insert_many([make_product(f"P-{number}") for number in range(3)])
    started = ready.start("run")
    wait_until(lambda: started.lines("API is served"), DEADLINE, "the API does not start")
    yield started
    assert started.stop() == 0, started.output()


@pytest.mark.timeout(180)
def test_an_operators_day(ready: Installation, running: Running) -> None:
    url = str(running.lines("API is served")[0]["url"])
    with httpx.Client(base_url=url, headers=bearer(ready.name, "admin"), timeout=30) as api:
        wait_until(lambda: len(ready.channel.listings()) == 3, DEADLINE, "every product is live")
        (row,) = wait_until(lambda: live(api, "P-1"), DEADLINE, "P-1 is told as accepted")
        account = f"/api/accounts/ebay/{row['account']}"
        assert [one["id"] for one in api.get("/api/accounts").json()] == [f"{ready.name}/ebay/{row['account']}"]

        assert api.put(f"{account}/pause", json={"why": "stock-taking"}).json() == {"paused": True, "changed": True}
        versions = count(9)  # delivery knows of the pause within seconds: from then on a change waits
        wait_until(lambda: waits(ready, api, account, next(versions)), DEADLINE, "a change waits")
        assert api.delete(f"{account}/pause").json() == {"paused": False, "changed": True}
        newest = next(versions) - 1
        wait_until(
            lambda: ready.channel.listings()["P-1"]["quantity"] == newest, DEADLINE, "the newest is sent after it"
        )

        key = {"Idempotency-Key": "again-1"}
        begun = api.post("/api/b2b/pim/products/P-2/sync", headers=key).json()
        assert (begun["success"], begun["entity_code"]) == (True, "P-2")
        assert begun["message"] == "Product sync initiated for enabled marketplaces"
        assert api.post("/api/b2b/pim/products/P-2/sync", headers=key).json()["job_id"] == begun["job_id"]
        wait_until(
            lambda: api.get(f"/api/jobs/{begun['job_id']}").json()["job"]["state"] != "running", DEADLINE, "it ends"
        )

        told = ready.run("history", "P-1").stdout
        assert f"ebay/{row['account']}/{ready.name}/P-1" in told
        audit = ready.run("audit").stdout
        assert "api:anna" in audit
        assert "pause" in audit
        assert api.get("/api/problems").json() == []
        everything_is_answered_in_words(url, ready.name)


def live(api: httpx.Client, code: str) -> list[dict[str, Any]]:
    """Its listings once one is accepted, else none."""
    answer = api.get(f"/api/products/{code}/listings")
    rows: list[dict[str, Any]] = answer.json().get("listings", [])
    return [row for row in rows if row["accepted"]]


def waits(ready: Installation, api: httpx.Client, account: str, version: int) -> bool:
    """Whether a change that is made now is held back a moment later."""
    ready.products.update_one({"entity_code": "P-1"}, {"$set": of_version(version)})
    listing: dict[str, Any] = api.get(f"{account}/listings/P-1").json()["listing"]
    return bool(listing["work"] == "held")


def everything_is_answered_in_words(url: str, tenant: str) -> None:
    """Whatever the document allows, and what it does not: never a 500, and nothing of another tenant."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: schemathesis.Case[Any]) -> None:
            nonlocal asked
            answer = case.call(headers=bearer("stranger", "admin"))
            asked += 1
            assert answer.status_code < 500, (case.method, case.path, answer.text)
            if answer.status_code >= 400:
                assert {"type", "title", "status", "detail"} <= json.loads(answer.text).keys(), (case.path, answer.text)
            assert f"{tenant}/" not in answer.text

        ask()
    assert asked > 60
