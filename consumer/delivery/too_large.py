"""What becomes of a record that Kafka does not take because of its size. Pure.

A retry becomes a dead letter (its bounded reason stands here); a dead letter leaves its value out, which is told in
words, and then all else that is not needed to find the record again. So no record ever stops a worker, and none is
dropped in silence.
"""

from __future__ import annotations

from dataclasses import replace

from consumer.delivery.commands import Letter
from consumer.errors import MarketsyncError

TOO_LARGE = "too_large"


class LeftOutError(MarketsyncError):
    """Kafka took the record only without a part of it."""


def smaller(letter: Letter, error: Exception) -> Letter:
    """The dead letter to write instead. Raises `error` where there is nothing left to leave out."""
    record = letter.record
    if record.value:
        words = f"{letter.error}; its value of {len(record.value)} bytes is left out: {error}"
        return replace(letter, record=replace(record, value=None), error=LeftOutError(words))
    if record.headers:
        return replace(letter, record=replace(record, headers=()))
    if record.key:
        return replace(letter, record=replace(record, key=None))
    raise error
