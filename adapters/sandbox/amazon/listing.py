"""One SKU on one marketplace: what was submitted, what became of it by now, and what shoppers see."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.sandbox.amazon.errors import Json
from adapters.sandbox.amazon.judgement import Attributes

BUYABLE, DISCOVERABLE = "BUYABLE", "DISCOVERABLE"
_PENDING_LIMIT = 100
_HIDING = {"SEARCH_SUPPRESSED": {DISCOVERABLE}, "LISTING_SUPPRESSED": {BUYABLE}}
_GONE = {"CATALOG_ITEM_REMOVED": {BUYABLE, DISCOVERABLE}}


@dataclass(slots=True)
class Listing:
    """Moments are in seconds since the epoch.

    attributes: as submitted last, None once its deletion is accepted. shown: as shoppers see it, None = not yet or no
    more. pending: what is accepted and when it comes true. silent: accepted and never live. judged: when the catalogue
    has looked at what was submitted last; blemish: an issue that it then finds, by a fault.
    """

    sku: str
    marketplace: str
    product_type: str
    requirements: str
    asin: str
    created: float
    updated: float
    attributes: Attributes | None = None
    shown: Attributes | None = None
    pending: deque[tuple[float, Attributes | None]] = field(default_factory=lambda: deque(maxlen=_PENDING_LIMIT))
    discoverable: float = 0.0
    buyable: float = 0.0
    judged: float = 0.0
    silent: bool = False
    blemish: Json | None = None

    def settle(self, now: float) -> None:
        """Let come true what is due."""
        while self.pending and self.pending[0][0] <= now:
            self.shown = self.pending.popleft()[1]

    @property
    def gone(self) -> bool:
        """Deleted, and the deletion has come true."""
        return self.attributes is None and not self.pending

    @property
    def parent(self) -> bool:
        """The parent of variations: nobody can buy it."""
        return bool(self.shown) and value_of(self.shown or {}, "parentage_level") == "parent"

    def status(self, now: float, issues: list[Json]) -> list[str]:
        """BUYABLE and DISCOVERABLE, as far as they are true. issues: what is wrong with it by now."""
        self.settle(now)
        if self.silent or self.shown is None or now < self.discoverable:
            return []
        true = {DISCOVERABLE}
        if now >= self.buyable and not self.parent and price_of(self.shown) is not None and quantity_of(self.shown):
            true.add(BUYABLE)
        for found in issues:
            for action in found.get("enforcements", {}).get("actions", ()):
                true -= {**_HIDING, **_GONE}.get(action["action"], set())
        return sorted(true)


def value_of(attributes: Attributes, name: str, part: str = "value") -> Any:
    """A part of the attribute's first value, None where there is none."""
    values = attributes.get(name)
    return values[0].get(part) if values else None


def offer_of(attributes: Attributes, audience: str = "ALL") -> Mapping[str, Any]:
    """The offer for this audience; empty where there is none."""
    offers = attributes.get("purchasable_offer", ())
    return next((one for one in offers if one.get("audience", "ALL") == audience), {})


def price_of(attributes: Attributes, audience: str = "ALL") -> str | None:
    """Its price as text with two decimals."""
    for prices in offer_of(attributes, audience).get("our_price", ()):
        for entry in prices.get("schedule", ()):
            return str(Decimal(str(entry["value_with_tax"])).quantize(Decimal("0.01")))
    return None


def quantity_of(attributes: Attributes) -> int:
    """Pieces for sale; at least one where nobody says how many: of stock that Amazon keeps, a submission never does."""
    stocks = attributes.get("fulfillment_availability", ())
    return sum(stock.get("quantity", 1 if _is_available(stock) else 0) for stock in stocks)


def _is_available(stock: Json) -> bool:
    return bool(stock.get("is_inventory_available")) or stock["fulfillment_channel_code"] != "DEFAULT"
