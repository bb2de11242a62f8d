"""Amazon's errors and issues -> recoveries.

Calls fail with a status and a code (`errors[].code`); submissions fail in a 200 whose `status` is INVALID, with issues.
Amazon has renumbered issues before, so severity and categories decide, and the number is kept.
Sources: definitions and examples of listingsItems_2021-08-01, feeds_2021-06-30 and definitionsProductTypes_2020-09-01;
codes that the models leave out were seen in reports of developers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.amazon.settings import NEW_AUTHORISATION
from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    PermanentError,
    RateLimitedError,
    RejectedListingError,
    UnknownListingError,
)
from adapters.exchange import Answer
from adapters.redaction import redacted

DENIED = (
    "Amazon says no more than that. Known causes: the seller's authorisation ended; the application lacks the role"
    " Product Listing; AMAZON_MERCHANT_ID or AMAZON_MARKETPLACE_ID is not of the seller who authorised; AMAZON_API_URL"
    f" is of another region. {NEW_AUTHORISATION}"
)
_STATUSES: Mapping[int, type[AdapterError]] = {
    400: RejectedListingError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: UnknownListingError,
    405: PermanentError,
    408: ChannelUnavailableError,
    413: RejectedListingError,
    414: PermanentError,
    415: PermanentError,
    429: RateLimitedError,
    500: ChannelUnavailableError,
    502: ChannelUnavailableError,
    503: ChannelUnavailableError,
    504: ChannelUnavailableError,
}
# The status decides; a code that is not among these is counted as unknown.
CODES = frozenset({
    "400", "BAD_REQUEST", "InvalidInput", "InvalidParameterValue", "MissingParameter",
    "Unauthorized", "UNAUTHORIZED", "AccessDenied", "Forbidden", "FORBIDDEN", "InvalidSignature",
    "NotFound", "NOT_FOUND", "ResourceNotFound",
    "RequestTooLarge", "PAYLOAD_TOO_LARGE", "UnsupportedMediaType", "UNSUPPORTED_MEDIA_TYPE",
    "QuotaExceeded", "TOO_MANY_REQUESTS",
    "InternalFailure", "InternalError", "INTERNAL_ERROR", "ServiceUnavailable", "SERVICE_UNAVAILABLE",
})  # fmt: skip
CATEGORIES = frozenset({
    "INVALID_ATTRIBUTE", "MISSING_ATTRIBUTE", "INVALID_IMAGE", "MISSING_IMAGE", "INVALID_PRICE", "MISSING_PRICE",
    "DUPLICATE", "QUALIFICATION_REQUIRED",
})  # fmt: skip
# Numbers with a meaning that was seen; feed reports give no categories, so there they are all we know.
ISSUES = frozenset({
    "90220", "90000900", "99022", "4000001", "18027", "99300", "18155", "8541", "100476", "100632", "100528", "18742",
    "18448",
})  # fmt: skip
ISSUES_SHOWN = 5


def error_of(answer: Answer, *, writes: bool) -> AdapterError:
    """The failure of a call that was answered with `answer`."""
    errors = _errors(answer)
    code = str(errors[0].get("code")) if errors and errors[0].get("code") else None
    words = "; ".join(_words(error) for error in errors) or f"status {answer.status} without words: {answer.excerpt}"
    request_id = answer.headers.get("x-amzn-requestid", "")
    said = f"Amazon: {answer.quote(words)}" + (f" (request {answer.quote(request_id)})" if request_id else "")
    kind = _by_status(answer.status)
    if kind is AuthenticationError:
        said = f"{said}. {DENIED}"
    begun = writes and (answer.status >= 500 or answer.status < 400)
    error = kind(said, code=code, status=answer.status, effect_unknown=begun)
    if isinstance(error, RateLimitedError | ChannelUnavailableError):
        error.delay = answer.retry_after
    error.known = answer.status in _STATUSES and (code is None or code in CODES)
    return error


def refusal(issues: Iterable[Mapping[str, Any]], status: int | None = None) -> RejectedListingError:
    """A submission that Amazon did not take, for these issues; warnings among them are left out if there are errors."""
    found = list(issues)
    errors = [issue for issue in found if issue.get("severity") == "ERROR"] or found
    lines = [issue_words(issue) for issue in errors[:ISSUES_SHOWN]]
    if len(errors) > ISSUES_SHOWN:
        lines.append(f"and {len(errors) - ISSUES_SHOWN} more")
    first = errors[0].get("code") if errors else None
    words = "; ".join(lines) or "refused without a reason"
    error = RejectedListingError(f"Amazon: {words}", code=str(first) if first else None, status=status)
    error.known = bool(errors) and all(is_known(issue) for issue in errors)
    return error


def is_known(issue: Mapping[str, Any]) -> bool:
    """Whether we know what kind of issue this is."""
    categories = issue.get("categories") or ()
    return str(issue.get("code")) in ISSUES or (bool(categories) and set(categories) <= CATEGORIES)


def issue_words(issue: Mapping[str, Any]) -> str:
    """One issue in Amazon's words: its number in front, the attributes that it is about at the end."""
    names = issue.get("attributeNames") or ([issue["attributeName"]] if issue.get("attributeName") else [])
    text = str(issue.get("message") or "no words")
    unsaid = ", ".join(str(name) for name in names if str(name) not in text)
    return redacted(f"{issue.get('code') or '-'} {text}" + (f" ({unsaid})" if unsaid else ""))


def issues_of(body: object) -> list[Mapping[str, Any]]:
    """The issues in an answer or a report."""
    issues = body.get("issues") if isinstance(body, Mapping) else None
    return [issue for issue in issues if isinstance(issue, Mapping)] if isinstance(issues, list) else []


def _by_status(status: int) -> type[AdapterError]:
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:
        return ConfigurationError  # Amazon's API redirects nowhere: this is another server
    return RejectedListingError if 400 <= status < 500 else ChannelUnavailableError


def _errors(answer: Answer) -> list[Mapping[str, Any]]:
    body = answer.json()
    errors = body.get("errors") if isinstance(body, Mapping) else None
    return [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []


def _words(error: Mapping[str, Any]) -> str:
    details = str(error.get("details") or "")
    said = f"{error.get('code') or '-'} {error.get('message') or 'no words'}"
    return f"{said} ({details})" if details and details not in said else said
