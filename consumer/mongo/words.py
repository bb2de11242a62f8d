"""MongoDB's failures in one line for an operator."""

from __future__ import annotations

from pymongo.errors import (
    ConfigurationError,
    InvalidURI,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from consumer.errors import UnavailableError

_UNAUTHORIZED, _AUTHENTICATION_FAILED = 13, 18


def in_words(error: PyMongoError) -> str:
    """What went wrong, in one line, without the topology dump that the driver appends."""
    if isinstance(error, ServerSelectionTimeoutError):
        return f"MongoDB does not answer: {_first_clause(error)}"
    if isinstance(error, NetworkTimeout):
        return f"MongoDB took too long: {_first_clause(error)}"
    if isinstance(error, OperationFailure):
        details = error.details or {}
        words = details.get("errmsg") or _first_clause(error)
        if error.code in (_UNAUTHORIZED, _AUTHENTICATION_FAILED):
            return f"MongoDB refuses the user of MONGODB_URI: {words}"
        return f"MongoDB refuses: {words}"
    if isinstance(error, (InvalidURI, ConfigurationError)):
        return f"MONGODB_URI cannot be used: {_first_clause(error)}"
    return f"MongoDB failed: {_first_clause(error)}"


def unavailable(error: PyMongoError) -> UnavailableError:
    """The error for an operator whose MongoDB cannot be used."""
    return UnavailableError(in_words(error))


def _first_clause(error: PyMongoError) -> str:
    return str(error).split(" (configured timeouts", maxsplit=1)[0].split(", Timeout:", maxsplit=1)[0]
