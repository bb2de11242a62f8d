"""One command on its way: the offers it is about, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.errors import AdapterError, PermanentError
from adapters.feeds import StoredItem
from adapters.manomano.results import Result
from adapters.model import Command, Listing, Outcome


@dataclass(slots=True, eq=False)
class Work:
    """How far a command has come. items: what our feed has, or had, of its listing."""

    command: Command
    items: Sequence[StoredItem] = ()
    references: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    error: AdapterError | None = None

    @property
    def listing(self) -> Listing:
        """The wanted state."""
        if self.command.listing is None:
            raise ValueError(f"{self.command.operation} needs a listing")
        return self.command.listing

    @property
    def in_feed(self) -> frozenset[str]:
        """SKUs that our feed tells ManoMano of: what is not among them is not for sale, whatever its offer says."""
        return frozenset(stored.item.sku for stored in self.items if not stored.gone)

    def known_skus(self) -> tuple[str, ...]:
        """Every SKU that ManoMano may have an offer of."""
        told = (stored.item.sku for stored in self.items)
        return tuple(dict.fromkeys((*self.command.variants, *told))) or (self.command.sku,)

    def last(self, sku: str) -> tuple[Decimal | None, Decimal | None]:
        """Price and weight that were sent last: of what is sold as it is the references know, else our feed."""
        item = next((stored.item for stored in self.items if stored.item.sku == sku), None)
        given: Mapping[str, Any] = self.command.references if sku == self.command.sku else {}
        price = _number(given.get("price"))
        weight = _number(given.get("weight"))
        if item is not None and price is None and item.price is not None:
            price = item.price.amount
        if item is not None and weight is None:
            weight = _number(item.parts.get("weight"))
        return price, weight

    def take(self, result: Result) -> None:
        """What ManoMano said of one of its offers. The gravest error stands for all."""
        self.warnings.extend(result.warnings)
        if result.error is not None and not isinstance(self.error, PermanentError):
            self.fail(result.error)

    def fail(self, error: AdapterError) -> None:
        """End this command. One failure of a call ends many, so each gets a copy of its own."""
        unknown = self.error is not None and self.error.effect_unknown
        self.error = copy(error)
        self.error.effect_unknown = error.effect_unknown or unknown

    def outcome(self) -> Outcome:
        """What came of it."""
        return Outcome(self.command.sku, self.error, self.references, tuple(dict.fromkeys(self.warnings)))


def alive(works: Iterable[Work]) -> list[Work]:
    """Those that have not failed."""
    return [work for work in works if work.error is None]


def _number(text: object) -> Decimal | None:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None
