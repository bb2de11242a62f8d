"""A seeded storm of faults over eBay's adapter: whatever was cut, the last state that went through is what shows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from adapters.errors import AuthenticationError, TemporaryError
from adapters.model import Command, Listing, Money, Operation
from tests.contract.channels import EbayChannel, assert_shows

FAULTS = (
    {"kind": "lost_answer", "rate": 0.15},
    {"kind": "lost_request", "rate": 0.1},
    {"kind": "status", "rate": 0.1},
    {"kind": "rate_limited", "rate": 0.05},
    {"kind": "token_expired", "rate": 0.05, "count": None},
)
SKUS = tuple(f"S/{number}" for number in range(8))
ROUNDS = 15


def any_state(listing: Listing, random: Random) -> Listing:
    price = Money(Decimal(random.randint(100, 9999)) / 100, "EUR")
    title = f"Tazza in ceramica numero {random.randint(0, 99)}"
    return replace(listing, price=price, title=title, quantity=random.randint(1, 50))


class Seller:
    """Wants something of every SKU in each round, and repeats it until eBay has taken it, as the service does."""

    def __init__(self, ebay: EbayChannel, random: Random) -> None:
        self.ebay = ebay
        self.random = random
        self.references: dict[str, dict[str, str]] = {sku: {} for sku in SKUS}
        self.shown: dict[str, Listing | None] = dict.fromkeys(SKUS)
        self.failures = 0

    def wants(self, sku: str) -> Command:
        before = self.shown[sku]
        if before is not None and self.random.random() < 0.25:
            return Command(Operation.WITHDRAW, sku, None)
        wanted = any_state(self.ebay.listing(sku), self.random)
        if before is None:
            return Command(Operation.CREATE, sku, wanted)
        if self.random.random() < 0.5:  # price and stock only, so the content stays
            return Command(Operation.REVISE_OFFER, sku, replace(wanted, title=before.title))
        return Command(Operation.REVISE_CONTENT, sku, wanted)

    async def round(self) -> None:
        waiting = [self.wants(sku) for sku in SKUS]
        while waiting:
            sent = [replace(command, references=self.references[command.sku]) for command in waiting]
            waiting = []
            for command, outcome in zip(sent, await self.ebay.adapter.apply(sent), strict=True):
                self.references[command.sku].update(outcome.references)
                if outcome.error is None:
                    self.shown[command.sku] = command.listing
                    continue
                # two tokens in a row refused is a dead credential, as far as the adapter can tell
                assert isinstance(outcome.error, TemporaryError | AuthenticationError), outcome.error
                self.failures += 1
                waiting.append(self.newer(command) if outcome.error.effect_unknown else command)

    def newer(self, command: Command) -> Command:
        """After an unknown effect a newer whole state is sent half of the time, not the one that was cut."""
        if command.operation is Operation.WITHDRAW or self.random.random() < 0.5:
            return command
        wanted = any_state(self.ebay.listing(command.sku), self.random)
        return Command(Operation.REVISE_CONTENT, command.sku, wanted)


@pytest.mark.parametrize("seed", range(6))
async def test_the_last_state_that_went_through_is_shown_once(ebay: EbayChannel, seed: int) -> None:
    for number, fault in enumerate(FAULTS):
        ebay.switch_on({**fault, "seed": seed * 10 + number})
    seller = Seller(ebay, Random(seed))
    for _ in range(ROUNDS):
        await seller.round()
    assert seller.failures > 20, "there was no storm"
    ebay.mend()
    for sku, listing in seller.shown.items():
        if listing is None:
            assert await ebay.listings(sku) == []
        else:
            await assert_shows(ebay, listing)
