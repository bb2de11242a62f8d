"""One command on its way through eBay's calls, and how many of them travel in one bulk call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from copy import copy
from dataclasses import dataclass, field

import orjson

from adapters.ebay.client import BULK_SIZE, Entry
from adapters.ebay.pictures import Picture, as_reference, pictures_in
from adapters.errors import AdapterError, ChannelUnavailableError, PermanentError
from adapters.model import Command, Listing, Operation, Outcome

PICTURES = "pictures"  # reference of a listing whose pictures are uploaded
OFFERS = "offers"  # reference of a group: the offers of its variants by SKU, as JSON


@dataclass(slots=True, eq=False)
class Work:
    """How far a command has come.

    written: eBay has taken at least one write of it, so that an error later leaves the listing half changed.
    offers: of a group, the offers of its variants by SKU. uploaded: the pictures that are on
    eBay's server, by the address they came from; pictures: their addresses there.
    """

    command: Command
    offer_id: str = ""
    listing_id: str = ""
    warnings: list[str] = field(default_factory=list)
    error: AdapterError | None = None
    written: bool = False
    offers: dict[str, str] = field(default_factory=dict)
    uploaded: Mapping[str, Picture] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, command: Command) -> Work:
        """Work not yet begun, knowing what earlier outcomes told to keep."""
        return cls(
            command,
            offer_id=command.references.get("offer_id", ""),
            offers=_offers_in(command.references.get(OFFERS, "")),
            uploaded=pictures_in(command.references.get(PICTURES, "")),
        )

    @property
    def of_group(self) -> bool:
        """Whether it is about a listing with variants."""
        wanted = self.command.listing
        return bool(self.command.variants or self.command.quantities) if wanted is None else bool(wanted.variants)

    @property
    def sku(self) -> str:
        return self.command.sku

    @property
    def listing(self) -> Listing:
        """The wanted state."""
        if self.command.listing is None:
            raise ValueError(f"{self.command.operation} needs a listing")
        return self.command.listing

    @property
    def quantity(self) -> int:
        """The wanted stock of a command that is about nothing else."""
        if self.command.quantity is None:
            raise ValueError(f"{self.command.operation} needs a quantity")
        return self.command.quantity

    def fail(self, error: AdapterError) -> None:
        """End this command. One failure of a bulk call ends many, so each gets a copy of its own."""
        self.error = copy(error)
        # What was shown before a revision is half overwritten now: only sending a whole state again makes it sure. A
        # command that creates has nothing before it to be half of.
        if self.written and self.command.operation is not Operation.CREATE:
            self.error.effect_unknown = True

    def done(self, warnings: Iterable[str] = ()) -> None:
        """eBay took one write of this command."""
        self.written = True
        self.warnings.extend(warnings)

    def outcome(self) -> Outcome:
        """What came of it."""
        found = {"offer_id": self.offer_id, "listing_id": self.listing_id}
        references = {name: value for name, value in found.items() if value}
        if self.offers:
            references |= {OFFERS: orjson.dumps(self.offers).decode(), "offer_id": ""}
        if self.pictures:
            references[PICTURES] = as_reference(self.uploaded)
        return Outcome(
            sku=self.sku,
            error=self.error,
            references=references,
            warnings=tuple(dict.fromkeys(self.warnings)),
        )


def _offers_in(text: str) -> dict[str, str]:
    """Offers by SKU out of a reference; none where it is not one of ours."""
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return {str(sku): str(offer) for sku, offer in found.items()} if isinstance(found, dict) else {}


def alive(works: Iterable[Work]) -> list[Work]:
    """Those that have not failed."""
    return [work for work in works if work.error is None]


@dataclass(frozen=True, slots=True)
class BulkCall:
    """One bulk operation: how to send some works together, and to which of them an entry of the answer belongs.

    settle: takes over what eBay says about one work.
    """

    send: Callable[[Sequence[Work]], Awaitable[list[Entry]]]
    key: Callable[[Work], str]
    entry_key: Callable[[Entry], str]
    settle: Callable[[Work, Entry], None]
    gate: AbstractAsyncContextManager[object]

    async def run(self, works: Sequence[Work]) -> None:
        """Send all works in calls of at most 25; every work ends settled or failed."""
        async with asyncio.TaskGroup() as group:
            for start in range(0, len(works), BULK_SIZE):
                group.create_task(self._run_one(works[start : start + BULK_SIZE]))

    async def _run_one(self, works: Sequence[Work]) -> None:
        """eBay refuses some calls as a whole for one bad entry: then halves are sent, until it stands alone.

        Nothing of a refused call was done, so this repeats no write.
        """
        try:
            async with self.gate:
                entries = await self.send(works)
        except PermanentError as error:
            if len(works) == 1:
                works[0].fail(error)
                return
            middle = len(works) // 2
            await self._run_one(works[:middle])
            await self._run_one(works[middle:])
        except AdapterError as error:
            for work in works:
                work.fail(error)
        else:
            self._settle(works, entries)

    def _settle(self, works: Sequence[Work], entries: Sequence[Entry]) -> None:
        said: dict[str, list[Entry]] = {}
        for entry in entries:
            said.setdefault(self.entry_key(entry), []).append(entry)
        for work in works:
            mine = said.get(self.key(work))
            if not mine:
                work.fail(ChannelUnavailableError("eBay's answer does not mention this SKU", effect_unknown=True))
                continue
            self.settle(work, next((entry for entry in mine if entry.error is not None), mine[0]))
