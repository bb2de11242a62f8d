"""Bacheca as a channel: settings, adapter and what the registry is told. It is all that a fifth channel needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from adapters.base import AnswersAtOnce
from adapters.channel import Channel
from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    RateLimitedError,
    RejectedListingError,
    UnknownListingError,
)
from adapters.model import ChannelListing, Command, Listing, ListingPage, Money, Operation, Outcome, Problem, Rendered
from tests.fifth_channel.board import Board, BoardError

BOARDS: dict[str, Board] = {}
_PAGE = 50


class BachecaAccount(BaseModel):
    """One board. key: opens it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: SecretStr
    board: str


class BachecaAdapter(AnswersAtOnce):
    """Keeps `adapters.base.Adapter`."""

    channel = "bacheca"
    batch_size = 10
    limits = ()

    def __init__(self, board: Board) -> None:
        self._board = board

    async def close(self) -> None:
        """There is no connection."""

    async def test_connection(self) -> None:
        self._ask()

    def fit(self, listing: Listing) -> Listing:
        return listing

    def validate(self, listing: Listing) -> list[Problem]:
        if listing.price.amount > 0:
            return []
        return [Problem("price", "not_positive", "Price must be greater than 0", "Set a price in the PIM.")]

    def render(self, listing: Listing) -> Rendered:
        content = {"title": listing.title, "text": listing.description, "codes": list(listing.gtins)}
        offer = {"price": str(listing.price.amount), "currency": listing.price.currency, "pieces": listing.quantity}
        return Rendered(content=content, offer=offer)

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        return [self._do(command) for command in commands]

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        cards = self._ask()
        return {sku: _shown(sku, cards[sku]) for sku in skus if sku in cards}

    async def list_listings(self, page: str = "") -> ListingPage:
        first, cards = int(page or 0), self._ask()
        found = [_shown(sku, card) for sku, card in cards.items()][first : first + _PAGE]
        return ListingPage(tuple(found), str(first + _PAGE) if first + _PAGE < len(cards) else "")

    def _ask(self) -> Mapping[str, dict[str, Any]]:
        try:
            self._board.look()
        except BoardError as error:
            raise _fault(error) from error
        return self._board.cards

    def _do(self, command: Command) -> Outcome:
        try:
            self._board.write(command.sku, self._change(command), new=command.operation is Operation.CREATE)
        except BoardError as error:
            if error.status == 404 and command.operation in (Operation.WITHDRAW, Operation.REVISE_STOCK):
                return Outcome(command.sku)
            return Outcome(command.sku, _fault(error))
        return Outcome(command.sku, references={"card": command.sku})

    def _change(self, command: Command) -> dict[str, Any]:
        """What is written on the card."""
        if command.listing is None:
            return {"up": False} if command.operation is Operation.WITHDRAW else {"pieces": command.quantity}
        rendered = self.render(command.listing)
        if command.operation is Operation.REVISE_OFFER:
            return dict(rendered.offer)
        return {**rendered.content, **rendered.offer, "up": True}


def _shown(sku: str, card: Mapping[str, Any]) -> ChannelListing:
    price = Money(Decimal(card["price"]), card["currency"])
    return ChannelListing(sku, card["up"], card["title"], price, card["pieces"], {"card": sku}, tuple(card["codes"]))


def _fault(error: BoardError) -> AdapterError:
    """The class is the recovery."""
    words, status = str(error), error.status
    table: dict[int, AdapterError] = {
        0: ChannelUnavailableError(words, effect_unknown=True),
        401: AuthenticationError(words, status=status),
        404: UnknownListingError(words, status=status),
        422: RejectedListingError(words, status=status),
        429: RateLimitedError(words, delay=error.wait, status=status),
    }
    return table.get(status) or ChannelUnavailableError(words, status=status)


CHANNEL = Channel(
    settings=BachecaAccount,
    make=lambda account, _: BachecaAdapter(BOARDS[account.board]),
    required=("board",),
    sign_in=(("key",),),
)
