"""What is left out of a record that is too large, step by step."""

from __future__ import annotations

import pytest

from consumer.delivery.commands import Letter
from consumer.delivery.too_large import smaller
from consumer.kafka import RecordTooLargeError
from tests.unit.delivery.making import make_record, make_work

TOO_LARGE = RecordTooLargeError("Message size too large")


def test_value_headers_and_key_are_left_out_one_after_the_other_and_then_it_is_told() -> None:
    record = make_record()
    work = make_work()
    worded = smaller(Letter(work.ticket, record, work, None, "too_large", TOO_LARGE), TOO_LARGE)
    assert (worded.record.value, worded.record.key) == (None, record.key)
    assert str(worded.error) == (
        f"Message size too large; its value of {len(record.value or b'')} bytes is left out: Message size too large"
    )
    bare = smaller(worded, TOO_LARGE)
    assert (bare.record.headers, bare.record.key) == ((), record.key)
    nothing = smaller(bare, TOO_LARGE)
    assert nothing.record.key is None
    with pytest.raises(RecordTooLargeError):
        smaller(nothing, TOO_LARGE)
