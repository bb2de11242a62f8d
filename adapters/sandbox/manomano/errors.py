"""How ManoMano refuses: a call with `error` or the gateway's bare `message`, an offer with `errors` beside its SKU.

Codes as clients met them (ERR_1405, NO_CONTENT_APPROVED, ...); OFFER_NOT_FOUND and the words are our own, no source has
them. A client must never key on the words.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

NO_CONTENT = "NO_CONTENT_APPROVED"
NO_GRID = "ALL_GRID_NOT_ELIGIBLE_FOR_OFFER"
NO_ECO = "INVALID_ECO_PARTICIPATION"
NOT_FOUND = "OFFER_NOT_FOUND"
TOO_MANY = "ERR_1405"
INVALID = "ERR_PIM_OFFER_API_REQUEST_VALIDATION"


class RefusedError(Exception):
    """A whole call is refused. body: what is answered; headers: with it."""

    def __init__(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}


def refused(code: str, words: str, status: int = 400) -> RefusedError:
    """The API's own refusal."""
    return RefusedError(status, {"error": {"app_code": code, "message": words}})


def invalid(words: str) -> RefusedError:
    """A value that cannot be."""
    return refused(INVALID, words)


def gateway(status: int) -> RefusedError:
    """What stands before the API says no more than this."""
    return RefusedError(status, {"message": {401: "Unauthorized", 403: "Forbidden"}.get(status, "Not found")})


def throttled(seconds: int | None) -> Json:
    """Cloudflare's answer. seconds: None = it does not say how long."""
    body: Json = {"error_code": 1015, "message": "You are being rate limited"}
    return body if seconds is None else {**body, "retry_after": seconds}
