"""What the client of Kafka says of a transaction, as the three ways to go on."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from consumer.errors import FencedError, UnavailableError
from consumer.kafka import TransactionAbortedError, TransactionalProducer


class Client:
    """Kafka's client with answers from a script: a commit or a produce fails so, an abort works."""

    def __init__(self, *failures: KafkaError) -> None:
        self.failures = list(failures)
        self.aborted = 0

    def produce(self, *_: Any, **__: Any) -> None:
        raise KafkaException(self.failures.pop(0))

    def commit_transaction(self, _timeout: float) -> None:
        if self.failures:
            raise KafkaException(self.failures.pop(0))

    def abort_transaction(self, _timeout: float) -> None:
        self.aborted += 1


def producer(client: Client) -> TransactionalProducer:
    made = TransactionalProducer("nowhere:1", "id", max_message_bytes=1_000_000, timeout=10)
    made._client = client
    return made


def abortable(code: int) -> KafkaError:
    return KafkaError(code, "in the client's words", txn_requires_abort=True)


@pytest.mark.parametrize(
    ("error", "ours", "aborts"),
    [
        (KafkaError(KafkaError._FENCED, "", fatal=True), FencedError, 0),
        (KafkaError(KafkaError.INVALID_PRODUCER_EPOCH, "", fatal=True), FencedError, 0),
        (KafkaError(KafkaError.PRODUCER_FENCED, "", fatal=True), FencedError, 0),
        (KafkaError(KafkaError.INVALID_TXN_STATE, "", fatal=True), UnavailableError, 0),
        (KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "", fatal=True), UnavailableError, 0),
        (abortable(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER), TransactionAbortedError, 1),
        (abortable(KafkaError._MSG_TIMED_OUT), TransactionAbortedError, 1),
        (abortable(KafkaError.MSG_SIZE_TOO_LARGE), UnavailableError, 1),
        (abortable(KafkaError._INCONSISTENT), UnavailableError, 1),
    ],
)
def test_a_failed_commit_ends_in_one_of_three_ways(error: KafkaError, ours: type[Exception], aborts: int) -> None:
    client = Client(error)
    with pytest.raises(ours):
        producer(client).commit()
    assert client.aborted == aborts


def test_what_may_be_repeated_is_repeated() -> None:
    busy = KafkaError(KafkaError._TIMED_OUT, "", retriable=True)
    client = Client(busy, busy, busy)
    producer(client).commit()
    assert client.failures == []


def test_a_stop_ends_the_repetition() -> None:
    client = Client(*[KafkaError(KafkaError._TIMED_OUT, "", retriable=True)] * 3)
    stopped = producer(client)
    stopped.cancel()
    with pytest.raises(UnavailableError):
        stopped.commit()


def test_a_record_that_comes_after_the_failure_is_told_what_failed() -> None:
    client = Client(KafkaError(KafkaError._STATE), abortable(KafkaError.MSG_SIZE_TOO_LARGE))
    with pytest.raises(UnavailableError, match="in the client's words"):
        producer(client).produce("topic", b"key", b"value")
    assert client.aborted == 1
