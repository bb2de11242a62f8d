"""A JSON_LISTINGS_FEED and its messages: what is wrong with their form, and the call that a message stands for. Pure.

Form: the vendor's listings-feed-schema-v2."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.reads import DATA_SETS
from adapters.sandbox.amazon.submissions import Kind

KINDS: Mapping[str, Kind] = {"UPDATE": "put", "PARTIAL_UPDATE": "patch", "PATCH": "patch", "DELETE": "delete"}
_MOST_MESSAGES = 25_000
_HIGHEST_NUMBER = 2_147_483_647
_NEEDS: Mapping[str, set[str]] = {
    "UPDATE": {"productType", "attributes"},
    "PARTIAL_UPDATE": {"productType", "attributes"},
    "PATCH": {"productType", "patches"},
    "DELETE": set(),
}
_FORBIDS: Mapping[str, set[str]] = {
    "UPDATE": {"patches"},
    "PARTIAL_UPDATE": {"requirements", "patches"},
    "PATCH": {"requirements", "attributes"},
    "DELETE": {"requirements", "attributes", "productType", "patches"},
}


def read(body: bytes) -> Json | None:
    """The feed; None for what is no JSON object."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def feed_problem(document: Json, merchant_id: str) -> str:
    """What makes the feed as a whole unusable, in words; "" = nothing."""
    header, messages = document.get("header"), document.get("messages")
    if not isinstance(header, dict) or header.get("version") != "2.0":
        return "The header with version 2.0 is missing."
    if header.get("sellerId") != merchant_id:
        return "The sellerId of the header is not the seller's."
    report = header.get("report")
    if report is not None and not _is_report(report):
        return "The report of the header is not valid."
    if not isinstance(messages, list) or not 1 <= len(messages) <= _MOST_MESSAGES:
        return f"A feed has 1 to {_MOST_MESSAGES} messages."
    if not all(isinstance(message, dict) for message in messages):
        return "A message is an object."
    return ""


def _is_report(report: object) -> bool:
    if not isinstance(report, dict) or report.get("apiVersion") != "2021-08-01":
        return False
    included = report.get("includedData")
    return isinstance(included, list) and bool(included) and all(one in DATA_SETS for one in included)


def message_problem(message: Json, seen: set[object]) -> str:
    """What is wrong with a message's form, in words; "" = nothing. seen: numbers of the messages before."""
    number, sku, operation = message.get("messageId"), message.get("sku"), message.get("operationType")
    if not isinstance(number, int) or not 1 <= number <= _HIGHEST_NUMBER or number in seen:
        return "messageId must be a number that no other message has."
    if not isinstance(sku, str) or not sku.strip():
        return "sku is required."
    if not isinstance(operation, str) or operation not in KINDS:
        return f"operationType {operation} is not known."
    missing, surplus = _NEEDS[operation] - message.keys(), _FORBIDS[operation] & message.keys()
    if missing or surplus:
        return f"{operation} needs {sorted(_NEEDS[operation])} and cannot have {sorted(_FORBIDS[operation])}."
    return ""


def as_call(message: Json) -> Json:
    """The body of the call that would do the same. PARTIAL_UPDATE replaces every attribute that it has."""
    if message["operationType"] != "PARTIAL_UPDATE":
        return message
    attributes = message["attributes"] if isinstance(message["attributes"], dict) else {}
    patches = [{"op": "replace", "path": f"/attributes/{name}", "value": value} for name, value in attributes.items()]
    return {"productType": message["productType"], "patches": patches}


def report_of(
    feed_id: str, merchant_id: str, header: Json, issues: list[Json], counts: Json, items: list[Json] | None
) -> Json:
    """A processing report. items: None where the feed did not ask for them."""
    about = {"sellerId": merchant_id, "version": "2.0", **({"report": header["report"]} if "report" in header else {})}
    severities = [one["severity"] for one in issues]
    summary = {"errors": severities.count("ERROR"), "warnings": severities.count("WARNING"), **counts}
    report: Json = {"header": {**about, "feedId": feed_id}, "issues": issues, "summary": summary}
    if items is not None:
        late = [one["severity"] for item in items for one in item.get("issues", ())]
        summary["itemSummary"] = {
            "items": len(items),
            "errors": late.count("ERROR"),
            "warnings": late.count("WARNING"),
        }
        report["items"] = items
    return report
