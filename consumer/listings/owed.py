"""What a listing is owed: its newest state has to be sent, and no event will come to say so.

The mark stands beside the listing's state in the store, with a stamp of its own instead of the state's revision: to
mark a listing disturbs nobody who is working on it, and whoever pays a mark names the one that was there when the state
was planned, so that a mark made meanwhile stays. Pure; times are UTC, whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from adapters.model import Money, Operation
from adapters.values import value_object
from consumer.events import Sequence


class Cause(StrEnum):
    """Why a listing is owed. The words stand in the store, in metrics and in `marketsync status`."""

    PAUSED = "paused"
    """A person paused its channel or account."""
    HALTED = "halted"
    """Its account's credential or settings do not work."""
    HELD = "held"
    """A person has to decide: `marketsync held`."""
    CAPPED = "capped"
    """Its account has created as many listings as it may for now; it follows by itself."""
    RELEASED = "released"
    """A person let it pass a brake."""
    ZOMBIE = "zombie"
    """The outcome of a call could not be stored over what somebody else had written meanwhile."""
    LATE_CALL = "late_call"
    """A call that another process began may still land on the channel."""
    SUBMITTED = "submitted"
    """The channel has something older of it, and has not said yet how that ended."""
    UNFINISHED = "unfinished"
    """An intent without an end, and nobody is at work on it."""
    RETRY = "retry"
    """It waits for its next try, and no record of Kafka stands for it."""
    SPILLED = "spilled"
    """Its account had more waiting in memory than its share."""
    GAP = "gap"
    """Changes were missed, and the reading afterwards did not meet the product."""
    DISTRUST = "distrust"
    """What the store says of the channel is not to be believed."""
    RULES = "rules"
    """The rules of its account changed, or its mode."""
    PRICE_DUE = "price_due"
    """The date has come at which its price may be another: a promotion or a rule begins or ends. Or it is stuck, and it
    is time to see whether the channel's own rules have changed."""
    ADOPTED = "adopted"
    """It was on the channel before us and is ours now; what it shows there is not known."""
    DRIFT = "drift"
    """The channel was asked, and shows something else than what it accepted."""
    VARIANT = "variant"
    """A product of its group changed, or its place in one: it is looked at together with them."""
    SOLD = "sold"
    """A channel sold some of it, or of what it sold was cancelled: less, or more, is left for all of them."""
    FLOOD = "flood"
    """Too many listings were given up at once."""


# Nobody waits for these: they go behind everything that happens now.
BACKGROUND = frozenset(
    {
        Cause.GAP,
        Cause.DISTRUST,
        Cause.ADOPTED,
        Cause.DRIFT,
        Cause.UNFINISHED,
        Cause.SPILLED,
        Cause.RULES,
        Cause.PRICE_DUE,
        Cause.HELD,
        Cause.CAPPED,
        Cause.RELEASED,
    }
)


@value_object
class Leave:
    """What a person was shown when they let a held listing pass. price, quantity: None on withdrawal.

    prices: of a group, SKU of the variant -> its price. sold_out: variants of which nothing was left.
    """

    operation: Operation
    price: Money | None = None
    quantity: int | None = None
    prices: Mapping[str, Money] = field(default_factory=dict)
    sold_out: frozenset[str] = frozenset()


@value_object
class Owed:
    """The mark. since: when it was owed first. due: when it is looked at next; a sweep moves it ahead while it works.

    sequence: a state at least as new pays. mark: stamp of this mark. words: for people. attempts: tries that were
    burned; first_failure, suspect: as of delivery's works. told: the event it stands for said that the product was
    deleted. gap: its product may have gone without an event, since this sequence: a withdrawal then needs the brake's
    leave. gone_since: when a sweep first found no such product. allowed: its withdrawal has leave, of the brake or of a
    person. late_until: until then a call of another process may land; nothing pays before, and after it all is sent
    again. claimed: a sweep has it at work until `due`; whoever gets its partition need not wait for that. brake: what
    holds it, "" = none of an account's brakes. leave: of a person, for what the brake held.
    lane: how urgent it is, by the number of delivery's lane; None = as its product says.
    """

    cause: Cause
    since: datetime
    due: datetime
    sequence: Sequence
    mark: str
    words: str = ""
    attempts: int = 0
    first_failure: datetime | None = None
    suspect: datetime | None = None
    told: bool = False
    gap: Sequence | None = None
    gone_since: datetime | None = None
    allowed: bool = False
    late_until: datetime | None = None
    brake: str = ""
    leave: Leave | None = None
    claimed: bool = False
    lane: int | None = None

    def paid_by(self, sequence: Sequence, at: datetime) -> bool:
        """Whether a state of this sequence, settled now, is all that was owed."""
        return sequence >= self.sequence and not (self.late_until is not None and at < self.late_until)

    def distrusts(self, at: datetime) -> bool:
        """Whether the channel may show something else than the store says, because a late call has landed."""
        return self.late_until is not None and at >= self.late_until


def moment(now: float) -> datetime:
    """Seconds since 1970 in whole milliseconds, as MongoDB keeps times: a value equals what is read back."""
    exact = datetime.fromtimestamp(now, UTC)
    return exact - timedelta(microseconds=exact.microsecond % 1000)
