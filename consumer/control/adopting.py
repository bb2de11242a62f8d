"""Walks through all that an account has on its channel, and makes ours what a product of the PIM stands behind.

It may be repeated at any time: what is ours already stays as it is. A walk that breaks off has adopted what it met, and
concluded nothing about the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.model import ChannelListing, ListingPage, Problem
from consumer.control.catalogue import Catalogue
from consumer.control.stocktaking import Stocktaking
from consumer.events import Kin
from consumer.events import Sequence as EventSequence
from consumer.listings.adoption import Adoption, Finding, Match, Offering, adopted
from consumer.listings.debts import Debt
from consumer.listings.kinship import Role, role_of
from consumer.listings.owed import Cause, moment
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted, wanted
from consumer.listings.rules.units import sold_as
from consumer.listings.state import ListingKey

_ADOPTED = (Finding.BY_SKU, Finding.BY_BARCODE)


@dataclass(frozen=True, slots=True)
class Met:
    """A listing on the channel and what it is to us."""

    listing: ChannelListing
    match: Match


class Adopter:
    """For one account. see: is told of every page, with what was found on it."""

    def __init__(self, taking: Stocktaking) -> None:
        self._account = taking.account
        self._asker = taking.asker
        self._listings = taking.listings
        self._debts = taking.debts
        self._clock = taking.clock

    async def run(
        self, catalogue: Catalogue, see: Callable[[Sequence[Met]], None], *, dry_run: bool
    ) -> Counter[Finding]:
        """All pages. Returns how many were what. Raises AdapterError where the list breaks off, PyMongoError."""
        account = self._account
        ours = await self._listings.numbers(account.channel, account.tenant, account.name)
        adoption = Adoption(await self._offering(catalogue), ours.values())
        counts: Counter[Finding] = Counter()
        page = ListingPage((), "")
        while True:
            page = await self._asker.page(page.next)
            met = [Met(one, adoption.match(one, ours.get(one.sku))) for one in page.listings]
            if not dry_run:
                met = await self._adopt(met)
            counts.update(one.match.finding for one in met)
            see(met)
            if not page.next:
                return counts

    async def _offering(self, catalogue: Catalogue) -> Offering:
        """What the account wants to show, with or without problems: a product with a fault has its listing too."""
        account, offering, at = self._account, Offering(), moment(self._clock())
        async for events in catalogue.chunks(account.tenant):
            for event in events:
                product = read_product(event.product or {}, event.entity_code, text_language=account.text_language)
                role = role_of(product, event.kin or Kin(), None) if account.sells_groups else Role.ALONE
                if role is Role.ALONE:
                    self._offer(offering, product, at)
                elif role is Role.GROUP:  # by its own number: its variants' are in it, and none of them is a listing
                    offering.add(event.entity_code, product.sku, ())
        return offering

    def _offer(self, offering: Offering, product: Product, at: datetime) -> None:
        unit = sold_as(product, self._account.selection.unit)
        if not isinstance(unit, Problem) and not isinstance(wanted(product, self._account, at).target, Unwanted):
            offering.add(product.entity_code, unit.sku, unit.barcodes)

    async def _adopt(self, met: Sequence[Met]) -> list[Met]:
        """Store those that are to be ours, and have them sent. One that changed meanwhile is ours already."""
        at = moment(self._clock())
        taken = {self._account.listing_id(one.match.code): one for one in met if one.match.finding in _ADOPTED}
        states = await self._listings.load(list(taken))
        fresh = {i: one for i, one in taken.items() if (known := states.get(i)) is None or not known.maybe_live}
        made = [
            adopted(states.get(i), i, one.listing, by_barcode=one.match.finding is Finding.BY_BARCODE, at=at)
            for i, one in fresh.items()
        ]
        lost = await self._listings.store_intents(made)
        stored = set(fresh) - set(lost)
        await self._debts.mark([Debt(ListingKey.parse(i), Cause.ADOPTED, at, EventSequence("")) for i in stored], at)
        late = {one.match.code for i, one in taken.items() if i not in stored}
        return [Met(one.listing, Match(Finding.OURS, one.match.code)) if one.match.code in late else one for one in met]
