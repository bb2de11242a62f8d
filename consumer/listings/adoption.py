"""Which product a listing is of that stood on the channel before us: by its SKU, else by its barcode. Pure.

What is adopted is changed from then on instead of listed a second time, which channels punish. What cannot be told for
sure is left alone and reported: to take over a stranger's listing is worse than a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from adapters.errors import PermanentError
from adapters.model import ChannelListing, Operation
from consumer.events import Sequence
from consumer.listings.state import Doubt, ListingState, Status, VariantFigures, Version

_NEVER_PLANNED = Sequence("")


class Finding(StrEnum):
    """What a listing on the channel is to us."""

    OURS = "ours"
    """We know it already."""
    BY_SKU = "adopted by SKU"
    """A product has its SKU."""
    BY_BARCODE = "adopted by barcode"
    """No product has its SKU, and just one has its barcode. It keeps the SKU it has on the channel."""
    AMBIGUOUS = "ambiguous"
    """Several products could be meant, or the product has another listing already: a person has to decide."""
    ENDED = "not for sale"
    """It is there and nobody can buy it: nothing to take over. A first listing under its SKU brings it back."""
    FOREIGN = "foreign"
    """No product of this account has its SKU or barcode: it is left alone."""


class ListedAlreadyError(PermanentError):
    """The account sells the product under another SKU already. Raised by nobody: an answer to a create.

    twins: what has its barcode. adoptable: the first of them becomes its listing.
    """

    def __init__(self, twins: SequenceOf[ChannelListing], owners: Mapping[str, str], *, adoptable: bool) -> None:
        super().__init__(_already(twins, owners))
        self.twins = tuple(twins)
        self.adoptable = adoptable


def _already(twins: SequenceOf[ChannelListing], owners: Mapping[str, str]) -> str:
    known = [f"{one.sku} (of product {owners[one.sku]})" if one.sku in owners else one.sku for one in twins]
    cure = (
        "Correct the barcode of the product that has a wrong one."
        if any(one.sku in owners for one in twins)
        else "Take it over with `marketsync adopt`, or end that listing; or correct the barcode in the PIM."
    )
    return f"the account sells this barcode already, under SKU {', '.join(known[:5])}: it is not listed twice. {cure}"


def same_barcode(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether they have a number in common, however it is written."""
    return not {_digits(code) for code in one}.isdisjoint(_digits(code) for code in other)


@dataclass(frozen=True, slots=True)
class Match:
    """code: the product's entity_code, "" where there is none. words: for people."""

    finding: Finding
    code: str = ""
    words: str = ""


@dataclass(slots=True)
class Offering:
    """What the account wants to show. by_sku, by_barcode: entity codes of the products that have it."""

    by_sku: dict[str, list[str]] = field(default_factory=dict)
    by_barcode: dict[str, list[str]] = field(default_factory=dict)

    def add(self, code: str, sku: str, barcodes: Iterable[str]) -> None:
        """One more product that the account wants to show."""
        self.by_sku.setdefault(sku, []).append(code)
        for barcode in barcodes:
            self.by_barcode.setdefault(_digits(barcode), []).append(code)


class Adoption:
    """Goes through what the channel has. taken: products that have a listing of ours, whatever its SKU."""

    def __init__(self, offering: Offering, taken: Iterable[str]) -> None:
        self._offering = offering
        self._taken = set(taken)

    def match(self, found: ChannelListing, ours: str | None) -> Match:
        """One listing. ours: the product we know it to be of, None = we do not know it. A product is given once."""
        if ours is not None:
            return Match(Finding.OURS, ours)
        if not found.live:
            return Match(Finding.ENDED)
        codes = self._offering.by_sku.get(found.sku, [])
        if codes:
            return self._give(codes, Finding.BY_SKU, f"SKU {found.sku}")
        by_barcode = self._offering.by_barcode
        codes = sorted({code for barcode in found.gtins for code in by_barcode.get(_digits(barcode), ())})
        if codes:
            return self._give(codes, Finding.BY_BARCODE, f"barcode {', '.join(found.gtins)}")
        return Match(Finding.FOREIGN)

    def _give(self, codes: list[str], finding: Finding, words: str) -> Match:
        if len(codes) > 1:
            return Match(Finding.AMBIGUOUS, words=f"{words} is of {len(codes)} products: {', '.join(codes[:5])}")
        (code,) = codes
        if code in self._taken:
            return Match(Finding.AMBIGUOUS, code, f"{words}: product {code} has another listing already")
        self._taken.add(code)
        return Match(finding, code, words)


def adopted(
    state: ListingState | None, listing_id: str, found: ChannelListing, *, by_barcode: bool, at: datetime
) -> ListingState:
    """The listing's state once it is ours: its price and stock are known, its text is not, so it is sent whole next.

    found: for sale. state: what is stored, of which nothing is on the channel; None = nothing is stored. at: now, UTC.
    """
    base = state or ListingState(listing_id, 0, _NEVER_PLANNED, Status.WAITING, created_at=at, updated_at=at)
    accepted = Version(
        sequence=base.planned_sequence,
        operation=Operation.CREATE,
        sku=found.sku,
        at=at,
        title=found.title,
        price=found.price,
        quantity=found.quantity,
        variants=tuple(VariantFigures(each.sku, each.price, each.quantity) for each in found.variants),
    )
    return ListingState(
        id=base.id,
        revision=base.revision + 1,
        planned_sequence=base.planned_sequence,
        status=Status.WAITING,
        created_at=base.created_at,
        updated_at=at,
        sku=found.sku,
        keeps_sku=by_barcode,
        accepted=accepted,
        doubt=Doubt.CONTENT,
        references=dict(found.references),
        reason="it was on the channel before us",
        owed=base.owed,
        members=tuple(each.sku for each in found.variants),
    )


def _digits(barcode: str) -> str:
    """The same number may be written as EAN-13, UPC-12 or GTIN-14."""
    return barcode.lstrip("0")
