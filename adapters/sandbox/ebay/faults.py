"""The faults of eBay's stand-in, and what eBay answers then."""

from __future__ import annotations

from adapters.sandbox.ebay.errors import vendor_error
from adapters.sandbox.faults import Fault, FaultKinds
from adapters.sandbox.server import Reply

KINDS = {
    "status": "answer `status` with `error_id` (default 500/25001); with `sku`, a bulk call fails in that entry only",
    "rate_limited": "429/2001, with Retry-After if `retry_after`; with `calls` and `seconds` only beyond that quota",
    "latency": "wait `seconds` before the effect, or between effect and answer with when=after",
    "lost_answer": "the effect happens, then the connection is cut",
    "lost_request": "the connection is cut before the effect",
    "token_expired": "the access token used expires now: 403/1100, or `status` 401 for 1001 (once unless `count`)",
    "refresh_token_revoked": "invalid_grant at the token endpoint and 401/1001 for tokens already given out",
    "refused_sku": "the SKU is refused at publish with `error_id` (default 25002)",
    "silence": "a publish is accepted and never shown; a revision of a live listing is accepted and does nothing",
}


def _reply(fault: Fault) -> Reply:
    if fault.kind == "token_expired":
        invalid = fault.status == 401
        return Reply(401 if invalid else 403, {"errors": [vendor_error(1001 if invalid else 1100)]})
    if fault.kind == "rate_limited":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Reply(429, {"errors": [vendor_error(2001)]}, headers)
    return Reply(fault.status or 500, {"errors": [vendor_error(int(fault.error_id or 25001), fault.words)]})


FAULTS = FaultKinds(
    KINDS, _reply, state=frozenset({"refresh_token_revoked"}), entry=frozenset({"refused_sku", "silence"})
)
