"""The stand-in of Bacheca, a notice board that takes cards: one call at a time, with the trouble it is told to make."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class BoardError(Exception):
    """What the board says instead of an answer. status: as of HTTP; 0 = no answer came, though the call was done."""

    def __init__(self, status: int, words: str, wait: float | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.wait = wait


@dataclass
class Board:
    """cards: by number. writes: how many came. next: errors of the next calls. lost: SKUs whose next answer is lost."""

    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0
    next: deque[BoardError] = field(default_factory=deque)
    lost: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    closed: bool = False

    def look(self) -> None:
        """Every call goes through here first."""
        if self.closed:
            raise BoardError(401, "this key opens nothing")
        if self.next:
            raise self.next.popleft()

    def write(self, sku: str, change: Mapping[str, Any], *, new: bool = False) -> None:
        """Put up a card, or change what stands on it. Status 404: there is none."""
        self.look()
        self.writes += 1
        if sku in self.refused:
            raise BoardError(422, "this card is not decent")
        if not new and not self.cards.get(sku, {}).get("up"):
            raise BoardError(404, "no such card")
        self.cards[sku] = {**self.cards.get(sku, {}), **change}
        if sku in self.lost:
            self.lost.discard(sku)
            raise BoardError(0, "the line went dead")
