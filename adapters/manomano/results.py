"""What an answer says of each offer in it: a call that succeeded may hold offers that were refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.errors import AdapterError, ChannelUnavailableError
from adapters.exchange import Answer
from adapters.manomano.faults import complaints_of, refusal_of

_MULTI_STATUS = 207
UNSAID = "ManoMano took the call and said nothing of its offers: it is read back"


@dataclass(frozen=True, slots=True)
class Result:
    """One offer. error: None when ManoMano took it."""

    error: AdapterError | None = None
    warnings: tuple[str, ...] = ()


def results_of(answer: Answer, sent: Mapping[str, Any], *, every: bool) -> dict[str, Result]:
    """SKU -> what came of it, for everything that was sent in a call that succeeded.

    sent: SKU -> its part of the body. every: whether the call tells of every offer, or of refused ones only.
    """
    said = {str(entry["sku"]): _result(entry, answer, sent) for entry in _entries(answer.json())}
    if not said:
        return dict.fromkeys(sent, _unsaid(answer))
    if not every:
        return {sku: said.get(sku, Result()) for sku in sent}
    missing = Result(ChannelUnavailableError("ManoMano's answer does not mention this SKU", effect_unknown=True))
    return {sku: said.get(sku, missing) for sku in sent}


def _unsaid(answer: Answer) -> Result:
    if answer.status != _MULTI_STATUS:
        return Result(warnings=(UNSAID,) if answer.json() is not None else ())
    words = f"ManoMano says that some offers were refused, and not which: {answer.excerpt}"
    return Result(ChannelUnavailableError(words, status=answer.status, effect_unknown=True))


def _entries(body: Any) -> Iterator[Mapping[str, Any]]:
    """Everything that names a SKU, alone or in a group of one contract."""
    content = body.get("content") if isinstance(body, Mapping) else None
    for entry in content if isinstance(content, list) else ():
        if not isinstance(entry, Mapping):
            continue
        if entry.get("sku"):
            yield entry
        items = entry.get("items")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, Mapping) and item.get("sku"):
                yield item


def _result(entry: Mapping[str, Any], answer: Answer, sent: Mapping[str, Any]) -> Result:
    status = _status(entry)
    complaints = [found for part in _complaining(entry) for found in complaints_of(part)]
    warnings = tuple(answer.quote(f"{each.code} {each.words}".strip()) for each in complaints_of(entry.get("warnings")))
    if complaints or (status is not None and status >= 400):
        return Result(refusal_of(complaints, status, answer, str(sent.get(str(entry["sku"]), ""))), warnings)
    return Result(warnings=warnings)


def _status(entry: Mapping[str, Any]) -> int | None:
    """Where a status stands differs from call to call."""
    response, result = entry.get("response"), entry.get("result")
    found = (
        response.get("status") if isinstance(response, Mapping) else None,
        result.get("http_code") if isinstance(result, Mapping) else None,
        entry.get("status"),
        entry.get("http_code"),
    )
    return next((status for status in found if isinstance(status, int)), None)


def _complaining(entry: Mapping[str, Any]) -> Iterator[Any]:
    yield entry.get("errors")
    yield entry.get("error")
    result = entry.get("result")
    if isinstance(result, Mapping):
        yield result.get("error")
