"""What an answer says of each order in it. 207 is no success: every line of it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.errors import (
    AdapterError,
    ChannelHaltedError,
    ChannelUnavailableError,
    RateLimitedError,
    UnknownListingError,
)
from adapters.exchange import Answer
from adapters.manomano.faults import complaints_of, refusal_of

ANSWERS_AT_ONCE = 50  # what a client in production sends at most
_MULTI_STATUS = 207


def order_results(answer: Answer, order_ids: Sequence[str]) -> dict[str, AdapterError | None]:
    """Order -> its error, None = done, for all that were sent in a call that succeeded."""
    said = dict(_line(entry, answer) for entry in _entries(answer.json()))
    if answer.status != _MULTI_STATUS:
        return {order_id: said.get(order_id) for order_id in order_ids}
    words = "ManoMano's answer tells of some orders and not of this one"
    unsaid = ChannelUnavailableError(words, status=answer.status, effect_unknown=True)
    return {order_id: said.get(order_id, unsaid) for order_id in order_ids}


def unsettled(error: AdapterError) -> bool:
    """Whether the order may be as wanted in spite of this error."""
    return not isinstance(error, ChannelHaltedError | RateLimitedError | UnknownListingError)


def _line(entry: Mapping[str, Any], answer: Answer) -> tuple[str, AdapterError | None]:
    result = entry.get("result")
    told = result if isinstance(result, Mapping) else {}
    status = told.get("http_code")
    complaints = complaints_of(told.get("error"))
    order_id = str(entry["order_reference"])
    if complaints or (isinstance(status, int) and status >= 400):
        return order_id, refusal_of(complaints, status if isinstance(status, int) else None, answer, order_id)
    return order_id, None


def _entries(body: Any) -> list[Mapping[str, Any]]:
    content = body.get("content") if isinstance(body, Mapping) else None
    rows = content if isinstance(content, list) else []
    return [row for row in rows if isinstance(row, Mapping) and row.get("order_reference")]
