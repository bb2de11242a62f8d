"""The routes of notifications, without a token: challenge, genuine, forged, oversized, not configured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from adapters.ebay.notifications import challenge_answer
from consumer.api.body import BodyLimit
from consumer.api.problem import answer_problems
from consumer.api.routes import webhooks
from consumer.control.told import Told
from consumer.control.webhooks.amazon import AmazonQueue
from consumer.control.webhooks.book import COLLECTION, NoticeBook
from consumer.control.webhooks.hints import Hints
from consumer.embedded import Endpoints
from consumer.listings.exchanges import ExchangeStore
from consumer.mongo import connect_async
from tests.contract.test_ebay_notifications import listening, signed
from tests.integration.control.test_webhooks import ENDPOINT, TOKEN, Erased, notice, webhook

PATH = "/api/webhooks/ebay/notifications"
MOST = 10_000


class _Holding:
    """Services of which these routes need one field."""

    def __init__(self, told: Told) -> None:
        self.told = told


@pytest.fixture
async def asked(servers: Endpoints, fresh_name: str) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with connect_async(servers.mongodb_uri) as client, listening([0.0]) as (notices, _):
        database = client[fresh_name]
        queue = AmazonQueue(NoticeBook(database[COLLECTION]), Hints(database["listings"], _now), _now)
        clients = {}
        for name, hook in (("set", webhook(database, notices, Erased())), ("unset", None)):
            app = FastAPI()
            answer_problems(app)
            app.include_router(webhooks.router)
            app.add_middleware(BodyLimit, most=MOST)
            told = Told(ExchangeStore(database["exchanges"]), queue, hook)
            app.state.services = _Holding(told)
            clients[name] = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api")
        yield clients
        for one in clients.values():
            await one.aclose()
        await client.drop_database(fresh_name)


def _now() -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC)


async def test_the_challenge_is_answered_as_ebay_wants_it(asked: dict[str, httpx.AsyncClient]) -> None:
    reply = await asked["set"].get(PATH, params={"challenge_code": "a1b2"})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json() == {"challengeResponse": challenge_answer("a1b2", TOKEN, ENDPOINT)}


async def test_genuine_ones_are_taken_and_others_refused(asked: dict[str, httpx.AsyncClient]) -> None:
    body = notice("r-1")
    tries: list[tuple[Any, str, int]] = [
        (body, signed(body), 204),
        (body, signed(body), 204),
        (body + b" ", signed(body), 412),
        (body, "", 412),
        (b"x" * (MOST + 1), signed(body), 413),
    ]
    for content, header, status in tries:
        reply = await asked["set"].post(PATH, content=content, headers={"X-EBAY-SIGNATURE": header})
        assert reply.status_code == status, reply.text
    assert (await asked["unset"].post(PATH, content=body)).status_code == 404


async def test_amazons_route_needs_a_token(asked: dict[str, httpx.AsyncClient]) -> None:
    reply = await asked["set"].post("/api/webhooks/amazon/messages", content=b"{}")
    assert reply.status_code == 401
