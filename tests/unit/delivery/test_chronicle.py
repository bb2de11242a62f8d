"""The history tells what was done and why, bounded, and never in the way."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import RejectedListingError
from adapters.memory import MemoryAdapter
from adapters.model import Outcome
from consumer import events
from consumer.delivery.batches import Send
from consumer.delivery.chronicle import Chronicle
from consumer.delivery.commands import Ending, Settled, Store
from consumer.delivery.offsets import NO_OFFSET, Ticket
from consumer.delivery.planning import Seller, plan_step
from consumer.events import Operation as EventOperation
from consumer.kafka.records import Partition
from consumer.listings.history import Entry, HistoryStore, Reason
from consumer.listings.owed import Cause
from consumer.mongo import PyMongoError
from tests.unit.delivery.making import CHANNEL, START, make_account, make_event, make_record, make_work


class Pages(HistoryStore):
    """The store's contract in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.away = False

    async def keep_for(self, days: int) -> None:
        self.days = days

    async def write(self, entries: Any, first: int) -> None:
        if self.away:
            raise PyMongoError("no primary")
        self.entries += entries


class Desk:
    def __init__(self, days: int = 30) -> None:
        self.pages = Pages()
        self.lost = 0
        self.chronicle = Chronicle(self.pages, days, lambda: START + 5.0, self._count)

    def _count(self, lost: int) -> None:
        self.lost += lost

    async def tell(self, error: RejectedListingError | None = None, **changes: Any) -> Entry:
        self.chronicle.delivered(Store((ending(error, **changes),)))
        await self.chronicle.close()
        return self.pages.entries[-1]


def ending(error: RejectedListingError | None = None, **changes: Any) -> Ending:
    operation = changes.pop("operation", EventOperation.UPDATED)
    record = make_record(make_event("P-1", 3, operation))
    headers = (*record.headers, *changes.pop("headers", ()))
    record = type(record)(
        **{n: getattr(record, n) for n in ("topic", "partition", "offset", "key", "value", "timestamp")},
        headers=headers,
    )
    work = make_work("P-1", 3, record=record, **changes)
    step = plan_step(work, None, Seller(make_account(), MemoryAdapter(CHANNEL)), START + 2.0)
    assert isinstance(step.result, Send)
    return Ending(step.result, Outcome("P-1", error), error, None)


SWEPT = Ticket(Partition("resync", 0), NO_OFFSET, 1)


async def test_an_entry_says_what_was_sent_and_how_long_it_took() -> None:
    entry = await Desk().tell()
    assert entry.listing == "memory/default/shop/P-1"
    assert (entry.operation, entry.outcome, entry.reason) == ("create", "accepted", Reason.CHANGE)
    assert (entry.price, entry.quantity, entry.took, entry.waited) == ("103.00 EUR", 3, 3.0, 5.0)
    assert entry.payload is not None
    assert entry.reply == ""


async def test_a_refusal_keeps_the_channels_words() -> None:
    entry = await Desk().tell(RejectedListingError("the brand is missing", code="25002"))
    assert (entry.outcome, entry.reply) == ("rejected_listing", "25002: the brand is missing")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.CHANGE),
        ({"operation": EventOperation.READ}, Reason.READ),
        ({"headers": ((events.JOB, b"resync-1"),)}, Reason.RESYNC),
        ({"headers": ((events.JOB, b"replay-1"),)}, Reason.REPLAY),
        ({"headers": ((events.JOB, b"redrive-1"), (events.REDRIVES, b"1"))}, Reason.REDRIVE),
        ({"ticket": SWEPT, "cause": Cause.RULES}, Reason.RULE),
        ({"ticket": SWEPT, "cause": Cause.RELEASED}, Reason.RELEASE),
        ({"ticket": SWEPT, "cause": Cause.DISTRUST}, Reason.PERSON),
        ({"ticket": SWEPT, "cause": Cause.HALTED}, Reason.REPAIR),
    ],
)
async def test_every_path_names_its_reason(changes: dict[str, Any], reason: Reason) -> None:
    assert (await Desk().tell(**changes)).reason is reason


async def test_what_ended_without_a_call_is_told_unless_nothing_happened() -> None:
    desk = Desk()
    works = [Settled(make_work(), outcome, "why") for outcome in ("held", "invalid", "unchanged", "superseded")]
    desk.chronicle.decided(works)
    await desk.chronicle.close()
    assert [(entry.outcome, entry.operation, entry.reply) for entry in desk.pages.entries] == [
        ("held", "none", "why"),
        ("invalid", "none", "why"),
    ]


async def test_nothing_waits_for_the_history_and_its_memory_is_bounded() -> None:
    desk = Desk()
    desk.pages.away = True
    one = ending()
    for _ in range(25):
        desk.chronicle.delivered(Store((one,) * 1000))
    assert desk.lost == 5_000
    await desk.chronicle.close()
    assert desk.lost == 6_000, "what could not be written is lost and counted"
    desk.pages.away = False
    await desk.chronicle.close()
    assert len(desk.pages.entries) == 19_000


async def test_no_days_no_history() -> None:
    desk = Desk(days=0)
    desk.chronicle.delivered(Store((ending(),)))
    await desk.chronicle.run()
    await desk.chronicle.close()
    assert desk.pages.entries == []
