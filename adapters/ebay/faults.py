"""eBay's errors -> recoveries. The key is the errorId; the status counts only for ids that are not in the table.

(eBay's contracts and its servers disagree on statuses: 25713 is documented with 400 and was seen with 404.)
Sources: `x-response-codes` of sell_inventory_v1 (1.18.5), sell_account_v1 (1.9.3) and the contracts of the Taxonomy,
Metadata, Media, Notification, Fulfillment and Analytics APIs for the ids, their texts for the branch; 1001, 1100, 2001
to 2004 are the gateway's, seen in client issues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    PermanentError,
    RateLimitedError,
    RejectedListingError,
    TemporaryError,
    UnknownListingError,
)
from adapters.exchange import Answer

ANY_MISTAKE = 25002  # "a user error": an offer that exists already, and much else; only its parameters tell
BAD_QUANTITY = 25004  # at publishing: a new listing needs at least one piece
_LOCKED_FOR = 3600.0  # seconds until a listing with a bid or near its end is tried again

# On the left the branch, in order of weight: of several errors in one answer the first branch here decides.
_BRANCHES: tuple[tuple[type[AdapterError], frozenset[int]], ...] = (
    (AuthenticationError, frozenset({1001, 1100, 190013})),
    # Policies, location and completeness of the account are the same for every listing of it.
    (ConfigurationError, frozenset({
        32400, 25007, 25008, 25009, 25012, 25018, 25035, 25036,
        46001, 62003,
        25800, 25801, 25802, 25803, 25804, 25805, 25806, 25900, 25901, 25902, 25906,
        20403, 20404, 20408, 21400, 50114, 50116, 50117,
    })),
    (RateLimitedError, frozenset({2001})),
    (UnknownListingError, frozenset({25701, 25702, 25705, 25710, 25713, 25725, 190200, 195001, 32100, 32110})),
    (RejectedListingError, frozenset({
        25002, 25003, 25004, 25005, 25006, 25011, 25013, 25014, 25015, 25016, 25017, 25019, 25020, 25021, 25022,
        25023, 25024, 25026, 25029, 25031, 25032, 25034, 25041, 25042, 25043, 25044, 25045, 25046, 25047, 25048,
        25049, 25050, 25051, 25052, 25076, 25077, 25078, 25079, 25080, 25081, 25083, 25084, 25086, 25088, 25089,
        25090, 25091, 25092, 25093, 25094, 25095, 25097, 25098, 25104, 25106, 25107, 25108, 25109, 25110, 25111,
        25112, 25113, 25114, 25115, 25116, 25118, 25119, 25120, 25121, 25122, 25123, 25501, 25502, 25503, 25601,
        25604, 25703, 25704, 25707, 25708, 25709, 25715, 25718, 25732, 25752, 25755, 25756, 25757, 25758,
        25759, 25760, 25761, 25762, 25763, 25764, 25766, 25767, 25904, 25905,
        32200, 32210, 32300, 32500, 32600, 34100, 34200, 34300, 34500,
        62005, 62008, 62009, 190201, 190202, 190203, 190204,
    })),
    # We asked wrongly: too many or repeated entries, wrong types, pages that cannot be. A bug of ours.
    (PermanentError, frozenset({
        2004, 25706, 25727, 25728, 25729, 25730, 25731, 25733, 25734, 25735, 25739, 25740, 25741, 25742, 25754,
        30700, 30800, 30810, 30820, 30830, 30840, 30850, 30900, 31000, 31100, 32800,
        20400, 20401, 20402, 62002, 62004, 62006, 62007,
    })),
    (ChannelUnavailableError, frozenset({
        25001, 2003, 30500, 20500, 20501, 35001, 35002, 46000, 62000, 105000, 190000, 195000,
    })),
    (TemporaryError, frozenset({25025, 25038, 25039, 25040})),
)  # fmt: skip
_WEIGHT = {branch: weight for weight, (branch, _) in enumerate(_BRANCHES)}
ERRORS: Mapping[int, type[AdapterError]] = {number: branch for branch, numbers in _BRANCHES for number in numbers}
# Remarks on an accepted write. Some of them say that eBay dropped something, so people see them.
WARNINGS = frozenset({
    25028, 25030, 25033, 25037, 25096, 25124, 25125, 25126, 25127, 25128, 25401, 25402, 25504, 25726, 25753,
    20200, 20201, 46002, 46003, 46004,
})  # fmt: skip
_DELAYS = {25038: _LOCKED_FOR, 25039: _LOCKED_FOR, 25040: _LOCKED_FOR}
_NOT_STARTED = frozenset({25025})  # a 5xx that says the write was not even begun

_STATUSES: Mapping[int, type[AdapterError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: UnknownListingError,
    408: ChannelUnavailableError,
    409: TemporaryError,
    410: UnknownListingError,
    429: RateLimitedError,
}


def error_of(answer: Answer, *, writes: bool) -> AdapterError:
    """The failure of a whole call that was answered with `answer`."""
    body = answer.json()
    errors = _errors(body) if isinstance(body, Mapping) else []
    return _error(errors, answer.status, answer, writes=writes)


def entry_error(entry: Mapping[str, Any], answer: Answer, *, writes: bool) -> AdapterError | None:
    """The failure of one entry of a bulk answer; None when eBay took it."""
    status = entry.get("statusCode")
    errors = _errors(entry)
    if isinstance(status, int) and 200 <= status < 300 and not errors:
        return None
    return _error(errors, status if isinstance(status, int) else 0, answer, writes=writes)


def warnings_of(body: object, answer: Answer, *, without: Iterable[int] = ()) -> tuple[str, ...]:
    """eBay's remarks in a body or an entry, one line each."""
    if not isinstance(body, Mapping):
        return ()
    unsaid = frozenset(without)
    remarks = [remark for remark in body.get("warnings") or () if isinstance(remark, Mapping)]
    return tuple(_words(remark, answer) for remark in remarks if _number(remark) not in unsaid)


def numbers_of(answer: Answer) -> set[int]:
    """The errorIds in an answer."""
    body = answer.json()
    return {number for error in _errors(body) if (number := _number(error))} if isinstance(body, Mapping) else set()


def existing_offer(entry: Mapping[str, Any]) -> str | None:
    """The offer that is in the way of a new one, where eBay names it."""
    for error in _errors(entry):
        if _number(error) == ANY_MISTAKE:
            for parameter in error.get("parameters") or ():
                if parameter.get("name") == "offerId" and parameter.get("value"):
                    return str(parameter["value"])
    return None


def unreadable(words: str) -> ChannelUnavailableError:
    """An answer that is not what the contract promises. It must not be taken for less than it was."""
    return ChannelUnavailableError(f"eBay: {words}")


def _error(errors: list[Mapping[str, Any]], status: int, answer: Answer, *, writes: bool) -> AdapterError:
    numbers = [number for error in errors if (number := _number(error))]
    known = [number for number in numbers if number in ERRORS]
    decisive = min(known, key=lambda number: _WEIGHT[ERRORS[number]], default=None)
    kind = ERRORS[decisive] if decisive is not None else _by_status(status)
    number = decisive if decisive is not None else next(iter(numbers), None)
    words = "; ".join(_words(error, answer) for error in errors) or f"status {status} without words: {answer.excerpt}"
    code = str(number) if number is not None else None
    begun = writes and number not in _NOT_STARTED and (status >= 500 or status < 400)
    error = kind(f"eBay: {answer.quote(words)}", code=code, status=status or None, effect_unknown=begun)
    if isinstance(error, TemporaryError):
        error.delay = answer.retry_after if answer.retry_after is not None else _DELAYS.get(number or 0)
    error.known = decisive is not None or number in WARNINGS
    return error


def _by_status(status: int) -> type[AdapterError]:
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:
        return ConfigurationError  # eBay's API redirects nowhere: this is another server
    return RejectedListingError if 400 <= status < 500 else ChannelUnavailableError


def _errors(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = body.get("errors")
    return [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []


def _number(error: Mapping[str, Any]) -> int | None:
    number = error.get("errorId")
    return number if isinstance(number, int) else None


def _words(error: Mapping[str, Any], answer: Answer) -> str:
    """One error in eBay's words, its number in front, and what its parameters add."""
    text = str(error.get("longMessage") or error.get("message") or "no words")
    values = [str(item.get("value")) for item in error.get("parameters") or () if isinstance(item, Mapping)]
    added = ", ".join(value for value in values if value and value not in text)
    return answer.quote(f"{error.get('errorId')} {text}" + (f" ({added})" if added else ""))
