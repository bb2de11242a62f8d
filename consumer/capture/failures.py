"""What to do when a change stream fails: a table from the server's answer to one of five recoveries. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum


class Recovery(StrEnum):
    """How to go on after a failure of the stream."""

    RESUME = "resume"
    """Open again after the last token; nothing is lost or repeated."""

    FALL_BACK_TO_TIME = "fall_back_to_time"
    """The token is refused although the history may be there: open at the token's cluster time, drop what was done."""

    HISTORY_LOST = "history_lost"
    """The oplog no longer reaches back to where we were: changes have been missed."""

    EVENT_TOO_LARGE = "event_too_large"
    """The next event with its documents is more than the server can put in one: read it without them."""

    FATAL = "fatal"
    """A person has to act, or it is a bug."""


UNKNOWN_STAGE = 40324
RESUMABLE_LABEL = "ResumableChangeStreamError"

# MongoDB's error codes (src/mongo/base/error_codes.yml). Network errors and what servers since 4.4 label as resumable,
# elections among it, need no code here.
_BY_CODE: Mapping[int, Recovery] = {
    43: Recovery.RESUME,  # CursorNotFound
    # CappedPositionLost: the oplog rolled over under the cursor. Only opening again tells whether anything was missed.
    136: Recovery.RESUME,
    # Not resumable by the driver specification: somebody killed cursor or operation on purpose. But a capture that
    # gave up then would be silence, and resuming repeats nothing.
    237: Recovery.RESUME,  # CursorKilled
    11601: Recovery.RESUME,  # Interrupted
    # The token is not found, of another kind, or malformed. A filter that now excludes the token's own event does it.
    280: Recovery.FALL_BACK_TO_TIME,  # ChangeStreamFatalError
    260: Recovery.FALL_BACK_TO_TIME,  # InvalidResumeToken
    # A token that this server cannot even read: another version wrote it, or it is damaged.
    50811: Recovery.FALL_BACK_TO_TIME,  # a key string of an unknown type
    40647: Recovery.FALL_BACK_TO_TIME,  # no _data
    40649: Recovery.FALL_BACK_TO_TIME,  # nothing in it
    15: Recovery.FALL_BACK_TO_TIME,  # Overflow: cut off
    9: Recovery.FALL_BACK_TO_TIME,  # FailedToParse: not hexadecimal
    286: Recovery.HISTORY_LOST,  # ChangeStreamHistoryLost
    10334: Recovery.EVENT_TOO_LARGE,  # BSONObjectTooLarge
}

_CURES: Mapping[int, str] = {
    13: "The MongoDB user needs the actions find and changeStream on the watched databases (several tenants: on all).",
    18: "Check user and password in MONGODB_URI.",
    40573: "Change streams need a replica set: start mongod with --replSet and run rs.initiate() once; one member"
    " will do.",
    UNKNOWN_STAGE: "The server is too old: MongoDB 6.0 or newer is needed.",
}


def classify_failure(*, code: int | None, labels: Set[str], network: bool) -> Recovery:
    """The recovery for a failure of opening or reading a change stream.

    code and labels: of the server's answer. network: the connection failed, or no usable server was found.
    """
    if code is not None and code in _BY_CODE:
        return _BY_CODE[code]
    if network or RESUMABLE_LABEL in labels:
        return Recovery.RESUME
    return Recovery.FATAL


def cure(code: int | None) -> str:
    """What a person does about a fatal failure."""
    return _CURES.get(code or 0, "The server's answer is not one marketsync knows; capture stops rather than guess.")
