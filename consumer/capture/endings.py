"""What a failure of a whole term means: whether waiting helps, in words for an operator."""

from __future__ import annotations

from consumer.capture.failures import Recovery, classify_failure, cure
from consumer.capture.stream import CaptureFailedError
from consumer.errors import UnavailableError
from consumer.kafka import TransactionAbortedError
from consumer.mongo.change_stream import ChangeStreamError


def raise_fatal(error: Exception) -> None:
    """Raise CaptureFailedError when no waiting helps."""
    if isinstance(error, ChangeStreamError):
        recovery = classify_failure(code=error.code, labels=error.labels, network=error.network)
        if recovery is not Recovery.RESUME:
            raise CaptureFailedError(f"The change stream cannot be opened: {error}. {cure(error.code)}") from error


def in_words(error: Exception) -> UnavailableError:
    """What cannot be used now."""
    if isinstance(error, UnavailableError):
        return error
    if isinstance(error, TransactionAbortedError):
        return UnavailableError(str(error))
    return UnavailableError(f"MongoDB cannot be used: {error}. Is it running, and is MONGODB_URI right?")
