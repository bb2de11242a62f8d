"""The channel that the page on adding channels builds, under the suite of all channels: found by the registry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from pydantic import SecretStr

from adapters.feeds import NO_TOOLS
from adapters.model import Listing
from adapters.registry import Channels
from tests.contract.channels import Channel, Shown, mug
from tests.fifth_channel.board import Board, BoardError
from tests.fifth_channel.channel import BOARDS, BachecaAccount

HOME = "tests.fifth_channel.channel"


class BachecaChannel:
    """Its board in this process."""

    name = "bacheca"
    has_tokens = False

    def __init__(self, board: Board) -> None:
        settings = BachecaAccount(key=SecretStr("opens"), board="suite")
        BOARDS["suite"] = self._board = board
        self.adapter = Channels({self.name: HOME})[self.name].make(settings, NO_TOOLS)

    def listing(self, sku: str) -> Listing:
        return mug(sku)

    async def listings(self, sku: str) -> list[Shown]:
        card = self._board.cards.get(sku)
        if card is None or not card["up"]:
            return []
        content = {name: card[name] for name in ("title", "text", "codes")}
        return [Shown(card["title"], Decimal(card["price"]), card["pieces"], content)]

    async def writes(self) -> int:
        return self._board.writes

    def throttle(self, *, times: int, delay: float | None) -> None:
        self._board.next.extend([BoardError(429, "slowly", delay)] * times)

    def fail(self, *, times: int) -> None:
        self._board.next.extend([BoardError(500, "the board fell down")] * times)

    def lose_answer(self, sku: str) -> None:
        self._board.lost.add(sku)

    def refuse(self, sku: str) -> None:
        self._board.refused.add(sku)

    def mend(self) -> None:
        self._board.next.clear()
        self._board.lost.clear()
        self._board.refused.clear()
        self._board.closed = False

    def expire_token(self) -> None:
        raise AssertionError("it has no tokens, and no test may ask")

    def revoke(self) -> None:
        self._board.closed = True


@asynccontextmanager
async def bacheca_channel() -> AsyncIterator[Channel]:
    """An empty board."""
    yield BachecaChannel(Board())
