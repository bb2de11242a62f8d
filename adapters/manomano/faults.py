"""ManoMano's errors -> recoveries. The key is its code where it gives one, else the status.

Sources: codes and texts in public clients of the Partners API (its own list is not public). Answers look different from
call to call: `{error: {app_code, message}}`, a bare `{message}` of the gateway, Cloudflare's `{error_code,
retry_after}`, and lists of texts or objects beside a SKU.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    UnderReviewError,
    UnknownListingError,
)
from adapters.exchange import Answer
from adapters.manomano.settings import NEW_KEY
from adapters.model import Problem

NO_CONTENT = "NO_CONTENT_APPROVED"
_APPROVAL_PAUSE = 7200.0  # seconds until an offer is sent again whose content waits for ManoMano's people

_CODES: Mapping[str, tuple[type[AdapterError], str]] = {
    NO_CONTENT: (
        UnderReviewError,
        "ManoMano has not approved the product's content yet. If that lasts for days, look at Catalogue, Import logs in"
        " the Toolbox",
    ),
    "ALL_GRID_NOT_ELIGIBLE_FOR_OFFER": (
        RejectedListingError,
        "No shipping grid can promise a delivery: give carrier_grids a longest time above the shortest",
    ),
    "INVALID_ECO_PARTICIPATION": (
        RejectedListingError,
        "This market demands the eco participation: enter it for the product in the Toolbox",
    ),
    "ERR_PIM_OFFER_API_REQUEST_VALIDATION": (RejectedListingError, "Correct the value that is named"),
    "ERR_1405": (PermanentError, "More than 20 offers were sent at once"),
    "OFFER_NOT_FOUND": (UnknownListingError, "The contract has no such offer"),
    "1015": (RateLimitedError, "Too many requests"),
}
"""Code -> what it means to us, and what to do, for people."""

_STATUSES: Mapping[int, type[AdapterError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: UnknownListingError,
    408: ChannelUnavailableError,
    409: TemporaryError,
    429: RateLimitedError,
}
_UNKNOWN = re.compile(r"not[ _]found|unknown[ _](sku|offer)|(does|do)[ _]not[ _]exist", re.IGNORECASE)
_CONTRACT = re.compile(r"seller[ _]contract", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error in ManoMano's words. code: "" where it gives none."""

    code: str
    words: str

    @property
    def known(self) -> str:
        """The code of ours that it is or speaks of, "" for none."""
        if self.code in _CODES:
            return self.code
        return next((code for code in _CODES if len(code) > 4 and code in f"{self.code} {self.words}"), "")


def complaints_of(value: Any) -> list[Complaint]:
    """The errors in one of the shapes they come in."""
    if isinstance(value, list):
        return [found for each in value for found in complaints_of(each)]
    if isinstance(value, Mapping):
        code = next((str(value[name]) for name in ("app_code", "code", "error_code") if value.get(name)), "")
        words = next((str(value[name]) for name in ("message", "description", "reason") if value.get(name)), "")
        return [Complaint(code, words)] if code or words else []
    return [Complaint("", str(value))] if value not in (None, "", False) else []


def refusal_of(complaints: list[Complaint], status: int | None, answer: Answer, sent: str = "") -> AdapterError:
    """The failure of one offer. sent: what was sent for it, for people where ManoMano gives no reason."""
    known = next((each for each in complaints if each.known), None)
    kind = _CODES[known.known][0] if known else _kind(complaints, status)
    words = "; ".join(_told(each) for each in complaints)
    if words.casefold() in ("", "bad request"):
        words = f"status {status} without a reason" + (f" for {sent}" if sent else "")
    code = known.known if known else next((each.code for each in complaints if each.code), None)
    error = kind(f"ManoMano: {answer.quote(words)}", code=code, status=status)
    if isinstance(error, UnderReviewError):
        error.delay = _APPROVAL_PAUSE
    error.known = known is not None or (not complaints and status is not None)
    return error


def error_of(answer: Answer, *, writes: bool, sent: str = "") -> AdapterError:
    """The failure of a whole call. writes: whether it may have changed something. sent: as above."""
    body = answer.json()
    complaints = list(_whole(body)) if isinstance(body, Mapping) else []
    words = " ".join(each.words for each in complaints)
    if answer.status == 400 and _CONTRACT.search(words):
        return ConfigurationError(f"MANOMANO_SELLER_CONTRACT_ID: {answer.quote(words)}", status=400)
    error = refusal_of(complaints, answer.status, answer, sent)
    if isinstance(error, AuthenticationError):
        told = f"{error.message.rstrip('.')}. The key is wrong, or not for this contract. {NEW_KEY}"
        return AuthenticationError(told, code=error.code, status=error.status)
    error.effect_unknown = writes and answer.status >= 500
    if isinstance(error, TemporaryError):
        error.delay = _delay(answer, body) if not isinstance(error, UnderReviewError) else error.delay
    return error


def problem_of(complaint: Complaint) -> Problem:
    """Why ManoMano does not show an offer that it took, for people."""
    cure = _CODES[complaint.known][1] if complaint.known else "Correct the product, or look at the offer in the Toolbox"
    words = f"ManoMano says: {_bare(complaint)}"
    return Problem("listing", complaint.known or complaint.code or "error", words, f"{cure}.")


def _whole(body: Mapping[str, Any]) -> Iterator[Complaint]:
    """What a refused call says: its error, its bare message, or Cloudflare's number."""
    for part in (body.get("error"), body.get("errors")):
        yield from complaints_of(part)
    yield from complaints_of({name: body[name] for name in ("error_code", "message") if body.get(name)})


def _kind(complaints: list[Complaint], status: int | None) -> type[AdapterError]:
    if any(_UNKNOWN.search(f"{each.code} {each.words}") for each in complaints):
        return UnknownListingError
    if status is None:
        return RejectedListingError
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= 500:
        return ChannelUnavailableError
    if 300 <= status < 400:
        return ConfigurationError  # the API redirects nowhere: this is another server
    return RejectedListingError


def _delay(answer: Answer, body: Any) -> float | None:
    """Seconds to wait, by the header or by Cloudflare's body."""
    asked = body.get("retry_after") if isinstance(body, Mapping) else None
    seconds = float(asked) if isinstance(asked, int | float) and asked >= 0 else None
    return answer.retry_after if answer.retry_after is not None else seconds


def _told(complaint: Complaint) -> str:
    return f"{_bare(complaint)}. {_CODES[complaint.known][1]}" if complaint.known else _bare(complaint)


def _bare(complaint: Complaint) -> str:
    return " ".join(part for part in (complaint.code, complaint.words) if part)
