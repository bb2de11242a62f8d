"""When the owner of a partition looks for its owed listings, and how many it takes. Pure.

One sweep at a time, a bounded number of listings each, and only while memory is less than half full and the account
may call: what is owed never stands in the way of what happens now, and an account that stands still is left alone.
What is owed and urgent happens now itself (the stock of a group's variant): it waits only for room in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consumer.delivery.accounts import Gate
from consumer.delivery.offsets import NO_OFFSET, Offsets, Ticket
from consumer.delivery.slots import Slots
from consumer.delivery.work import AccountKey
from consumer.kafka.records import Partition

_MOST = 200
# Seconds between two looks that found nothing to do.
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """Look for listings that are owed and due. Answer: `swept` or `not_swept`.

    tickets: partition number → what stands for our ownership of it. most: account → how many may be taken; urgent: the
    same, of those that are more urgent than any text: they come before the others.
    """

    tickets: Mapping[int, Ticket]
    most: Mapping[AccountKey, int]
    urgent: Mapping[AccountKey, int]


class Sweeps:
    """The pace. home: topics of which a partition's owner sweeps the listings of the same number."""

    def __init__(self, home: frozenset[str], max_waiting: int) -> None:
        self._home = home
        self._full = max_waiting
        self._most_waiting = max_waiting // 2
        self._under_way = False
        self._until = 0.0

    def next(
        self,
        gates: Mapping[AccountKey, Gate],
        slots: Slots,
        offsets: Offsets,
        *,
        draining: set[Partition],
        now: float,
    ) -> Sweep | None:
        """The sweep to start now, if any."""
        if self._under_way or now < self._until or slots.waiting >= self._full:
            return None
        tickets = {
            partition.number: ticket
            for partition in offsets.partitions
            if partition.topic in self._home and partition not in draining
            if (ticket := offsets.ticket(partition, NO_OFFSET)) is not None
        }
        most = self._room(gates, slots, now) if tickets and slots.waiting < self._most_waiting else {}
        urgent = {account: _MOST for account, gate in gates.items() if tickets and _may_call(gate, now)}
        if not urgent:
            self._until = now + _PAUSE
            return None
        self._under_way = True
        return Sweep(tickets, most, urgent)

    def wake(self) -> None:
        """Something became due just now."""
        self._until = 0.0

    def ended(self, found: int, now: float) -> None:
        """The sweep is over. found: how many listings were due; where there were some, there may be more."""
        self._under_way = False
        self._until = now if found else now + _PAUSE

    def _room(self, gates: Mapping[AccountKey, Gate], slots: Slots, now: float) -> dict[AccountKey, int]:
        """Accounts that may call, and how many more listings keep each of them busy."""
        waiting = slots.waiting_by_account()
        room = {
            account: min(gate.most_in_flight + gate.gathers - waiting.get(account, 0), _MOST)
            for account, gate in gates.items()
            if _may_call(gate, now)
        }
        return {account: most for account, most in room.items() if most > 0}


def _may_call(gate: Gate, now: float) -> bool:
    return not gate.stands and not gate.closed_for(now)
