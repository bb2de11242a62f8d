"""How Amazon refuses: calls with `errors` and a status, submissions with `issues` in a 200.

Codes are those of the models, the documentation and sellers' reports (facts page, sections 1 and 4); the words are our
own where no source has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

DENIED = "Access to requested resource is denied."
_STATUS_CODES = {
    400: "InvalidInput",
    403: "Unauthorized",
    404: "NOT_FOUND",
    413: "RequestTooLarge",
    415: "UnsupportedMediaType",
    429: "QuotaExceeded",
    500: "InternalFailure",
    503: "ServiceUnavailable",
}
QUOTA_WORDS = "You exceeded your quota for the requested resource."


class RefusedError(Exception):
    """The call is refused as a whole. body: Amazon's."""

    def __init__(self, status: int, message: str, details: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = error_list(status, message, details, code)


def error_list(status: int, message: str, details: str = "", code: str = "") -> Json:
    """The body of a refused call."""
    return {"errors": [{"code": code or _STATUS_CODES[status], "message": message, "details": details}]}


def issue(
    code: str,
    message: str,
    category: str,
    attributes: Sequence[str] = (),
    *,
    severity: str = "ERROR",
    action: str = "",
) -> Json:
    """One entry of `issues`. action: what Amazon does to the listing for it, e.g. LISTING_SUPPRESSED."""
    found: Json = {
        "code": code,
        "message": message,
        "severity": severity,
        "attributeNames": list(attributes),
        "categories": [category],
    }
    if action:
        found["enforcements"] = {"actions": [{"action": action}], "exemption": {"status": "NOT_EXEMPT"}}
    return found
