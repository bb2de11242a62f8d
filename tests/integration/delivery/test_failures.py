"""What goes wrong on the channel, in the data, in our own servers: where each listing ends, and that others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.errors import (
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    RateLimitedError,
    RejectedListingError,
    TemporaryError,
)
from adapters.memory import MemoryAdapter
from consumer.delivery.assembly import KafkaWriter
from consumer.delivery.letters import Outgoing
from consumer.delivery.origin import origin_of
from consumer.delivery.retry_topics import Retry, retry_headers
from consumer.delivery.worker import DeliveryWorker
from consumer.errors import UnavailableError
from consumer.events import Operation
from consumer.kafka import ReliableProducer
from consumer.kafka.records import Record
from consumer.listings.state import ListingState, Status
from consumer.listings.store import ListingStore
from consumer.mongo import PyMongoError
from tests.integration.delivery.conftest import TOPICS, Line
from tests.unit.delivery.making import CHANNEL, START, make_event, make_record
from tests.waiting import eventually

DOWN = ChannelUnavailableError("out of order")


def headers(record: Record) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


async def state_of(line: Line, code: str, account: str = "default") -> ListingState:
    state = await line.state(code, account)
    assert state is not None
    return state


async def test_a_passing_failure_is_tried_again_in_memory(line: Line) -> None:
    line.channel.faults.fail("P-1", DOWN, times=2)
    await line.publish(make_event("P-1", 1), make_event("P-2", 2))
    async with line.running():
        await line.shows("P-1", 1)
        await line.shows("P-2", 2)
        await line.settles()
    assert line.metric("retries_total", account="shop/default", reason="channel_unavailable", place="memory") == 2
    assert line.metric("retries_total", account="shop/default", reason="channel_unavailable", place="topic") == 0


async def test_a_lost_answer_is_sent_again(line: Line) -> None:
    line.channel.faults.lose_answer("P-1")
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.settles()
    assert line.versions("P-1") == [1, 1]
    assert (await state_of(line, "P-1")).status is Status.LIVE


async def test_a_long_wait_is_spent_in_a_retry_topic_and_frees_the_offset(line: Line) -> None:
    line.channel.faults.fail("P-1", ChannelUnavailableError("maintenance", delay=0.8))
    event = make_event("P-1", 1)
    await line.publish(event)
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
    [record] = await line.retries(1)
    found = headers(record)
    assert found["marketsync-account"] == "default"
    assert found["retry_topic-attempts"] == "0", "nobody knows whether the listing or the channel was at fault"
    assert "marketsync-suspect-since" in found
    assert found["kafka_original-topic"] == line.names.of(Operation.UPDATED)
    assert found["marketsync-last-error"] == "channel_unavailable"
    assert float(found["retry_topic-backoff-timestamp"]) > float(found["marketsync-first-failure"])
    assert found["ce_id"] == event.id
    assert line.versions("P-1") == [1, 1]


async def test_an_old_state_that_comes_back_from_a_retry_topic_is_not_sent(line: Line) -> None:
    line.channel.faults.fail("P-1", ChannelUnavailableError("maintenance", delay=0.8))
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await eventually(lambda: line.versions("P-1") == [1], 20)
        reason = {"account": "shop/default", "reason": "channel_unavailable"}
        await eventually(lambda: line.metric("retries_total", place="topic", **reason) == 1, 20)
        await line.publish(make_event("P-1", 2))
        await line.shows("P-1", 2)
        await line.settles()
    assert line.versions("P-1") == [1, 2]
    assert line.metric("superseded_total", account="shop/default") == 1


async def test_what_fails_too_often_becomes_a_dead_letter(line: Line) -> None:
    line.channel.faults.fail("P-1", TemporaryError("out of order", code="X1"), times=99)
    await line.publish(make_event("P-1", 1), make_event("P-2", 2))
    async with line.running():
        await line.shows("P-2", 2)
        await line.settles()
    [letter] = await line.dead_letters()
    found = headers(letter)
    assert letter.key == b"shop/P-1"
    assert found["kafka_dlt-original-topic"] == line.names.of(Operation.UPDATED)
    assert found["kafka_dlt-original-offset"].isdigit()
    assert found["kafka_dlt-original-partition"].isdigit()
    assert int(found["kafka_dlt-original-timestamp"]) > 1_600_000_000_000
    assert found["kafka_dlt-exception-fqcn"] == "adapters.errors.TemporaryError"
    assert found["kafka_dlt-exception-message"] == "out of order"
    assert found["marketsync-reason"] == "exhausted"
    assert found["marketsync-attempts"] == "4"
    assert (found["marketsync-channel"], found["marketsync-tenant"]) == (CHANNEL, "shop")
    assert (found["marketsync-account"], found["ce_id"]) == ("default", "event-1")
    assert int(found["marketsync-first-failure"]) <= int(found["marketsync-last-failure"])
    assert len(line.versions("P-1")) == 4
    assert (await state_of(line, "P-1")).status is Status.DEAD_LETTER
    assert line.metric("dead_letters_total", reason="exhausted") == 1


async def test_an_outage_gives_up_nothing_and_the_newest_states_arrive_afterwards(line: Line) -> None:
    line.settings = line.settings.model_copy(update={"outage_ceiling": 0.8, "attempts": 2})
    line.channel.faults.halt(DOWN)
    down = {"account": "shop/default"}
    async with line.running():
        await line.publish(*(make_event(f"P-{n}", n) for n in range(1, 61)))
        await eventually(lambda: line.metric("channel_down", **down) == 1, 20)
        # Long enough for every listing to have gone round more often than it has attempts.
        topic = {"account": "shop/default", "reason": "channel_unavailable", "place": "topic"}
        await eventually(lambda: line.metric("retries_total", **topic) > 4 * 60, 40)
        await line.publish(*(make_event(f"P-{n}", 100 + n) for n in range(1, 61)))
        await eventually(lambda: line.metric("retries_total", **topic) > 6 * 60, 40)
        tried = line.channel.calls
        line.channel.faults.halt(None)
        for n in range(1, 61):
            await line.shows(f"P-{n}", 100 + n)
        await line.settles()
        await eventually(lambda: line.metric("channel_down", **down) == 0, 20)
    assert await line.dead_letters() == []
    assert tried < 60, "a channel that is down is asked rarely"
    assert all(line.versions(f"P-{n}")[-1] == 100 + n for n in range(1, 61))


async def test_a_listing_that_always_times_out_is_given_up_and_its_neighbours_arrive(line: Line) -> None:
    line.channel.faults.fail("P-1", DOWN, times=99)
    await line.publish(make_event("P-1", 1))
    numbers = iter(range(2, 1000))

    async def given_up() -> bool:
        """Whether it is by now, while its neighbours go on."""
        await line.publish(make_event("P-2", number := next(numbers)))
        await line.shows("P-2", number)
        return line.metric("dead_letters_total", reason="exhausted") == 1

    async with line.running():
        await eventually(given_up, 40)
        await line.settles()
    assert (await state_of(line, "P-1")).status is Status.DEAD_LETTER
    assert line.metric("channel_down", account="shop/default") == 0


async def test_a_setting_that_fails_for_one_listing_does_not_halt_the_account(line: Line) -> None:
    wrong = ConfigurationError("25007 the policy does not ship this")
    line.channel.faults.fail("P-1", wrong, times=99)
    await line.publish(*(make_event(f"P-{n}", n) for n in range(1, 5)))
    # Long enough for all four to be in one call.
    async with line.running(line.make_worker(line.settings.model_copy(update={"linger": 1}))):
        await line.settles()
        await line.publish(make_event("P-5", 5))
        await line.shows("P-5", 5)
    state = await state_of(line, "P-1")
    assert state.status is Status.REFUSED
    assert "25007" in str(state.problems)
    assert line.metric("halted", account="shop/default") == 0


async def test_what_waits_in_the_topic_of_a_removed_delay_still_comes(line: Line) -> None:
    record = make_record(make_event("P-1", 1), topic=line.names.of(Operation.UPDATED))
    waiting = retry_headers(record, Retry("default", 1, START, START, origin_of(record), "channel_unavailable"))
    topic = line.names.retry(CHANNEL, 1)
    await asyncio.wrap_future(line.producer.produce(topic, record.key, record.value, waiting))
    line.settings = line.settings.model_copy(update={"retry_delays": (2,)})
    async with line.running():
        await line.shows("P-1", 1)


async def test_a_bug_is_tried_again_and_then_given_up(line: Line) -> None:
    line.channels["default"] = MemoryAdapter(CHANNEL, batch_size=1)
    line.channel.faults.crash("P-1", RuntimeError("never thought of that"), times=99)
    await line.publish(make_event("P-1", 1), make_event("P-2", 2))
    async with line.running():
        await line.shows("P-2", 2)
        await line.settles()
    [letter] = await line.dead_letters()
    assert headers(letter)["marketsync-reason"] == "bug"
    assert headers(letter)["kafka_dlt-exception-fqcn"] == "builtins.RuntimeError"
    assert (await state_of(line, "P-1")).status is Status.DEAD_LETTER


async def test_a_record_that_cannot_be_read_becomes_a_dead_letter_as_it_is(line: Line) -> None:
    topic = line.names.of(Operation.UPDATED)
    await line.publish_bytes(topic, b"\xff\xfe", b"\x00 not JSON")
    await line.publish_bytes(topic, None, None)
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
    letters = await line.dead_letters()
    assert {(letter.key, letter.value) for letter in letters} == {(b"\xff\xfe", b"\x00 not JSON"), (None, None)}
    assert all(headers(letter)["marketsync-reason"] == "undecodable" for letter in letters)
    assert all(headers(letter)["who"] == "a stranger" for letter in letters)
    assert all(headers(letter)["kafka_dlt-original-topic"] == topic for letter in letters)
    assert line.metric("dead_letters_total", reason="undecodable") == 2


async def test_a_refused_listing_is_a_problem_and_no_dead_letter(line: Line) -> None:
    line.channel.faults.fail("P-1", RejectedListingError("brand not allowed", code="4711"))
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.settles()
    state = await state_of(line, "P-1")
    assert state.status is Status.REFUSED
    assert "brand not allowed" in state.problems[0].message
    assert await line.dead_letters() == []


async def test_a_listing_the_channel_lost_is_created_again(line: Line) -> None:
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        line.channel.listings.clear()
        await line.publish(make_event("P-1", 2))
        await line.shows("P-1", 2)
        await line.settles()
    assert (await state_of(line, "P-1")).status is Status.LIVE


async def test_an_invalid_product_is_a_problem_and_calls_nothing(line: Line) -> None:
    await line.publish(make_event("P-1", 1, pricing=...))
    async with line.running():
        await line.settles()
    assert (await state_of(line, "P-1")).status is Status.INVALID
    assert line.channel.calls == 0


async def test_p5_a_halted_account_stops_alone_and_is_owed_its_newest_states(line: Line) -> None:
    line.channels = {"default": MemoryAdapter(CHANNEL), "outlet": MemoryAdapter(CHANNEL, batch_size=2)}
    outlet = line.channels["outlet"]
    outlet.faults.halt(AuthenticationError("token revoked", status=401))
    await line.publish(*(make_event(f"P-{n}", n) for n in range(1, 31)))
    async with line.running():
        for number in range(1, 31):
            await line.shows(f"P-{number}", number, "default")
        await line.settles()
        assert line.metric("halted", account="shop/outlet") == 1
        calls = outlet.calls
        line.keep(*((f"P-{n}", n + 100) for n in range(1, 31)))
        outlet.faults.halt(None)
        for number in range(1, 31):
            await line.shows(f"P-{number}", number + 100, "outlet")
            assert line.versions(f"P-{number}", "outlet")[-1:] == [number + 100]
        assert line.metric("halted", account="shop/outlet") == 0
        assert line.title("P-1") == "Trapano P-1 versione 1", "the other account owes nothing"
    # Calls that were under way when the first refusal came.
    assert calls <= line.settings.concurrency
    assert await line.retries(2) == []
    assert await line.dead_letters() == []


async def test_being_throttled_burns_no_attempt(line: Line) -> None:
    line.channel.faults.fail_account(RateLimitedError("slow down", delay=0.05), times=6)
    await line.publish(make_event("P-1", 1))
    async with line.running():
        await line.shows("P-1", 1)
        await line.settles()
    assert await line.dead_letters() == []
    assert line.metric("retries_total", account="shop/default", reason="rate_limited", place="memory") == 6


class FlakyStore(ListingStore):
    """Our own MongoDB, away for a while: every step fails, or has its effect and fails all the same."""

    away = 0
    after_effect = 0

    async def load(self, ids: object) -> dict[str, ListingState]:
        self._fail_if_away()
        return await super().load(ids)  # type: ignore[arg-type]  # passed through

    async def store_outcomes(self, states: Sequence[ListingState]) -> set[str]:
        self._fail_if_away()
        lost = await super().store_outcomes(states)
        if self.after_effect:
            self.after_effect -= 1
            raise PyMongoError("the answer got lost")
        return lost

    def _fail_if_away(self) -> None:
        if self.away:
            self.away -= 1
            raise PyMongoError("no primary")


async def test_a_worker_whose_store_is_away_says_that_it_delivers_nothing(line: Line) -> None:
    store = FlakyStore(line.store._collection, TOPICS.partitions)
    line.store = store
    store.away = 10_000
    worker = line.make_worker()
    await line.publish(make_event("P-1", 1))
    async with line.running(worker):
        await eventually(lambda: worker.unready() == ["MongoDB cannot be used, nothing is delivered"], 20)
        store.away = 0
        await line.shows("P-1", 1)
        await eventually(lambda: worker.unready() == [], 20)


async def test_while_our_own_store_is_away_everything_waits_and_nothing_is_lost(line: Line) -> None:
    store = FlakyStore(line.store._collection, TOPICS.partitions)
    line.store = store
    store.away = 3
    store.after_effect = 1
    await line.publish(*(make_event(f"P-{n}", n) for n in range(1, 6)))
    async with line.running():
        for number in range(1, 6):
            await line.shows(f"P-{number}", number)
        store.away = 2
        await line.publish(make_event("P-1", 7))
        await line.shows("P-1", 7)
        await line.settles()
    assert (await state_of(line, "P-1")).status is Status.LIVE
    assert await line.dead_letters() == []
    for number in range(1, 6):
        assert line.versions(f"P-{number}") == sorted(line.versions(f"P-{number}"))


class BrokenWriter:
    """Kafka takes no letters."""

    def start(self) -> None:
        pass

    async def write(self, records: Sequence[Outgoing]) -> list[Exception | None]:
        raise UnavailableError("Kafka is away")

    async def close(self) -> None:
        pass


async def test_a_dead_letter_that_cannot_be_written_stops_the_worker_and_is_not_dropped(line: Line) -> None:
    await line.publish_bytes(line.names.of(Operation.UPDATED), b"k", b"not JSON")
    parts = line.make_worker().parts
    broken = DeliveryWorker(replace(parts, writer=BrokenWriter()), lambda _: None)
    with pytest.raises(UnavailableError, match="Kafka is away"):
        await asyncio.wait_for(broken.run(), 20)
    assert not line.is_settled()
    async with line.running():
        await line.settles()
    [letter] = await line.dead_letters()
    assert letter.value == b"not JSON"


async def test_a_record_too_large_for_its_retry_topic_is_a_dead_letter_and_the_worker_goes_on(line: Line) -> None:
    """Its value is left out, and that is told, where the dead letters do not take it either."""
    line.channel.faults.fail("P-1", ChannelUnavailableError("maintenance", delay=30))
    await line.publish(make_event("P-1", 1, description={"it": "x" * 5000}), make_event("P-2", 2))
    parts = line.make_worker().parts
    narrow = ReliableProducer(line.endpoints.kafka_bootstrap_servers, max_message_bytes=4000)
    async with line.running(DeliveryWorker(replace(parts, writer=KafkaWriter(narrow, 5.0)), lambda _: None)):
        await line.shows("P-2", 2)
        await line.settles()
    [letter] = await line.dead_letters()
    assert letter.value is None
    assert headers(letter)["marketsync-reason"] == "too_large"
    assert "is left out" in headers(letter)["kafka_dlt-exception-message"]
