"""Records of retry topics: the event as it was, with what is needed to go on. One record concerns one account.

One topic per delay, so that nothing waits longer than that delay behind others. The topics have as many partitions as
the product topics and the same keys, so one process owns a product in all of them. A retry record is an old state on
purpose: when it comes due and a newer state was planned meanwhile, it is superseded like any other (promise 3).
"""

from __future__ import annotations

from dataclasses import dataclass

from consumer.delivery.origin import (
    Origin,
    foreign_headers,
    milliseconds,
    number,
    origin_headers,
    origin_of,
    texts,
)
from consumer.errors import UndecodableEventError
from consumer.events import Headers
from consumer.kafka.records import Record

ACCOUNT = "marketsync-account"
ATTEMPTS = "retry_topic-attempts"
DUE = "retry_topic-backoff-timestamp"
_FIRST_FAILURE = "marketsync-first-failure"
_LAST_ERROR = "marketsync-last-error"
_SUSPECT = "marketsync-suspect-since"


@dataclass(frozen=True, slots=True)
class Retry:
    """What a retry record adds to its event.

    account: the only one it concerns. attempts: tries that failed. first_failure, due: seconds since 1970. origin: the
    product topic's record. error: the last failure's kind. suspect: as of `Work`, but in seconds since 1970.
    """

    account: str
    attempts: int
    first_failure: float | None
    due: float
    origin: Origin
    error: str
    suspect: float | None = None


def retry_headers(record: Record, retry: Retry) -> Headers:
    """The headers of a retry record for the event in `record`."""
    added = [
        (ACCOUNT, retry.account.encode()),
        (ATTEMPTS, str(retry.attempts).encode()),
        (DUE, milliseconds(retry.due)),
        (_LAST_ERROR, retry.error.encode()),
        *origin_headers(retry.origin),
    ]
    if retry.first_failure is not None:
        added.append((_FIRST_FAILURE, milliseconds(retry.first_failure)))
    if retry.suspect is not None:
        added.append((_SUSPECT, milliseconds(retry.suspect)))
    return foreign_headers(record.headers) + added


def read_retry(record: Record) -> Retry:
    """What a record of a retry topic says. Raises UndecodableEventError naming the header."""
    headers = texts(record.headers)
    if not headers.get(ACCOUNT):
        raise UndecodableEventError(ACCOUNT, "is missing; every retry record names one account")
    return Retry(
        account=headers[ACCOUNT],
        attempts=int(number(headers, ATTEMPTS)),
        first_failure=number(headers, _FIRST_FAILURE) / 1000 if _FIRST_FAILURE in headers else None,
        due=number(headers, DUE) / 1000,
        origin=origin_of(record),
        error=headers.get(_LAST_ERROR, ""),
        suspect=number(headers, _SUSPECT) / 1000 if _SUSPECT in headers else None,
    )


def held_until(record: Record, delay: float) -> float:
    """Until when a record of the topic with this delay is kept back, seconds since 1970.

    Not beyond the topic's own delay, even where the record itself is due much later: those behind it are due before.
    """
    due = texts(record.headers).get(DUE, "")
    topic_ends = record.timestamp + delay
    try:
        return min(float(due) / 1000, topic_ends)
    except ValueError:
        return topic_ends
