"""Dead letters on a real broker: looked at, brought back once to one account, discarded, healed, kept from looping."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import Any

import pytest

from adapters.errors import TemporaryError
from adapters.memory import MemoryAdapter
from consumer.capture.classify import DeadLetterReason, Unidentified
from consumer.capture.dead_letters import Origin, encode_dead_letter
from consumer.control import requests
from consumer.control.jobs import Job, ended
from consumer.control.letter_book import COLLECTION, Decision, LetterBook, moment
from consumer.control.letters import CAPTURE, LetterFilter, Standing
from consumer.control.post_office import Found, PostOffice
from consumer.control.redrive import MOST_REDRIVES, Redrive, filters_of, plan_of
from consumer.control.requests import Request
from consumer.events import JOB, REDRIVES, Operation
from tests.integration.delivery.conftest import Line
from tests.integration.delivery.jobs import KilledError, database_of, jobs_of, killed_after, runner_of
from tests.integration.delivery.reading import read_topic
from tests.unit.delivery.making import CHANNEL, make_event, make_sequence
from tests.waiting import eventually

ALL = LetterFilter()
DOWN = TemporaryError("out of order")


def book_of(line: Line) -> LetterBook:
    return LetterBook(database_of(line)[COLLECTION])


def office_of(line: Line) -> PostOffice:
    return PostOffice(line.endpoints.kafka_bootstrap_servers, line.names, book=book_of(line), listings=line.store)


async def letters(line: Line, wanted: LetterFilter = ALL, channel: str = CHANNEL) -> list[Found]:
    office = office_of(line)
    return [one async for found, _ in office.read(channel, office.spans(channel, wanted), wanted) for one in found]


async def redrive(line: Line, wanted: LetterFilter = ALL, *, again: bool = False, **runner: Any) -> Job:
    office = office_of(line)
    filters = filters_of(wanted, ("", ""), again=again, why="mended")
    request = Request("redrive", CHANNEL, filters, "somebody")
    job = await requests.unfinished(jobs_of(line), request)
    plan = plan_of(office.spans(CHANNEL, wanted), wanted)
    job = job or await requests.begin(jobs_of(line), request, plan, time.time)
    job = await Redrive(office, book_of(line), time.time).run(job, runner_of(line, jobs_of(line), **runner))
    return await jobs_of(line).save(ended(job, time.time()))


def codes_of(found: list[Found]) -> dict[str, Standing]:
    return {one.letter.product: one.standing for one in found}


async def give_up(line: Line, *codes: str, version: int = 1, account: str = "default") -> None:
    """Let the channel refuse these until they are dead letters of this account."""
    faults = line.channels[account].faults
    for code in codes:
        faults.fail(code, DOWN, times=99)
    async with line.running():
        await line.publish(*(make_event(code, version) for code in codes))
        await line.settles()
    faults.skus.clear()


@pytest.fixture
def hasty(line: Line) -> Line:
    """A line that gives up after one try."""
    line.settings = line.settings.model_copy(update={"attempts": 1})
    return line


async def test_letters_are_listed_with_what_became_of_them(hasty: Line) -> None:
    line = hasty
    await give_up(line, "P-1", "P-2", "P-3")
    found = await letters(line)
    assert codes_of(found) == dict.fromkeys(("P-1", "P-2", "P-3"), Standing.OPEN)
    [one] = [one.letter for one in found if one.letter.product == "P-1"]
    assert (one.tenant, one.account, one.reason, one.error) == ("shop", "default", "exhausted", "TemporaryError")
    assert one.message == "out of order"
    await book_of(line).decide([one], Decision(Standing.DISCARDED, "me", "not sold any more", moment(time.time())))
    async with line.running():
        await line.publish(make_event("P-2", 2))
        await line.shows("P-2", 2)
        await line.settles()
    now = {"P-1": Standing.DISCARDED, "P-2": Standing.HEALED, "P-3": Standing.OPEN}
    assert codes_of(await letters(line)) == now
    assert codes_of(await letters(line, LetterFilter(product="P-3"))) == {"P-3": Standing.OPEN}
    for other in ({"tenant": "x"}, {"account": "x"}, {"reason": "bug"}, {"since": time.time()}, {"until": 1.0}):
        assert await letters(line, LetterFilter(**other)) == []
    shown = await office_of(line).find(one.id)
    assert shown is not None
    assert (shown.letter.record.value, shown.decision and shown.decision.why) == (one.record.value, "not sold any more")


async def test_a_redrive_brings_back_what_is_open_to_the_account_that_gave_up(hasty: Line) -> None:
    line = hasty
    line.channels["outlet"] = MemoryAdapter(CHANNEL)
    await give_up(line, "P-1", "P-2")
    before = line.channels["outlet"].calls
    assert line.title("P-1", "outlet") is not None
    async with line.running():
        assert (await redrive(line)).counts == {"sent": 2}
        await line.shows("P-1", 1)
        await line.shows("P-2", 1)
        await line.settles()
    assert line.channels["outlet"].calls == before, "the account that had no trouble hears nothing"
    assert codes_of(await letters(line)) == dict.fromkeys(("P-1", "P-2"), Standing.REDRIVEN)
    assert (await redrive(line)).counts == {"redriven": 2}


async def test_a_redriven_old_state_never_overwrites_a_newer_one(hasty: Line) -> None:
    line = hasty
    await give_up(line, "P-1", version=1)
    # The newer state is on its way while the letter still looks open: it is brought back, and superseded.
    assert (await redrive(line)).counts == {"sent": 1}
    await line.publish(make_event("P-1", 2))
    async with line.running():
        await line.shows("P-1", 2)
        await line.settles()
        await redrive_record(line)
        await line.settles()
    assert line.versions("P-1")[-1] == 2
    assert sorted(line.versions("P-1")) == line.versions("P-1")
    assert line.metric("superseded_total", account="shop/default") >= 1


async def redrive_record(line: Line) -> None:
    """The brought back record once more, as a crash of the redrive may send it."""
    [record] = read_topic(line.endpoints.kafka_bootstrap_servers, line.names.of(Operation.READ))
    line.producer.produce(record.topic, record.key, record.value, list(record.headers)).result(10)


async def test_what_fails_again_is_a_new_letter_until_it_loops(hasty: Line) -> None:
    line = hasty
    await give_up(line, "P-1")
    line.channel.faults.fail("P-1", DOWN, times=99)
    async with line.running():
        for times in range(1, MOST_REDRIVES + 1):
            job = await redrive(line)
            assert job.counts["sent"] == 1
            await eventually(partial(_has, line, times + 1), 20)
        assert [one.letter.redrives for one in await letters(line)] == [0, 1, 2, 3]
        last = (await line.dead_letters())[-1]
        assert dict(last.headers)[REDRIVES] == b"3"
        assert dict(last.headers)["kafka_dlt-original-topic"].decode() == line.names.of(Operation.UPDATED)
        assert (await redrive(line)).counts["looping"] == 1
        line.channel.faults.skus.clear()
        assert (await redrive(line, again=True)).counts["sent"] == 1
        await line.shows("P-1", 1)


async def test_a_killed_redrive_brings_each_letter_back_once(hasty: Line) -> None:
    line = hasty
    await give_up(line, *(f"P-{n}" for n in range(12)))
    with pytest.raises(KilledError):
        await redrive(line, rate=5, watch=killed_after(1))
    job = await redrive(line)
    assert job.counts["sent"] == 12
    topic = line.names.of(Operation.READ)
    sent = read_topic(line.endpoints.kafka_bootstrap_servers, topic)
    assert Counter(record.key for record in sent) == Counter(f"shop/P-{n}".encode() for n in range(12))
    assert {dict(record.headers)[JOB] for record in sent} == {job.id.encode()}
    async with line.running():
        await line.settles()
    assert [line.versions(f"P-{n}") for n in range(12)] == [[1, 1]] * 12


async def test_letters_of_a_topic_made_anew_are_not_taken_for_those_of_the_old_one(hasty: Line) -> None:
    line = hasty
    await give_up(line, "P-1")
    [found] = await letters(line)
    await book_of(line).decide([found.letter], Decision(Standing.DISCARDED, "me", "", moment(time.time())))
    await database_of(line)[COLLECTION].update_many({}, {"$inc": {"written": 1}})
    assert [one.standing for one in await letters(line)] == [Standing.OPEN]


async def test_letters_of_capture_are_listed_too(line: Line) -> None:
    key, value, headers = encode_dead_letter(
        Origin("shop", "vinc-shop", "insert", {"_id": 7}, "P-7", make_sequence(1), "2026-11-23T12:51:40.067+00:00"),
        Unidentified(DeadLetterReason.TOO_LARGE, "The product is too large."),
    )
    line.producer.produce(line.names.capture_dead_letters, key, value, headers).result(10)
    [found] = await letters(line, channel=CAPTURE)
    one = found.letter
    assert (one.tenant, one.product, one.reason) == ("shop", "P-7", "too_large")
    assert (one.message, one.sequence, found.standing) == ("The product is too large.", make_sequence(1), Standing.OPEN)


async def _has(line: Line, count: int) -> bool:
    return len(await line.dead_letters()) == count
