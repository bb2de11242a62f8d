"""The unit delivery works on: one state of one product for one account."""

from __future__ import annotations

from typing import NamedTuple

from adapters.values import value_object
from consumer.delivery.lanes import Lane
from consumer.delivery.offsets import NO_OFFSET, Ticket
from consumer.events import Sequence
from consumer.kafka.records import Record
from consumer.listings.owed import Cause
from consumer.listings.state import ListingKey


class AccountKey(NamedTuple):
    """One selling account of one tenant on the channel."""

    tenant: str
    name: str

    def __str__(self) -> str:
        return f"{self.tenant}/{self.name}"


def account_of(key: ListingKey) -> AccountKey:
    """The account a listing belongs to."""
    return AccountKey(key.tenant, key.account)


@value_object
class Work:
    """A state that wants to reach a listing. It keeps its record as bytes, so that waiting costs little memory.

    attempts: tries already made and failed. first_failure: when the first one did, due: not before this time, both on
    the core's clock. suspect: when a call failed last of which it is not known whose fault that was (`verdict`). force:
    what the store says of the channel is not to be trusted. cause: why it was owed, of what a sweep found. kin: it was
    read together with its relatives.
    """

    key: ListingKey
    sequence: Sequence
    lane: Lane
    record: Record
    ticket: Ticket
    attempts: int = 0
    first_failure: float | None = None
    due: float = 0.0
    suspect: float | None = None
    force: bool = False
    cause: Cause | None = None
    kin: bool = False

    @property
    def swept(self) -> bool:
        """Whether it was read because its listing is owed: no record of Kafka stands for it, the mark does."""
        return self.ticket.offset == NO_OFFSET
