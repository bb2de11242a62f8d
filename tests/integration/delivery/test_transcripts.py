"""What went over the wire, as it is kept: found by listing, without secrets, within bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from pymongo.asynchronous.database import AsyncDatabase

from adapters.errors import ChannelUnavailableError
from adapters.exchange import Request
from adapters.http import HttpClient
from adapters.model import Outcome
from consumer.delivery import transcribing
from consumer.delivery.batches import Send
from consumer.delivery.commands import Answer, Call
from consumer.delivery.transcribing import Transcriber
from consumer.delivery.work import account_of
from consumer.embedded import Endpoints
from consumer.listings.exchanges import COLLECTION, ExchangeStore
from consumer.listings.exchanges import Kept as Exchange
from consumer.logs import SecretCutter
from consumer.mongo import Document, connect_async
from tests.majority import majority_has_all
from tests.unit.adapters.wire import ORIGIN, make_http
from tests.unit.delivery.making import make_work

TOKEN = "abcdef-0123456789-token"


@dataclass
class Kept:
    """A transcriber of this test, and what it could not keep."""

    database: AsyncDatabase[Document]
    store: ExchangeStore
    lost: list[int]

    async def of(self, listing: str, most: int = 20) -> list[Exchange]:
        """What is kept of a listing."""
        await majority_has_all(self.database)
        return await self.store.of(listing, most)

    def transcriber(self, **changes: Any) -> Transcriber:
        limits: dict[str, Any] = {"days": 7, "share": 1.0, "longest": 1000} | changes
        return Transcriber(self.store, cutter=SecretCutter(), lost=self.lost.append, **limits)


@pytest.fixture
async def kept(servers: Endpoints, fresh_name: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    monkeypatch.setattr(transcribing, "_LAST", 60.0)  # a machine that stands still loses nothing here
    async with connect_async(servers.mongodb_uri) as client:
        yield Kept(client[fresh_name], ExchangeStore(client[fresh_name][COLLECTION]), [])
        await client.drop_database(fresh_name)


def wire(reply: str = '{"ok": true}') -> HttpClient:
    return make_http(lambda _request: httpx.Response(200, text=reply), now=1_780_000_000.0)


def request(body: str, **more: Any) -> Request:
    return Request("POST", f"{ORIGIN}/sell", body=body.encode(), authorization=SecretStr(f"Bearer {TOKEN}"), **more)


def ended(code: str, error: ChannelUnavailableError | None = None) -> Answer:
    send = Send(make_work(code), "create", code, None)
    return Answer(send, Outcome(code, error=error), error)


async def said(transcriber: Transcriber, http: HttpClient, asked: list[Request], answers: list[Answer]) -> None:
    call = Call(account_of(answers[0].send.work.key), "create", tuple(answer.send for answer in answers))
    with transcriber.heard() as listener:
        for one in asked:
            await http.send(one)
    transcriber.keep(call, answers, listener)
    await transcriber.close()


async def test_each_listing_finds_what_was_said_of_it(kept: Kept) -> None:
    answers = [ended("P1"), ended("P2")]
    asked = [request('{"sku": "P1"}'), request('{"sku": "P2"}'), request("{}")]
    await said(kept.transcriber(), wire(), asked, answers)

    first = await kept.of(str(answers[0].send.work.key))

    assert sorted(one.request for one in first) == ['{"sku": "P1"}', "{}"]
    assert {(one.status, one.reply, one.operation) for one in first} == {(200, '{"ok": true}', "create")}


async def test_no_secret_is_kept(kept: Kept) -> None:
    signed = "https://x.amazonaws.com/f?X-Amz-Signature=5166aa77&X-Amz-Credential=AKIA99"
    reply = f'{{"echo": "{TOKEN}", "access_token": "Atza|987654321987", "url": "{signed}"}}'
    grant = request("grant=me&client_secret=hush-hush-hush", secrets=(SecretStr("hush-hush-hush"),))
    await said(kept.transcriber(), wire(reply), [request(f"P1 {TOKEN}"), grant], [ended("P1")])

    found = await kept.of(str(make_work("P1").key))

    assert len(found) == 2
    text = str(found)
    for secret in (TOKEN, "hush-hush", "987654321987", "5166aa77", "AKIA99"):
        assert secret not in text
    assert any("carries credentials" in one.request for one in found)


async def test_bodies_and_their_number_are_bounded(kept: Kept) -> None:
    await said(kept.transcriber(), wire("r" * 5000), [request("P1" + "x" * 5000)] * 70, [ended("P1")])
    found = await kept.of(str(make_work("P1").key), most=1000)
    assert len(found) == 60
    assert {one.missed for one in found} == {10}
    assert all(len(one.request) < 1100 and len(one.reply) < 1100 for one in found)


async def test_of_what_was_accepted_a_share_is_kept_and_all_that_failed(kept: Kept) -> None:
    transcriber = kept.transcriber(share=0.25)
    for _ in range(8):
        await said(transcriber, wire(), [request("P1")], [ended("P1")])
    failed = ended("P2", ChannelUnavailableError("no"))
    await said(transcriber, wire(), [request("P2")], [failed])

    assert len(await kept.of(str(make_work("P1").key))) == 2
    assert len(await kept.of(str(failed.send.work.key))) == 1


async def test_with_no_days_nothing_is_heard(kept: Kept) -> None:
    transcriber = kept.transcriber(days=0)
    with transcriber.heard() as listener:
        assert listener is None
    await said(transcriber, wire(), [request("P1")], [ended("P1")])
    assert await kept.of(str(make_work("P1").key)) == []
    assert kept.lost == []
