"""People who buy at every stand-in. None of them exists; their addresses end in .invalid, so that no mail ever leaves.

A sale is told to the stand-in's control plane: `POST /_sandbox/buy` with `{"sku", "quantity"}` or `{"lines": [..]}`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from adapters.sandbox.server import Reply, Request

Sell = Callable[[Request, list[tuple[str, int]], dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a home."""

    login: str
    first: str
    last: str
    street: str
    postal_code: str
    city: str
    region: str
    country: str = "IT"

    @property
    def name(self) -> str:
        """First and last."""
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        """An address that no mail reaches."""
        return f"{self.login}@buyers.invalid"

    @property
    def phone(self) -> str:
        """A number out of use."""
        return "+390000000000"


PEOPLE = (
    Person("ada.rossi", "Ada", "Rossi", "Via Roma 1", "10100", "Torino", "TO"),
    Person("bruno_neri", "Bruno", "Neri", "Corso Italia 22", "20122", "Milano", "MI"),
    Person("carla.v", "Carla", "Verdi", "Piazza Duomo 3", "50122", "Firenze", "FI"),
    Person("dino-b", "Dino", "Bianchi", "Via Toledo 40", "80134", "Napoli", "NA"),
)


def person_of(number: int) -> Person:
    """Who placed the order of this number."""
    return PEOPLE[number % len(PEOPLE)]


def moment(clock: float) -> str:
    """Seconds since 1970 as ISO 8601 with milliseconds and Z."""
    return datetime.fromtimestamp(clock, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def since_1970(text: str) -> float:
    """The opposite. Raises ValueError for what is no time with a zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found.timestamp()


def bought(request: Request, sell: Sell) -> Reply:
    """`POST /_sandbox/buy`: an order of these lines, if there are enough pieces of each; 409 where there are not."""
    document = orjson.loads(request.body)
    if not isinstance(document, dict):
        raise ValueError("an object with sku, or with lines, is needed")
    rows = document.get("lines") or [document]
    lines = [(str(row["sku"]), int(row.get("quantity", 1))) for row in rows]
    if any(pieces < 1 for _, pieces in lines):
        raise ValueError("quantity is 1 or more")
    try:
        return Reply(201, {"order_id": sell(request, lines, document)})
    except SoldOutError as error:
        return Reply(409, {"error": str(error)})


class SoldOutError(Exception):
    """A buyer wants what cannot be bought."""
