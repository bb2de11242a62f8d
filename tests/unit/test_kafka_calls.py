"""Calls of Kafka's client that must not be made."""

from __future__ import annotations

from pathlib import Path

import consumer

_CODE = Path(consumer.__file__).parent


def test_nobody_makes_the_call_that_ends_the_process() -> None:
    """It cannot be provoked at will: the broker has to move a group's coordinator in that very moment."""
    made = [str(path) for path in _CODE.rglob("*.py") if "list_consumer_group_offsets(" in path.read_text("utf-8")]
    assert made == [], "use consumer.kafka.groups (librdkafka, issue 5040)"
