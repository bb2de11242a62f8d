"""From a request to what it asks for: queries, headers and bodies of calls as a whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import orjson

from adapters.sandbox.amazon.errors import DENIED, Json, RefusedError
from adapters.sandbox.amazon.world import MARKETPLACES, Seller
from adapters.sandbox.server import Request

_AGENT_LIMIT = 500
_SKU_LIMIT = 40
_BODY_LIMIT = 2_000_000


def refuse_bad_agent(request: Request) -> None:
    """Amazon wants to know who calls: no user-agent, or one over 500 characters, is refused."""
    agent = request.headers.get("user-agent", "")
    if not agent or len(agent) > _AGENT_LIMIT:
        raise RefusedError(400, "The user-agent header is missing or longer than 500 characters.")


def body_of(request: Request) -> Json:
    """The JSON object of the body. Raises RefusedError: 415 for another type, 413 for too much, 400 for no JSON."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise RefusedError(415, "The content type is not application/json.")
    if len(request.body) > _BODY_LIMIT:
        raise RefusedError(413, "The body is too large.")
    try:
        document = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise RefusedError(400, "Request body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise RefusedError(400, "Request body is not an object.")
    return document


def listed(request: Request, name: str, allowed: Collection[str] = (), default: Sequence[str] = ()) -> tuple[str, ...]:
    """The values of a comma-delimited parameter. Raises RefusedError 400 for one that is not allowed."""
    values = tuple(part for part in request.query.get(name, "").split(",") if part) or tuple(default)
    wrong = [value for value in values if allowed and value not in allowed]
    if wrong:
        raise RefusedError(400, f"Invalid '{name}' provided.", f"not known: {', '.join(wrong)}")
    return values


def marketplaces_of(request: Request, seller: Seller, *, most: int | None = None) -> tuple[str, ...]:
    """The marketplaces of a call. Raises RefusedError: 400 for a wrong list, 403 where the seller has no part."""
    values = listed(request, "marketplaceIds")
    if not values:
        raise RefusedError(400, "Missing required 'marketplaceIds'.")
    if most is not None and len(values) > most:
        raise RefusedError(400, "Invalid 'marketplaceIds' provided.", f"At most {most} can be given.")
    refuse_strange_marketplaces(values, seller)
    return values


def refuse_strange_marketplaces(values: Sequence[str], seller: Seller) -> None:
    """Raises RefusedError: 400 for no marketplace's id, 403 for one of another region or without the seller."""
    unknown = [value for value in values if value not in MARKETPLACES]
    if unknown:
        raise RefusedError(400, "Invalid 'marketplaceIds' provided.", f"not known: {', '.join(unknown)}")
    if any(value not in seller.marketplaces for value in values):
        raise RefusedError(403, DENIED, "The seller does not participate in the marketplace.")


def sku_of(request: Request) -> str:
    """The SKU of the path. Raises RefusedError 400 for one that Amazon does not take."""
    sku = request.segments[4]
    if not sku.strip() or len(sku) > _SKU_LIMIT:
        raise RefusedError(400, "Invalid 'sku' provided.", f"A SKU has 1 to {_SKU_LIMIT} characters.")
    return sku
