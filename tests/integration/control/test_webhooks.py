"""Notifications of channels: proved or refused, done once, acted on, written down without a person's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from adapters.ebay.notifications import ACCOUNT_DELETION, ForgedNoticeError, challenge_answer
from consumer.control.webhooks.amazon import AmazonQueue, UnreadableMessageError
from consumer.control.webhooks.book import COLLECTION, NoticeBook
from consumer.control.webhooks.ebay import EbayWebhook
from consumer.control.webhooks.erasing import ClosedUser
from consumer.control.webhooks.hints import Hints
from consumer.embedded import Endpoints
from consumer.mongo import AsyncDatabase, Document, connect_async
from tests.contract.test_ebay_notifications import listening, signed

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENDPOINT, TOKEN = "https://sync.example.test/api/webhooks/ebay/notifications", "t" * 40


def notice(notice_id: str, topic: str = ACCOUNT_DELETION, **data: str) -> bytes:
    said = data or {"username": "ann-the-buyer", "userId": "u-1", "eiasToken": "e-1"}
    return orjson.dumps({"metadata": {"topic": topic}, "notification": {"notificationId": notice_id, "data": said}})


@dataclass
class Erased:
    """A subject that keeps two records of whoever is erased. failing: how often it cannot."""

    failing: int = 0
    users: list[ClosedUser] = field(default_factory=list)

    async def erase(self, user: ClosedUser) -> int:
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database is away")
        self.users.append(user)
        return 2


@pytest.fixture
async def database(servers: Endpoints, fresh_name: str) -> AsyncIterator[AsyncDatabase[Document]]:
    async with connect_async(servers.mongodb_uri) as client:
        yield client[fresh_name]
        await client.drop_database(fresh_name)


def webhook(database: AsyncDatabase[Document], notices: Any, erased: Erased) -> EbayWebhook:
    book, hints = NoticeBook(database[COLLECTION]), Hints(database["listings"], lambda: NOW)
    return EbayWebhook(notices, book, [erased], hints, endpoint=ENDPOINT, token=TOKEN, clock=lambda: NOW)


async def test_a_closed_account_is_erased_once_and_no_name_of_it_is_kept(database: AsyncDatabase[Document]) -> None:
    erased = Erased()
    async with listening([0.0]) as (notices, _):
        hook = webhook(database, notices, erased)
        body = notice("n-1")
        assert await hook.receive(body, signed(body)) == "erased 2 records"
        assert await hook.receive(body, signed(body)) == "repeated"
        assert hook.challenge("abc") == challenge_answer("abc", TOKEN, ENDPOINT)

    assert [user.names for user in erased.users] == [("ann-the-buyer", "u-1", "e-1")]
    (row,) = await NoticeBook(database[COLLECTION]).newest()
    assert (row.topic, row.outcome, row.times) == (ACCOUNT_DELETION, "erased 2 records", 2)
    assert "buyer" not in str(await database[COLLECTION].find_one())


async def test_one_whose_work_was_cut_off_is_done_when_it_comes_again(database: AsyncDatabase[Document]) -> None:
    erased = Erased(failing=1)
    async with listening([0.0]) as (notices, _):
        hook, body = webhook(database, notices, erased), notice("n-2")
        with pytest.raises(ConnectionError):
            await hook.receive(body, signed(body))
        assert await hook.receive(body, signed(body)) == "erased 2 records"
    assert len(erased.users) == 1


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (notice("n-3"), signed(notice("n-4"))),
        (notice("n-3"), signed(notice("n-3"), "nobody's-key")),
        (notice("n-3"), ""),
        (notice("n-3"), "%%%"),
        (b"rubbish", signed(b"rubbish")),
        (b"[1]", signed(b"[1]")),
    ],
)
async def test_what_is_forged_or_rubbish_does_nothing(
    database: AsyncDatabase[Document], body: bytes, header: str
) -> None:
    erased = Erased()
    async with listening([0.0]) as (notices, _):
        with pytest.raises(ForgedNoticeError):
            await webhook(database, notices, erased).receive(body, header)
    assert not erased.users
    assert await database[COLLECTION].count_documents({}) == 0


async def test_a_topic_of_listings_is_a_hint_to_look_again_and_an_unknown_one_is_noted(
    database: AsyncDatabase[Document],
) -> None:
    await database["listings"].insert_many(
        [{"_id": name, "channel": "ebay", "sku": name, "seen": {"again": None}} for name in ("A", "B")]
    )
    async with listening([0.0]) as (notices, _):
        hook = webhook(database, notices, Erased())
        bodies = (notice("l", "LISTING", sku="A"), notice("a", "AUTHORIZATION_REVOCATION"), notice("x", "NEW_ONE"))
        said = [await hook.receive(body, signed(body)) for body in bodies]
    assert said == ["hint: 1 listings are looked at again", "hint: a consent was taken back", "noted"]
    stored = await database["listings"].find().sort("_id", 1).to_list()
    assert [one["seen"]["again"] for one in stored] == [NOW, None]


async def test_amazons_messages_in_either_case_and_any_order_are_taken_once(database: AsyncDatabase[Document]) -> None:
    await database["listings"].insert_one({"_id": 1, "tenant": "t", "channel": "amazon", "sku": "A", "seen": {}})
    queue = AmazonQueue(NoticeBook(database[COLLECTION]), Hints(database["listings"], lambda: NOW), lambda: NOW)
    status = {"NotificationType": "LISTINGS_ITEM_STATUS_CHANGE", "NotificationMetadata": {"NotificationId": "2"}}
    status["Payload"] = {"Sku": "A"}
    feed = {"notificationType": "FEED_PROCESSING_FINISHED", "notificationMetadata": {"notificationId": "1"}}
    bodies = [status, feed, {"detail": status}]

    said = [await queue.receive(orjson.dumps(body), "t") for body in bodies]

    assert said == ["hint: 1 listings are looked at again", "noted", "repeated"]
    assert await queue.receive(orjson.dumps(status), "another") == "hint: 0 listings are looked at again"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"NotificationType": "X"}', b'"text"', b'{"detail": 1}'])
async def test_what_is_no_message_of_amazons_is_refused_in_words(
    database: AsyncDatabase[Document], body: bytes
) -> None:
    queue = AmazonQueue(NoticeBook(database[COLLECTION]), Hints(database["listings"], lambda: NOW), lambda: NOW)
    with pytest.raises(UnreadableMessageError, match="message"):
        await queue.receive(body, "t")
    assert await database[COLLECTION].count_documents({}) == 0
