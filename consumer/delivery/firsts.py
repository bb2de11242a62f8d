"""No product gets a second listing: before a first create the channel is searched for the product's barcodes.

The adapter itself finds what stands there under the same SKU. What stands under another one is taken over, where the
account says so and it is certain whose it is, else people are told, and nothing is created. A channel that cannot be
searched by barcode finds nothing: there, `marketsync adopt` walks through the whole account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from adapters.errors import AdapterError, TemporaryError
from adapters.model import ChannelListing, Command, Operation, Outcome
from consumer.delivery.planning import Seller
from consumer.listings.adoption import ListedAlreadyError, same_barcode
from consumer.mongo import PyMongoError


class Guard(Protocol):
    """Sends commands, and answers for those that must not be sent."""

    async def __call__(self, seller: Seller, commands: Sequence[Command], *, bulk: bool = False) -> list[Outcome]:
        """One call of `apply`, or of `apply_bulk`. Raises only on bugs."""


class Owners(Protocol):
    """Who knows which listings are ours: `consumer.listings.store.ListingStore`."""

    async def owners(self, channel: str, tenant: str, account: str, skus: Sequence[str]) -> Mapping[str, str]:
        """SKU -> entity code, of listings of ours that are, or may be, on the channel. Raises PyMongoError."""


async def send_all(seller: Seller, commands: Sequence[Command], *, bulk: bool = False) -> list[Outcome]:
    """Without a look at barcodes: keeps `Guard`."""
    return await (seller.adapter.apply_bulk if bulk else seller.adapter.apply)(commands)


class Firsts:
    """Keeps `Guard`."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners

    async def __call__(self, seller: Seller, commands: Sequence[Command], *, bulk: bool = False) -> list[Outcome]:
        """Where the channel cannot be asked, nothing new is listed: the error is everybody's answer."""
        firsts = [command for command in commands if _is_first(command)]
        if not firsts:
            return await send_all(seller, commands, bulk=bulk)
        try:
            found = await seller.adapter.find_by_barcode(sorted({code for one in firsts for code in _codes(one)}))
            twins = await self._twins(seller, firsts, found)
        except AdapterError as error:
            return [Outcome(command.sku, error) for command in commands]
        except PyMongoError as error:
            away = TemporaryError(f"MongoDB cannot say whose listings are ours: {error}")
            return [Outcome(command.sku, away) for command in commands]
        if not twins:
            return await send_all(seller, commands, bulk=bulk)
        rest = [command for command in commands if command.sku not in twins]
        sent = await send_all(seller, rest, bulk=bulk) if rest else []
        answers = iter(sent)
        return [twins.get(command.sku) or next(answers) for command in commands]

    async def _twins(
        self, seller: Seller, firsts: Sequence[Command], found: Sequence[ChannelListing]
    ) -> dict[str, Outcome]:
        """SKU -> the answer for what is listed already."""
        there: dict[str, list[ChannelListing]] = {}
        for command in firsts:
            codes = _codes(command)
            same = [one for one in found if one.live and one.sku != command.sku and same_barcode(one.gtins, codes)]
            # Where its own SKU is there too, the create finds that one, and a person made the second.
            if same and all(one.sku != command.sku or not one.live for one in found):
                there[command.sku] = same
        if not there:
            return {}
        account = seller.account
        skus = sorted({one.sku for same in there.values() for one in same})
        owners = await self._owners.owners(account.channel, account.tenant, account.name, skus)
        claims = [same[0].sku for same in there.values() if len(same) == 1]
        outcomes = {}
        for command in firsts:
            if twins := there.get(command.sku):
                certain = len(twins) == 1 and claims.count(twins[0].sku) == 1 and not _is_group(command)
                takes = certain and twins[0].sku not in owners and account.reconcile.same_barcode == "adopt"
                outcomes[command.sku] = Outcome(command.sku, ListedAlreadyError(twins, owners, adoptable=takes))
        return outcomes


def _is_first(command: Command) -> bool:
    """Nothing that the channel gave us is known of it, so that it was never listed by us."""
    return command.operation is Operation.CREATE and not command.references and bool(_codes(command))


def _codes(command: Command) -> tuple[str, ...]:
    listing = command.listing
    if listing is None:
        return ()
    return (*listing.gtins, *(code for variant in listing.variants for code in variant.gtins))


def _is_group(command: Command) -> bool:
    return command.listing is not None and bool(command.listing.variants)
