"""What keeps the embedded servers from running, always one line with its cure."""

from __future__ import annotations

from consumer.errors import MarketsyncError

ELSEWHERE = "or set MONGODB_URI and KAFKA_BOOTSTRAP_SERVERS to servers that run elsewhere"


class EmbeddedError(MarketsyncError):
    """The embedded servers cannot run here as things are; the message says what to do."""
