"""What to do for one listing, given a product event, what is stored and the account. Pure: no I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import Adapter
from adapters.model import Command, Problem
from consumer.events import ProductEvent, Sequence
from consumer.listings.accounts import Account
from consumer.listings.state import Fingerprint, ListingState, Status


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer state was planned before; drop this one. Nothing is to be stored."""

    listing_id: str
    sequence: Sequence
    planned_sequence: Sequence


@dataclass(frozen=True, slots=True)
class Nothing:
    """No call. `transitions.noted` is to be stored, so that older events stay superseded.

    status: what the listing is then. reason: in words, for people.
    """

    listing_id: str
    sequence: Sequence
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """The product cannot be listed as it is. `transitions.noted` is to be stored; the channel keeps its last state."""

    listing_id: str
    sequence: Sequence
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would be sent if the account were live. Never to be sent; `transitions.noted` is to be stored."""

    listing_id: str
    sequence: Sequence
    command: Command
    fingerprint: Fingerprint | None


@dataclass(frozen=True, slots=True)
class Send:
    """Store `transitions.intended`, call the adapter, store `transitions.settled`.

    plan_again: this command only clears the way (the SKU changed); once it succeeded, plan the same event again.
    """

    listing_id: str
    sequence: Sequence
    command: Command
    fingerprint: Fingerprint | None
    plan_again: bool = False


Plan = Superseded | Nothing | Invalid | Rehearsal | Send


def plan(event: ProductEvent, state: ListingState | None, account: Account, adapter: Adapter) -> Plan:
    """Decide. Same arguments, same plan; never raises for what a product holds."""
    raise NotImplementedError
