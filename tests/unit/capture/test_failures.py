"""Every failure of a change stream has its recovery."""

from __future__ import annotations

import pytest

from consumer.capture.failures import Recovery, classify_failure, cure

_RESUMABLE = frozenset({"ResumableChangeStreamError"})
_NOT_RESUMABLE = frozenset({"NonResumableChangeStreamError"})
_NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("code", "labels", "network", "recovery"),
    [
        (None, _NONE, True, Recovery.RESUME),  # connection cut, no server found
        (43, _NONE, False, Recovery.RESUME),  # CursorNotFound
        (237, _NONE, False, Recovery.RESUME),  # CursorKilled
        (11601, _NONE, False, Recovery.RESUME),  # Interrupted
        (189, _RESUMABLE, False, Recovery.RESUME),  # PrimarySteppedDown
        (11600, _RESUMABLE, True, Recovery.RESUME),  # InterruptedAtShutdown
        (10107, _RESUMABLE, True, Recovery.RESUME),  # NotWritablePrimary
        (99999, _RESUMABLE, False, Recovery.RESUME),  # whatever the server says is resumable
        (280, _NOT_RESUMABLE, False, Recovery.FALL_BACK_TO_TIME),
        (260, _NONE, False, Recovery.FALL_BACK_TO_TIME),
        (50811, _NONE, False, Recovery.FALL_BACK_TO_TIME),
        (286, _NOT_RESUMABLE, False, Recovery.HISTORY_LOST),
        (286, _RESUMABLE, False, Recovery.HISTORY_LOST),  # a label never hides lost history
        (136, _NONE, False, Recovery.RESUME),  # opening again tells whether history is lost
        *((code, _NONE, False, Recovery.FALL_BACK_TO_TIME) for code in (9, 15, 40647, 40649)),  # an unreadable token
        (10334, _NONE, False, Recovery.EVENT_TOO_LARGE),
        (13, _NONE, False, Recovery.FATAL),  # Unauthorized
        (40573, _NONE, False, Recovery.FATAL),  # no replica set
        (1, _NONE, False, Recovery.FATAL),
        (None, _NONE, False, Recovery.FATAL),
    ],
)
def test_recovery(code: int | None, labels: frozenset[str], network: bool, recovery: Recovery) -> None:
    assert classify_failure(code=code, labels=labels, network=network) is recovery


@pytest.mark.parametrize(("code", "words"), [(40573, "rs.initiate()"), (13, "changeStream"), (18, "MONGODB_URI")])
def test_fatal_failures_come_with_a_cure(code: int, words: str) -> None:
    assert words in cure(code)


def test_an_unknown_failure_is_said_to_be_unknown() -> None:
    assert "not one marketsync knows" in cure(4711)
    assert cure(None)
