"""What we write to Kafka and read back: retry records and dead letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from adapters.errors import ChannelUnavailableError
from consumer.delivery.commands import Letter
from consumer.delivery.dead_letters import GivenUp, dead_letter_headers
from consumer.delivery.intake import Intake, Sources
from consumer.delivery.lanes import Lane
from consumer.delivery.letters import Letters, Outgoing
from consumer.delivery.offsets import Ticket
from consumer.delivery.origin import Origin, origin_headers
from consumer.delivery.retry import RetryTopic
from consumer.delivery.retry_topics import held_until
from consumer.delivery.work import AccountKey, Work
from consumer.errors import UndecodableEventError
from consumer.events import FORCE, JOB, LASTING, REDRIVES, TARGET_ACCOUNT, TARGET_CHANNEL, read_sequence
from consumer.kafka import TopicNames
from consumer.kafka.records import Partition, Record
from consumer.listings.state import ListingKey
from consumer.markers import SnapshotCause, SnapshotCompleted, encode_marker
from tests.planted import plant
from tests.unit.delivery.making import CHANNEL, START, make_event, make_record

NAMES = TopicNames("t.")
LETTERS = Letters(CHANNEL, "a-group", NAMES)
ACCOUNTS = (AccountKey("shop", "default"), AccountKey("shop", "outlet"), AccountKey("other", "default"))
INTAKE = Intake(CHANNEL, ACCOUNTS, Sources(frozenset({"resync"}), partial(NAMES.delay_of, CHANNEL)))
# The core's clock began when the wall clock said this.
SHIFT = float(START)
# Where a state that a job sends again first came from.
MOVED = origin_headers(Origin("updated", 1, 5, START))
DOWN = ChannelUnavailableError("out of order")


def ticket_of(record: Record) -> Ticket:
    return Ticket(record.place, record.offset, 1)


def taken_in(record: Record) -> list[Work]:
    return INTAKE.works(record, ticket_of(record), SHIFT)


def headers(out: Outgoing) -> dict[str, str]:
    return {name: value.decode() for name, value in out.headers}


def as_record(out: Outgoing, at: float = START) -> Record:
    return Record(out.topic, 0, 7, out.key, out.value, tuple(out.headers), at)


def retry_letter(work: Work, due: float) -> Outgoing:
    waiting = replace(work, attempts=work.attempts + 1, first_failure=5.0, due=due)
    retry = RetryTopic(10, due, burned=True)
    return LETTERS.outgoing(Letter(work.ticket, work.record, waiting, retry, None, DOWN), 6.0, SHIFT)


def test_a_marker_is_no_product_and_no_dead_letter() -> None:
    marker = SnapshotCompleted(
        "s", "shop", read_sequence(7, 1), datetime(2026, 11, 23, tzinfo=UTC), SnapshotCause.GAP, 9
    )
    key, value, written = encode_marker(marker)
    assert taken_in(Record("resync", 0, 7, key, value, tuple(written), START)) == []


def test_an_event_concerns_every_account_of_its_tenant_and_no_other() -> None:
    works = taken_in(make_record(make_event("P-1", 3, tenant="shop")))
    assert [work.key for work in works] == [
        ListingKey(CHANNEL, "default", "shop", "P-1"),
        ListingKey(CHANNEL, "outlet", "shop", "P-1"),
    ]
    assert taken_in(make_record(make_event(tenant="stranger"))) == []


def test_what_comes_from_the_resync_topic_is_background_also_after_a_retry() -> None:
    [work, _] = taken_in(make_record(topic="resync"))
    assert work.lane is Lane.BACKGROUND
    [again] = taken_in(as_record(retry_letter(work, due=16.0)))
    assert again.lane is Lane.BACKGROUND


def targeted(record: Record, *headers: tuple[str, bytes]) -> Record:
    return replace(record, headers=(*record.headers, *headers))


def test_a_record_for_another_channel_is_not_ours() -> None:
    record = make_record(topic="resync")
    assert INTAKE.concerns(record)
    assert INTAKE.concerns(targeted(record, (TARGET_CHANNEL, CHANNEL.encode())))
    assert not INTAKE.concerns(targeted(record, (TARGET_CHANNEL, b"elsewhere")))


def test_a_record_may_be_for_one_account_alone_and_forced() -> None:
    [work] = taken_in(targeted(make_record(topic="resync"), (TARGET_ACCOUNT, b"outlet"), (FORCE, b"1")))
    assert (work.key.account, work.force, work.lane) == ("outlet", True, Lane.BACKGROUND)
    assert taken_in(targeted(make_record(topic="resync"), (TARGET_ACCOUNT, b"nobody"))) == []


def test_what_a_job_sent_stays_its_own_through_retries_and_dead_letters() -> None:
    sent = targeted(make_record(topic="resync"), (FORCE, b"1"), (JOB, b"j1"), (REDRIVES, b"2"), *MOVED)
    hop = as_record(retry_letter(taken_in(sent)[0], due=16.0))
    [work] = taken_in(hop)
    assert (work.force, work.lane) == (True, Lane.BACKGROUND), "it came from a live topic, yet nobody waits for it"
    out = LETTERS.outgoing(Letter(work.ticket, hop, work, None, "exhausted", DOWN), 65.0, SHIFT)
    assert {name: headers(out)[name] for name in LASTING} == {FORCE: "1", JOB: "j1", REDRIVES: "2"}
    assert len(out.headers) == len({name for name, _ in out.headers})


def test_a_retry_record_brings_back_one_account_with_its_history() -> None:
    record = make_record(make_event("P-1", 3), topic="updated", partition=2, offset=99)
    out = retry_letter(taken_in(record)[1], due=16.0)
    assert out.topic == "t.marketsync.memory.retry.10s"
    assert (out.key, out.value) == (record.key, record.value)
    [work] = taken_in(as_record(out))
    assert work.key == ListingKey(CHANNEL, "outlet", "shop", "P-1")
    assert (work.attempts, work.first_failure, work.due) == (1, 5.0, 16.0)
    assert headers(out)["kafka_original-topic"] == "updated"
    assert headers(out)["kafka_original-partition"] == "2"
    assert headers(out)["kafka_original-offset"] == "99"
    assert headers(out)["marketsync-last-error"] == "channel_unavailable"


def test_headers_do_not_pile_up_over_many_hops_and_the_origin_stays() -> None:
    record = make_record(topic="updated", partition=2, offset=99)
    hop = as_record(retry_letter(taken_in(record)[0], due=16.0))
    for attempt in range(2, 6):
        out = retry_letter(taken_in(hop)[0], due=16.0)
        hop = as_record(out)
        assert headers(out)["retry_topic-attempts"] == str(attempt)
        assert (headers(out)["kafka_original-topic"], headers(out)["kafka_original-offset"]) == ("updated", "99")
        assert len(out.headers) == len({name for name, _ in out.headers})
        assert dict(record.headers).items() <= dict(out.headers).items()


def test_an_account_that_is_gone_owes_nothing() -> None:
    out = retry_letter(taken_in(make_record())[1], due=16.0)
    alone = Intake(CHANNEL, ACCOUNTS[:1], Sources(frozenset(), partial(NAMES.delay_of, CHANNEL)))
    record = as_record(out)
    assert alone.works(record, ticket_of(record), SHIFT) == []


@pytest.mark.parametrize("missing", ["marketsync-account", "retry_topic-attempts", "retry_topic-backoff-timestamp"])
def test_a_retry_record_without_its_headers_is_undecodable(missing: str) -> None:
    record = as_record(retry_letter(taken_in(make_record())[0], due=16.0))
    broken = replace(record, headers=tuple((n, v) for n, v in record.headers if n != missing))
    with pytest.raises(UndecodableEventError, match=missing):
        taken_in(broken)


def test_a_retry_record_is_held_until_due_but_never_longer_than_its_topic() -> None:
    record = as_record(retry_letter(taken_in(make_record())[0], due=6.0))
    assert INTAKE.held_until(record, SHIFT) == 6.0
    later = as_record(retry_letter(taken_in(make_record())[0], due=500.0), at=START + 3)
    assert INTAKE.held_until(later, SHIFT) == 13.0
    assert INTAKE.held_until(make_record(), SHIFT) == 0.0
    assert held_until(replace(record, headers=()), 10) == START + 10


def test_a_dead_letter_keeps_the_bytes_and_says_why() -> None:
    record = make_record(make_event("P-1", 3), partition=2, offset=99)
    work = replace(taken_in(record)[1], attempts=4, first_failure=5.0)
    out = LETTERS.outgoing(Letter(work.ticket, record, work, None, "exhausted", DOWN), 65.0, SHIFT)
    assert (out.topic, out.key, out.value) == ("t.marketsync.memory.dead-letters", record.key, record.value)
    assert headers(out) == {name: value.decode() for name, value in record.headers} | {
        "kafka_dlt-original-topic": "updated",
        "kafka_dlt-original-partition": "2",
        "kafka_dlt-original-offset": "99",
        "kafka_dlt-original-timestamp": str(START * 1000),
        "kafka_dlt-original-consumer-group": "a-group",
        "kafka_dlt-exception-fqcn": "adapters.errors.ChannelUnavailableError",
        "kafka_dlt-exception-message": "out of order",
        "marketsync-channel": CHANNEL,
        "marketsync-tenant": "shop",
        "marketsync-account": "outlet",
        "marketsync-reason": "exhausted",
        "marketsync-attempts": "4",
        "marketsync-first-failure": str((START + 5) * 1000),
        "marketsync-last-failure": str((START + 65) * 1000),
    }


def test_a_dead_letter_from_a_retry_topic_names_the_first_record() -> None:
    hop = as_record(retry_letter(taken_in(make_record(topic="updated", partition=2, offset=99))[0], due=16.0))
    [work] = taken_in(hop)
    out = LETTERS.outgoing(Letter(work.ticket, hop, work, None, "bug", RuntimeError("x" * 5000)), 65.0, SHIFT)
    found = headers(out)
    assert (found["kafka_dlt-original-topic"], found["kafka_dlt-original-offset"]) == ("updated", "99")
    assert not any(name.startswith(("retry_topic-", "kafka_original-")) for name in found)
    assert len(found["kafka_dlt-exception-message"]) == 1000


def test_what_cannot_be_read_at_all_is_kept_as_it_is() -> None:
    record = Record("updated", 1, 5, None, None, (("odd", b"\xff"), ("kafka_original-topic", b"lie")), 0.0)
    error = UndecodableEventError("value", "is empty")
    out = LETTERS.outgoing(
        Letter(Ticket(Partition("updated", 1), 5, 1), record, None, None, "undecodable", error), 1, 0
    )
    assert (out.key, out.value) == (None, None)
    assert ("odd", b"\xff") in out.headers
    found = dict(out.headers)
    assert found["marketsync-account"] == b""
    assert found["kafka_dlt-original-topic"] == b"updated"
    assert found["kafka_dlt-exception-message"] == b"value: is empty"


def test_a_dead_letter_keeps_no_secret_that_an_error_picked_up() -> None:
    error = RuntimeError(f"no answer to Authorization: Bearer {plant('token')}")
    why = GivenUp("group", CHANNEL, "shop", "default", "bug", 1, START, START, error)
    found = dict(dead_letter_headers(make_record(make_event("A", 1)), why))
    assert found["kafka_dlt-exception-message"] == b"no answer to Authorization: Bearer ***"
