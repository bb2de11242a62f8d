"""What the core asks the shell to do, what the shell reports back, and what is worth telling people.

`Prepare` → `Prepared` | unavailable, `Call` → answers, `Probe` → answered or not, `Store` → lost ids | unavailable,
`Produce` → written.
Each report goes to the method of `core.Core` named in the command's docstring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from adapters.values import value_object
from consumer.delivery.batches import Send
from consumer.delivery.flood import StopFlood
from consumer.delivery.offsets import Ticket
from consumer.delivery.owing import Owe
from consumer.delivery.quotas.leases import Lease
from consumer.delivery.retry import Decision, RetryTopic
from consumer.delivery.sweeps import Sweep
from consumer.delivery.unseen import MarkUnseen
from consumer.delivery.work import AccountKey, Work
from consumer.kafka.records import Partition, Record


@value_object
class Prepare:
    """Load the states of these listings, plan, store what was planned. Answer: `prepared` or `not_prepared`.

    asked: when, on the core's clock; what is planned counts as under way since then. background: nobody waits for it.
    """

    works: tuple[Work, ...]
    asked: float = math.inf
    background: bool = False


@value_object
class Call:
    """Perform these commands in one call. Answer: `called`, or `dispatch.too_late`.

    generation: of the account's credential. until: when what was leased for it may not be used any more, on the core's
    clock; then it may not be sent.
    """

    account: AccountKey
    operation: str
    sends: tuple[Send, ...]
    generation: int = 0
    until: float = math.inf


@value_object
class Probe:
    """Ask the channel something cheap, to know whether it answers this account at all. Answer: `probed`."""

    account: AccountKey


@value_object
class Ending:
    """How one command ended and what follows from it. outcome is opaque; error None = the channel accepted.

    submitted: it has not ended, the channel says later how it does.
    """

    send: Send
    outcome: Any
    error: Exception | None
    follow_up: Decision | None
    submitted: bool = False

    @property
    def word(self) -> str:
        """How a success is called."""
        return "submitted" if self.submitted else "accepted"


@value_object
class Store:
    """Store these outcomes durably. Answer: `stored` or `not_stored`."""

    endings: tuple[Ending, ...]


@value_object
class Letter:
    """A record to be written to a retry topic (`retry` set) or to the dead letters.

    work: None where the record could not be decoded. error: the last failure. dead: its bounded reason.
    """

    ticket: Ticket
    record: Record
    work: Work | None
    retry: RetryTopic | None
    dead: str | None
    error: Exception | None


@value_object
class Produce:
    """Write these records and wait until Kafka has them. Answer: `produced` or `not_produced`.

    A failure of Kafka must stop the worker.
    """

    letters: tuple[Letter, ...]


@value_object
class Release:
    """These held records are due: take them in (`arrived`, `undecodable`)."""

    records: tuple[Record, ...]


@value_object
class Rest:
    """Exactly these assigned partitions are not to be read for now."""

    partitions: frozenset[Partition]


@value_object
class TryAccount:
    """Ask the channel whether a halted account works again. Answer: `tried`."""

    account: AccountKey


@value_object
class Dismiss:
    """Nothing of this account is in flight any more, and there is no such account: forget it. No answer."""

    account: AccountKey


CoreCommand = (
    Prepare
    | Call
    | Probe
    | Store
    | Produce
    | Release
    | Rest
    | Lease
    | Owe
    | Sweep
    | TryAccount
    | MarkUnseen
    | StopFlood
    | Dismiss
)


@value_object
class Answer:
    """What a call did for one command.

    again: plan the same state once more, the way is clear now. submitted: the channel says later how it ended.
    """

    send: Send
    outcome: Any
    error: Exception | None
    again: bool = False
    submitted: bool = False


@value_object
class Settled:
    """A state that needs no call. outcome: a bounded word: unchanged, invalid, superseded, rehearsed …

    words: why, for people.
    """

    work: Work
    outcome: str
    words: str = ""


@value_object
class Prepared:
    """The end of a `Prepare`; every work stands in exactly one of the lists.

    sends: intent stored, to be called. settled: nothing to call. lost: another process was quicker, plan again.
    failed: planning raised, a bug; or the listing may not be written now, RateLimitedError. marked: listings were
    marked that are due at once.
    """

    sends: Sequence[Send] = ()
    settled: Sequence[Settled] = ()
    lost: Sequence[Work] = ()
    failed: Sequence[tuple[Work, Exception]] = ()
    marked: bool = False


@value_object
class Stored:
    """The end of a `Store`. lost: ids of listings that someone else wrote meanwhile. failed: id → a bug of ours, which
    kept the outcome from being stored: the intent stands.
    """

    lost: AbstractSet[str] = frozenset()
    failed: Mapping[str, Exception] = field(default_factory=dict)


@value_object
class Superseded:
    """A state that was never sent because a newer one was there."""

    work: Work


@value_object
class Finished:
    """A listing is done with one state. operation: what was called, "none" without a call.

    words: why it ended so, for people. send: the command that the channel accepted.
    """

    work: Work
    operation: str
    outcome: str
    words: str = ""
    send: Send | None = None


@value_object
class Postponed:
    """A try failed or could not be made; the listing waits in "memory" or in a "topic" for `delay` seconds."""

    work: Work
    place: str
    delay: float
    error: Exception | None


@value_object
class AccountHalted:
    """The account's gate closed because the account itself was refused."""

    account: AccountKey
    error: Exception | None
    delay: float


@value_object
class AccountOpened:
    """A probe went through: the account works again."""

    account: AccountKey


@value_object
class ChannelDown:
    """The account's gate closed because the channel does not answer."""

    account: AccountKey
    error: Exception | None
    delay: float


@value_object
class ChannelAnswers:
    """A probe went through: the channel is back."""

    account: AccountKey


Note = Superseded | Finished | Postponed | AccountHalted | AccountOpened | ChannelDown | ChannelAnswers


@dataclass(slots=True)
class Notes:
    """What happened since it was read last, for metrics and logs."""

    items: list[Note] = field(default_factory=list)

    def add(self, note: Note) -> None:
        """Remember it."""
        self.items.append(note)

    def drain(self) -> list[Note]:
        """Take everything."""
        items, self.items = self.items, []
        return items
