"""The faults of Amazon's stand-in, and what Amazon answers then."""

from __future__ import annotations

from adapters.sandbox.amazon.errors import DENIED, QUOTA_WORDS, error_list
from adapters.sandbox.faults import Fault, FaultKinds
from adapters.sandbox.server import Reply

EXPIRED = "The access token you provided has expired."

KINDS = {
    "status": "answer `status` with `error_id` (default 500/InternalFailure)",
    "rate_limited": "429/QuotaExceeded, never with Retry-After unless `retry_after`; with `calls` and `seconds` only "
    "beyond that quota",
    "latency": "wait `seconds` before the effect, or between effect and answer with when=after",
    "lost_answer": "the effect happens, then the connection is cut",
    "lost_request": "the connection is cut before the effect",
    "token_expired": "the access token used expires now: 403/Unauthorized (once unless `count`)",
    "refresh_token_revoked": "invalid_grant at the token endpoint and 403 for tokens already given out",
    "refuse": "the submission is INVALID in a 200, with an issue of code `error_id` (default 4000001)",
    "silence": "a new listing is accepted and never live; a change of one is accepted and does nothing",
    "late_issue": "accepted, then suppressed with an issue of code `error_id` (default 18027)",
    "feed_stuck": "a feed stays in the queue while this is on",
    "feed_fatal": "a feed ends FATAL without a report",
}


def _reply(fault: Fault) -> Reply:
    if fault.kind == "token_expired":
        return Reply(403, error_list(403, DENIED, EXPIRED))
    if fault.kind == "rate_limited":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Reply(429, error_list(429, QUOTA_WORDS), headers)
    status = fault.status or 500
    return Reply(status, error_list(status, fault.words, code=str(fault.error_id or _CODES.get(status, "Failure"))))


_CODES = {400: "InvalidInput", 403: "Unauthorized", 404: "NOT_FOUND", 500: "InternalFailure", 503: "ServiceUnavailable"}

FAULTS = FaultKinds(
    KINDS,
    _reply,
    state=frozenset({"refresh_token_revoked", "feed_stuck"}),
    entry=frozenset({"refuse", "silence", "late_issue", "feed_fatal"}),
    code=str,
)
