"""Ghosts: offers that a channel sells although no product of ours stands behind them, found and taken down.

They stay where a channel knows no deletion, or where somebody listed beside us. Nothing is taken down that a person has
not counted, and nothing at all while none of the account's listings is on sale: then a selection came out empty by
mistake, and everything looks like a ghost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adapters.model import ChannelListing, Command, Operation, Outcome
from consumer.control.adopting import Adopter, Met
from consumer.control.catalogue import Catalogue
from consumer.control.stocktaking import Stocktaking
from consumer.listings.adoption import Finding

# Of one call: no channel's request takes fewer at a time than this without harm to its quota.
_MOST = 20


@dataclass(slots=True)
class Ghosts:
    """What a walk through all of a channel's listings met. live: listings on sale; ours: those of them that are ours.

    found: those on sale that no product of the account has the SKU or the barcode of.
    """

    live: int = 0
    ours: int = 0
    found: list[ChannelListing] = field(default_factory=list)

    def add(self, met: Met) -> None:
        """One listing of the channel. What is sold out sells nothing, so that it haunts nobody."""
        listing = met.listing
        if not listing.live or listing.quantity == 0:
            return
        self.live += 1
        self.ours += met.match.finding is not Finding.FOREIGN
        if met.match.finding is Finding.FOREIGN:
            self.found.append(listing)

    def objection(self, most: int) -> str:
        """Why none of them may be taken down, in words; "" = they may. most: as many as a person has allowed."""
        if not self.found:
            return ""
        if not self.ours:
            return (
                f"none of the {self.live} offers on sale is of a product that the account wants: its selection may be"
                " empty by mistake. Look at the account's selection and at `marketsync status` first"
            )
        if len(self.found) > most:
            return f"there are {len(self.found)} ghosts, and {most} were allowed. Look through them, then allow as many"
        return ""


class Exorcist:
    """For one account."""

    def __init__(self, taking: Stocktaking) -> None:
        self._taking = taking

    async def look(self, catalogue: Catalogue) -> Ghosts:
        """Walk through everything. Raises AdapterError where the list breaks off: then nothing is concluded."""
        ghosts = Ghosts()

        def see(page: Sequence[Met]) -> None:
            for met in page:
                ghosts.add(met)

        await Adopter(self._taking).run(catalogue, see, dry_run=True)
        return ghosts

    async def take_down(self, ghosts: Ghosts, see: Callable[[Sequence[Outcome]], None]) -> None:
        """End them all. One that became ours meanwhile is left alone. Raises AdapterError, PyMongoError."""
        account, asker = self._taking.account, self._taking.asker
        for start in range(0, len(ghosts.found), min(_MOST, asker.size)):
            ours = await self._taking.listings.numbers(account.channel, account.tenant, account.name)
            some = ghosts.found[start : start + min(_MOST, asker.size)]
            commands = [
                Command(Operation.WITHDRAW, one.sku, None, one.references) for one in some if one.sku not in ours
            ]
            see(await asker.take_down(commands) if commands else [])
