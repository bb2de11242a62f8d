"""States that are older than the last whole reading of their account list nothing any more.

A whole reading brings the newest state of every product there is, and of those that are gone it brings nothing. So an
older state of a listing that is not on the channel says nothing new, or it is of a product that is gone: had its
account been off when the product was deleted, nobody would remember that. A listing that is on the channel is another
matter: whether its product is gone, is looked up when the reading ends.

A floor counts once the marker behind a reading is acted on, for its partition. It is stored before the marker is
finished, and read again by whoever gets the partition: every state that comes up behind a marker meets its floor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

from adapters.values import replace
from consumer.delivery.commands import Prepare, Prepared, Settled
from consumer.delivery.keeping import States
from consumer.delivery.unseen import MarkUnseen
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.errors import MarketsyncError
from consumer.events import Sequence as EventSequence
from consumer.mongo import PyMongoError

# Of all accounts of a tenant: a reading that was made for every channel.
_EVERY = ""
_NONE = EventSequence("")
_WORDS = "older than the last whole reading of the account"


class FloorBook(Protocol):
    """Where floors are stored: `account_book.FloorBook`. Methods raise PyMongoError."""

    async def raise_to(self, account: AccountKey, partition: int, sequence: EventSequence) -> None:
        """The floor of this partition is this high at least. The account's name "": of all of the tenant."""

    async def floors(self, accounts: Collection[AccountKey]) -> Mapping[AccountKey, Mapping[int, EventSequence]]:
        """Account -> partition -> floor, as far as there are any."""


class Floors:
    """One process's, of one channel."""

    def __init__(self, book: FloorBook, states: States) -> None:
        self._book = book
        self._states = states
        self._known: dict[AccountKey, dict[int, EventSequence]] = {}
        # The newest ownership that an account's floors were read in.
        self._read_in: dict[AccountKey, int] = {}

    async def reached(self, command: MarkUnseen) -> None:
        """Everything before this marker is finished in its partition. Raises PyMongoError: nothing counts then."""
        account = AccountKey(command.marker.tenant, command.account)
        number, sequence = command.ticket.partition.number, command.marker.sequence
        await self._book.raise_to(account, number, sequence)
        known = self._known.setdefault(account, {})
        known[number] = max(sequence, known.get(number, _NONE))

    async def prepare(self, prepare: Prepare, plan: Callable[[Prepare], Awaitable[Prepared | None]]) -> Prepared | None:
        """Have planned what is not below its floor; the rest is superseded. None: our own store is away."""
        try:
            below = await self._below(prepare.works)
        except PyMongoError:
            return None
        if not below:
            return await plan(prepare)
        rest = [work for work in prepare.works if work not in below]
        report = await plan(replace(prepare, works=tuple(rest))) if rest else Prepared()
        settled = [Settled(work, "superseded", _WORDS) for work in below]
        return None if report is None else replace(report, settled=[*report.settled, *settled])

    async def _below(self, works: Sequence[Work]) -> list[Work]:
        await self._read(works)
        below = [work for work in works if work.sequence < self._floor(work)]
        if not below:
            return []
        try:
            states = await self._states.load([str(work.key) for work in below])
        except MarketsyncError:
            return []  # one that cannot be read: whoever plans says so
        return [work for work in below if not ((state := states.get(str(work.key))) and state.maybe_live)]

    def _floor(self, work: Work) -> EventSequence:
        number, account = work.ticket.partition.number, account_of(work.key)
        every = AccountKey(account.tenant, _EVERY)
        return max(self._known.get(each, {}).get(number, _NONE) for each in (account, every))

    async def _read(self, works: Sequence[Work]) -> None:
        """Those of accounts of which a partition came since they were read last: their owner before may have raised
        them."""
        newest: dict[AccountKey, int] = {}
        for work in works:
            account, epoch = account_of(work.key), work.ticket.epoch
            for each in (account, AccountKey(account.tenant, _EVERY)):
                if epoch > max(self._read_in.get(each, -1), newest.get(each, -1)):
                    newest[each] = epoch
        if not newest:
            return
        for account, floors in (await self._book.floors(newest.keys())).items():
            known = self._known.setdefault(account, {})
            known |= {number: max(floor, known.get(number, _NONE)) for number, floor in floors.items()}
        self._read_in |= newest
