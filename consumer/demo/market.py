"""The eBay stand-in as a buyer and as its operator see it, over HTTP. Knows nothing of the service."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from consumer.demo.comparison import Shown, amount
from consumer.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Call:
    """One write that reached the stand-in."""

    number: int
    operation: str
    sku: str
    title: str | None
    price: str | None
    quantity: int | None


class Market:
    """The stand-in at one address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def answers(self) -> bool:
        """Whether it serves."""
        try:
            self._get("/_sandbox/listings")
        except UnavailableError:
            return False
        return True

    def shown(self) -> dict[str, Shown]:
        """What is live now, by SKU; a sold-out listing is live with quantity 0."""
        return {
            listing["sku"]: Shown(listing["title"], amount(listing["price"]), listing["quantity"])
            for listing in self._get("/_sandbox/listings")["listings"]
        }

    def last_calls(self, after: int, limit: int = 1000) -> list[Call]:
        """Writes that arrived after number `after`, oldest first."""
        calls = self._get(f"/_sandbox/calls?after={after}&limit={limit}")["calls"]
        return [
            Call(call["number"], call["operation"], call["sku"], call["title"], call["price"], call["quantity"])
            for call in calls
        ]

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310 - our own stand-in
                return json.load(answer)
        except (urllib.error.URLError, OSError) as error:
            raise UnavailableError(f"the eBay stand-in at {self.url} does not answer: {error}") from error
