"""Who stands still, and what is owed to whom: a part of `marketsync status`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from consumer.bootstrap.holding import held_store
from consumer.delivery.pauses import COLLECTION as PAUSES
from consumer.delivery.pauses import Pause, Pauses
from consumer.delivery.standstills import COLLECTION as STANDSTILLS
from consumer.delivery.standstills import Standstill, Standstills
from consumer.listings.held import OwedGroup, Which
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.listings.undecided import OVERDUE, SUBMITTED, Undecided, undecided
from consumer.mongo import AsyncDatabase, Document

_STATES = {
    "broken": "its document cannot be used",
    "halted": "halted: its credential or settings do not work",
    "down": "the channel does not answer",
    "throttled": "the channel asked for a rest",
}
_ALL = "all"
_WHY = {
    SUBMITTED: "the channel says later how it ended; it is asked again and again",
    OVERDUE: "look at one on the channel: `marketsync history CODE` says what differs",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line. account: "channel/account". count: listings, None where it is about the account itself. since: UTC."""

    account: str
    tenant: str
    what: str
    count: int | None
    since: datetime
    why: str


async def read_waiting(database: AsyncDatabase[Document]) -> list[Waiting]:
    """Accounts that stand still first, then what is owed, most first. Raises PyMongoError."""
    pauses = await Pauses(database[PAUSES]).current()
    standstills = await Standstills(database[STANDSTILLS]).current()
    groups = await held_store(database).groups(Which())
    open_ends = await undecided(database[LISTINGS])
    return [*_paused(pauses), *_standing(standstills), *_undecided(open_ends), *_owed(groups)]


def _paused(pauses: Iterable[Pause]) -> list[Waiting]:
    return [
        Waiting(
            f"{pause.channel}/{pause.account or _ALL}", pause.tenant or _ALL, "paused", None, pause.since, str(pause)
        )
        for pause in pauses
    ]


def _undecided(found: Iterable[Undecided]) -> list[Waiting]:
    return [
        Waiting(f"{each.channel}/{each.account}", each.tenant, each.what, each.listings, each.since, _WHY[each.what])
        for each in found
    ]


def _standing(standstills: Iterable[Standstill]) -> list[Waiting]:
    """Processes of one channel mostly say the same: the one that said it first speaks for them."""
    first: dict[tuple[str, str, str], Standstill] = {}
    for each in standstills:
        first.setdefault((f"{each.channel}/{each.account}", each.tenant, each.state), each)
    return [
        Waiting(account, tenant, _STATES.get(state, state), None, each.since, each.why)
        for (account, tenant, state), each in first.items()
    ]


def _owed(groups: Iterable[OwedGroup]) -> list[Waiting]:
    """By account and cause; the words are those of most of the listings."""
    merged: dict[tuple[str, str, str], Waiting] = {}
    for group in groups:
        key = (f"{group.channel}/{group.account}", group.tenant, group.cause.value)
        known = merged.get(key)
        if known is None:
            what = f"owed: {group.cause.value.replace('_', ' ')}"
            merged[key] = Waiting(key[0], group.tenant, what, group.count, group.since, group.words)
        else:
            count = (known.count or 0) + group.count
            merged[key] = Waiting(
                known.account, known.tenant, known.what, count, min(known.since, group.since), known.why
            )
    return list(merged.values())
