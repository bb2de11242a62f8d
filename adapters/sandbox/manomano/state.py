"""One contract's offers and the content that ManoMano took from its feed, in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from adapters.sandbox.manomano.errors import NO_CONTENT, NO_ECO, NO_GRID, Json
from adapters.sandbox.manomano.world import Rules


@dataclass(slots=True)
class Offer:
    """An offer as it was sent last. price: as text with two decimals. frozen: what no feed may overwrite."""

    sku: str
    number: int
    price: str
    stock: int
    weight: float = 1.0
    grids: tuple[Json, ...] = ()
    retail: str | None = None
    frozen: frozenset[str] = frozenset()
    eco: bool = False


@dataclass(slots=True)
class Content:
    """What the feed said of a SKU. row: as it was imported at `since`; shown: the newest that was approved.

    in_feed: whether the newest feed had it. What was approved once stays in the catalogue.
    """

    row: Mapping[str, str]
    since: float
    in_feed: bool = True
    shown: Mapping[str, str] | None = None


@dataclass(slots=True)
class Numbers:
    """Numbers that ManoMano gives to products, shared by all contracts."""

    products: Iterator[int] = field(default_factory=lambda: itertools.count(12_345_001))


class Shop:
    """All of one contract. clock: seconds since the epoch. refuses: whether a SKU's content will never be approved."""

    def __init__(
        self,
        contract: int,
        market: str,
        rules: Rules,
        numbers: Numbers,
        *,
        clock: Callable[[], float],
        refuses: Callable[[str], bool],
    ) -> None:
        self.contract = contract
        self.market = market
        self.rules = rules
        self.clock = clock
        self.offers: dict[str, Offer] = {}
        self.contents: dict[str, Content] = {}
        self.orders: dict[str, Json] = {}
        self.parcels: dict[str, list[Json]] = {}
        self._numbers = numbers
        self._refuses = refuses

    @property
    def currency(self) -> str:
        """What its buyers pay in."""
        return "GBP" if self.market == "GB" else "EUR"

    def next_number(self) -> int:
        """The number of a product that is new."""
        return next(self._numbers.products)

    def approved(self, sku: str) -> Mapping[str, str] | None:
        """The content that buyers see, None while there is none."""
        content = self.contents.get(sku)
        if content is None:
            return None if self.rules.content_needed else {}
        if not self._refuses(sku) and self.clock() >= content.since + self.rules.approval:
            content.shown = content.row
        return content.shown

    def complaints(self, offer: Offer) -> list[str]:
        """Why the offer is not online, as far as it is not its stock."""
        found = [] if self.approved(offer.sku) is not None else [NO_CONTENT]
        if not any(grid["shipping_time_max"] > grid["shipping_time_min"] for grid in offer.grids):
            found.append(NO_GRID)
        if self.market in self.rules.eco_markets and not offer.eco:
            found.append(NO_ECO)
        return found

    def is_online(self, offer: Offer) -> bool:
        """Whether somebody can buy it."""
        return offer.stock > 0 and not self.complaints(offer)

    def is_seen(self, offer: Offer) -> bool:
        """Whether somebody finds it: what is sold out stays as long as the feed tells of it."""
        content = self.contents.get(offer.sku)
        stays = content.in_feed if content is not None else not self.rules.content_needed
        return not self.complaints(offer) and (offer.stock > 0 or stays)
