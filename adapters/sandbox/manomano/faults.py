"""The faults of ManoMano's stand-in, and what ManoMano answers then."""

from __future__ import annotations

from adapters.sandbox.faults import Fault, FaultKinds
from adapters.sandbox.manomano.errors import throttled
from adapters.sandbox.server import Reply

KINDS = {
    "status": "answer `status` (default 500) with `error_id` as app_code; with `sku`, that offer alone is refused",
    "rate_limited": "429 of Cloudflare (1015), with retry_after in its body if given; with `calls` and `seconds` only"
    " beyond that quota",
    "latency": "wait `seconds` before the effect, or between effect and answer with when=after",
    "lost_answer": "the effect happens, then the connection is cut",
    "lost_request": "the connection is cut before the effect",
    "bare_400": "a whole call is refused with 400 and no reason",
    "refused_sku": "the SKU is refused inside a call that succeeds, with `error_id`",
    "silence": "an offer is answered as taken, and nothing happens",
    "unsaid": "a call succeeds and its answer does not tell of any offer",
    "key_revoked": "401 to every call of the seller",
    "content_refused": "the content of the SKU is never approved",
    "short_list": "feeds/fields breaks off: it gives half of what it says there is",
}


def _reply(fault: Fault) -> Reply:
    if fault.kind == "rate_limited":
        return Reply(429, throttled(fault.retry_after))
    if fault.kind == "bare_400":
        return Reply(400, {"message": "Bad Request"})
    if fault.error_id is not None:
        return Reply(fault.status or 500, {"error": {"app_code": str(fault.error_id), "message": fault.words}})
    return Reply(fault.status or 500, {"message": "Internal server error"})


FAULTS = FaultKinds(
    KINDS,
    _reply,
    state=frozenset({"key_revoked", "content_refused", "short_list", "unsaid"}),
    entry=frozenset({"refused_sku", "silence"}),
    code=str,
)
