"""A seller in a storm of faults: wants something of every SKU in each round, and repeats it until it was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from adapters.errors import AuthenticationError, TemporaryError
from adapters.model import Command, Listing, Money, Operation
from tests.contract.channels import Channel


def any_state(listing: Listing, random: Random) -> Listing:
    price = Money(Decimal(random.randint(100, 9999)) / 100, "EUR")
    title = f"Tazza in ceramica numero {random.randint(0, 99)}"
    return replace(listing, price=price, title=title, quantity=random.randint(1, 50))


class Seller:
    """Repeats every command as the service does. shown: what buyers must see by now. failures: calls that failed."""

    def __init__(self, channel: Channel, skus: Sequence[str], random: Random) -> None:
        self.channel = channel
        self.skus = skus
        self.random = random
        self.references: dict[str, dict[str, str]] = {sku: {} for sku in skus}
        self.shown: dict[str, Listing | None] = dict.fromkeys(skus)
        self.failures = 0

    def wants(self, sku: str) -> Command:
        before = self.shown[sku]
        if before is not None and self.random.random() < 0.25:
            return Command(Operation.WITHDRAW, sku, None)
        wanted = any_state(self.channel.listing(sku), self.random)
        if before is None:
            return Command(Operation.CREATE, sku, wanted)
        if self.random.random() < 0.5:  # price and stock only, so the content stays
            return Command(Operation.REVISE_OFFER, sku, replace(wanted, title=before.title))
        return Command(Operation.REVISE_CONTENT, sku, wanted)

    async def round(self) -> None:
        waiting = [self.wants(sku) for sku in self.skus]
        while waiting:
            sent = [replace(command, references=self.references[command.sku]) for command in waiting]
            waiting = []
            for command, outcome in zip(sent, await self.channel.adapter.apply(sent), strict=True):
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
        wanted = any_state(self.channel.listing(command.sku), self.random)
        return Command(Operation.REVISE_CONTENT, command.sku, wanted)
