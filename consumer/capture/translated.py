"""What a batch of changes came to, on its way into a transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from consumer.capture.positions import Position
from consumer.capture.records import Record


@dataclass(slots=True)
class Translated:
    """What a batch came to. The counts are by operation, noise reason and dead letter reason.

    position: None when there is nothing yet to go on from. size: bytes read. written: when, in naive UTC, and how many
    changes then.
    """

    records: list[Record]
    position: Position | None
    changes: int
    size: int
    written: Counter[datetime] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
