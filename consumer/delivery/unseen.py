"""Markers that say a tenant was read whole: what of it was not met in a partition is looked for. Pure.

A marker stands behind all products of its reading. It is acted on when everything before it in its partition is
finished; by then each product that was met has been planned, or stands in a retry topic and is marked needlessly.
"""

from __future__ import annotations

from dataclasses import dataclass

from consumer.delivery.offsets import Offsets, Ticket
from consumer.markers import SnapshotCompleted


@dataclass(frozen=True, slots=True)
class MarkUnseen:
    """Mark the listings of this partition that the reading did not meet. Answer: `unseen_marked` or `not_marked`.

    account: the one it was read for, "" = all of the tenant.
    """

    ticket: Ticket
    marker: SnapshotCompleted
    account: str = ""


class Markers:
    """Those that wait for what stands before them, and those being acted on."""

    def __init__(self) -> None:
        self._waiting: list[MarkUnseen] = []

    def add(self, ticket: Ticket, marker: SnapshotCompleted, account: str) -> None:
        """A marker came in. account: the one it is for, "" = all."""
        self._waiting.append(MarkUnseen(ticket, marker, account))

    def next(self, offsets: Offsets) -> list[MarkUnseen]:
        """Those whose time has come. Those of partitions that are not ours any more are forgotten."""
        ours = [each for each in self._waiting if offsets.is_current(each.ticket)]
        ready = [each for each in ours if offsets.is_first_open(each.ticket)]
        self._waiting = [each for each in ours if each not in ready]
        return ready

    def again(self, command: MarkUnseen) -> None:
        """It could not be done."""
        self._waiting.append(command)
