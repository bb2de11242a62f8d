"""The routes that trigger syncs and follow jobs, over a real PIM, MongoDB and Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from typer.testing import CliRunner

import consumer
from consumer.cli import app
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS
from tests.integration.api.conftest import Token
from tests.unit.delivery.making import make_document


@pytest.fixture
def tenant(servers: Endpoints, fresh_name: str) -> Iterator[str]:
    """A tenant that has the product P-1 and no account."""
    with connect(servers.mongodb_uri) as mongo:
        mongo[f"vinc-{fresh_name}"][PRODUCTS].insert_one(make_document("P-1", 1))
        yield fresh_name
        mongo.drop_database(f"vinc-{fresh_name}")


async def test_a_product_is_synced_once_per_key_and_its_job_is_its_tenants(
    api: httpx.AsyncClient, tenant: str, token: Token
) -> None:
    who = token(tenant, "operator") | {"Idempotency-Key": "k"}
    route = "/api/b2b/pim/products/P-1/sync"
    first = await api.post(route, headers=who)
    again = await api.post(route, headers=who)
    assert first.status_code == 200, first.text
    assert set(first.json()) == {"success", "message", "entity_code", "synced_at", "job_id"}
    assert first.json()["message"] == "Product sync initiated for enabled marketplaces"
    assert again.json() == first.json()
    other = await api.post(route, headers=who, json={"operation": "delete"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:marketsync:problem:key-reused")

    job = f"/api/jobs/{first.json()['job_id']}"
    found = await api.get(job, headers=token(tenant, "viewer"))
    assert (found.json()["job"]["state"], found.json()["accounts"]) == ("done", [])
    assert (await api.get(job, headers=token("another", "viewer"))).status_code == 404
    assert (await api.get("/api/jobs", headers=token("another", "viewer"))).json() == {"jobs": []}
    assert (await api.post(f"{job}/cancel", headers=token("another", "admin"))).status_code == 404
    assert (await api.post(f"{job}/cancel", headers=token(tenant, "operator"))).status_code == 409


async def test_what_is_unknown_is_said_in_words_and_viewers_trigger_nothing(
    api: httpx.AsyncClient, tenant: str, token: Token
) -> None:
    who = token(tenant, "operator")
    nobody = await api.post("/api/b2b/pim/products/NOPE/sync", headers=who)
    assert (nobody.status_code, nobody.json()["detail"]) == (404, f"entity_code: {tenant} has no product 'NOPE'")
    channels = await api.post("/api/products/P-1/sync-channels", headers=who, json={"channels": ["nowhere"]})
    assert channels.status_code == 422
    assert "there is no channel 'nowhere'" in channels.json()["detail"]
    viewer = await api.post("/api/b2b/pim/products/P-1/sync", headers=token(tenant, "viewer"))
    assert viewer.status_code == 403


async def test_many_products_are_one_job_that_goes_on_after_the_answer(
    api: httpx.AsyncClient, tenant: str, token: Token
) -> None:
    wishes = {"entity_codes": ["P-1", "GONE", "P-1"]}
    begun = await api.post("/api/products/sync", headers=token(tenant, "operator"), json=wishes)
    assert (begun.status_code, begun.json()["products"]) == (202, 2)
    listed = await api.get("/api/jobs", headers=token(tenant, "viewer"))
    assert [job["id"] for job in listed.json()["jobs"]] == [begun.json()["job_id"]]


async def test_programs_and_commands_begin_the_same_jobs(api: httpx.AsyncClient, tenant: str, token: Token) -> None:
    one = await consumer.sync_product_to_marketplaces_async("P-1", operation="delete", priority="low")
    stock = await asyncio.to_thread(consumer.sync_inventory_to_marketplaces, "P-1")
    bulk = await consumer.bulk_sync_products_async(["P-1", "GONE"], batch_size=1)
    assert (one.products, stock.products, bulk.products) == (0, 0, 0), "there is no account to send to"
    with pytest.raises(MarketsyncError, match="no channel 'nowhere'"):
        await consumer.sync_product_to_marketplaces_async("P-1", channels=["nowhere"])
    with pytest.raises(ValueError, match="rename"):
        await consumer.sync_product_to_marketplaces_async("P-1", operation="rename")

    typed = await asyncio.to_thread(CliRunner().invoke, app, ["sync", "P-1", "--priority", "low"])
    assert f"{tenant} has no enabled account" in typed.output
    listed = await api.get("/api/jobs", headers=token(tenant, "viewer"))
    ids = [job["id"] for job in listed.json()["jobs"]]
    assert {one.job_id, stock.job_id, bulk.job_id} < set(ids)
    assert len(ids) == 4
    watched = await asyncio.to_thread(CliRunner().invoke, app, ["jobs", "watch", bulk.job_id])
    assert f"{bulk.job_id}: done" in watched.output
    ended = await asyncio.to_thread(CliRunner().invoke, app, ["jobs", "cancel", bulk.job_id])
    assert (ended.exit_code, "no unfinished job" in ended.output) == (1, True)
