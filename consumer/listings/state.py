"""What we know of one listing: what the PIM wanted last, what was sent, what the channel accepted, what is in doubt.

One value per (channel, account, tenant, product). It is never deleted: a withdrawn listing stays as a tombstone, so
that a late or repeated older event cannot bring it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

from adapters.model import Money, Operation, Problem
from adapters.values import replace, value_object
from consumer.events import Sequence
from consumer.listings.allowance import Spent
from consumer.listings.owed import Owed

# So often a channel refuses the same thing for the same reason before it is believed.
_REFUSALS = 3


class Status(StrEnum):
    """Where a listing stands. What the channel shows while it is not LIVE: see `ListingState.accepted`."""

    WAITING = "waiting"
    """Something is owed to the channel: planned, being sent, or to be tried again."""
    SUBMITTED = "submitted"
    """The channel took the wanted state, and says later how that ended."""
    LIVE = "live"
    """The channel accepted the wanted state."""
    LEFT = "left"
    """Not wanted any more; by the account's policy it stays on the channel, sold out or with no more stock than there
    is."""
    WITHDRAWN = "withdrawn"
    """Not wanted any more; the channel took it down."""
    UNLISTED = "unlisted"
    """Not wanted, and we never put anything on the channel."""
    INVALID = "invalid"
    """Refused by our own checks. The channel keeps showing what it accepted last, with no more stock than there is."""
    REFUSED = "refused"
    """Refused by the channel. A change of the product heals it."""
    BLOCKED = "blocked"
    """Refused three times for the same reason. It is not sent again before the product or the account changes."""
    DEAD_LETTER = "dead_letter"
    """Given up after its retries or because of a bug."""
    DRY_RUN = "dry_run"
    """The account only rehearses: `proposed` says what would be sent."""


class Doubt(IntEnum):
    """How much of what the channel shows we cannot vouch for, after calls without a clear end.

    Each level includes the ones below; the next command has to write at least that much, even if nothing changed.
    """

    NONE = 0
    OFFER = 1
    """Price and stock."""
    CONTENT = 2
    """The text too."""
    EXISTENCE = 3
    """Even whether there is a listing."""


@value_object
class Fingerprint:
    """Hashes of what a channel would show; equal hashes = nothing to send. "" = not known, equal to no hash."""

    content: str
    offer: str


@value_object
class Figures:
    """Where the last plan's stock and price came from.

    stock: what the PIM has, before the account's rules; below zero when oversold. price: with VAT, before the rules.
    rule: the number of the price rule that counted, from 1; None = none. due: when the price, or what the channel asks
    of the listing, may change although nobody changes anything, UTC; None = never. All None where it was not asked.
    """

    stock: int | None = None
    price: Decimal | None = None
    rule: int | None = None
    due: datetime | None = None


NO_FIGURES = Figures()

# Channels change what they ask of a category at any time, and tell nobody.
_SCHEMAS_CHANGE = timedelta(hours=6)


def look_again(figures: Figures, at: datetime) -> Figures:
    """The figures of a listing that is stuck: the next plan is due soon, whether or not its price changes. at: UTC."""
    due = at + _SCHEMAS_CHANGE
    return replace(figures, due=due if figures.due is None else min(figures.due, due))


@value_object
class VariantFigures:
    """What was said of one variant. price: None where only stock was sent."""

    sku: str
    price: Money | None
    quantity: int | None


@value_object
class Version:
    """One state of a listing as it was, or would be, sent.

    at: when it was intended, answered or rehearsed; UTC, whole milliseconds. fingerprint: None on withdrawal.
    title and price are there for people, quantity for REVISE_STOCK too; None on withdrawal. by: the process that
    intended it. variants: of a group; price is then the lowest, quantity the sum.
    """

    sequence: Sequence
    operation: Operation
    sku: str
    at: datetime
    fingerprint: Fingerprint | None = None
    title: str | None = None
    price: Money | None = None
    quantity: int | None = None
    by: str = ""
    variants: tuple[VariantFigures, ...] = ()


@value_object
class Submitted:
    """What the channel took without saying how it ended. Nothing else is sent for the listing meanwhile.

    ticket: what to ask with. version: what was sent; its `at` is when it was taken. doubt: of what the channel showed
    before. verdict, plan_again, remarks: see `planner.Send`.
    """

    ticket: str
    version: Version
    doubt: Doubt = Doubt.NONE
    verdict: Status = Status.INVALID
    plan_again: bool = False
    remarks: tuple[str, ...] = ()


@value_object
class Refusal:
    """The channel refused the same thing for the same reason `count` times. reason: its code, or its words."""

    reason: str
    count: int

    @property
    def blocks(self) -> bool:
        """Whether it has to be taken at its word."""
        return self.count >= _REFUSALS


class ChannelSays(StrEnum):
    """What the channel itself said of a listing when it was read back."""

    UNKNOWN = "unknown"
    """Nobody has asked."""
    LIVE = "live"
    LIVE_WITH_WARNINGS = "live_with_warnings"
    """Buyers see it, and not quite as it was sent."""
    NOT_LIVE = "not_live"
    UNDER_REVIEW = "under_review"
    """It has not decided yet whether it shows it."""
    GONE = "gone"
    """The channel does not know it."""


@value_object
class Seen:
    """What was read back last.

    at: UTC. words: what differs. again: when it is looked at once more, None = not before it changes. late: it should
    have been confirmed by now.
    """

    says: ChannelSays
    at: datetime
    words: str = ""
    again: datetime | None = None
    late: bool = False


@value_object
class ListingKey:
    """The parts of a listing's id."""

    channel: str
    account: str
    tenant: str
    entity_code: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.account}/{self.tenant}/{self.entity_code}"

    @classmethod
    def parse(cls, listing_id: str) -> ListingKey:
        """The key in "channel/account/tenant/entity_code"; only the entity code may hold slashes."""
        channel, account, tenant, entity_code = listing_id.split("/", 3)
        return cls(channel, account, tenant, entity_code)


@value_object
class ListingState:
    """One listing. Values are made by `transitions`, kept by `store`.

    revision: counts the writes; a value is stored only over the one with the revision before it.
    planned_sequence: the newest product state a plan was made for, whatever the plan said. Older ones are superseded.
    sku: the number under which the channel may know the listing. intent: a call was about to start; still there after
    a crash. sent: the last call with an answer, good or bad. accepted: what the channel took last and should show;
    None = nothing. proposed: what a dry run would send, or what a brake holds. doubt: see `open_doubt`. references:
    channel ids. warnings: what of the product was left out, and the channel's remarks on what it accepted. reason: why
    it is not listed, in words. problems: why it is invalid or refused. error: the last failure in words, None after a
    success. attempts: failed tries for planned_sequence. owed: what has to be done without an event; marked and paid
    beside the state, and never stored with it. spent: how often it was written today, where the channel counts that.
    planned_rules: print of the account's mode and rules that the last plan was made with. passed: brakes that have let
    it pass since the channel accepted it last: they count it once, however often it is tried. refusal: how often the
    channel has refused what was sent last. confirmed: what the channel showed when it was read back, and when; seen:
    what it said then; both stand beside the state, written by who looks, and never stored with it. figures: where the
    last plan's stock and price came from. keeps_sku: it was on the channel before us under a number of its own, and
    keeps that. submitted: what is with the channel, and has not ended; None = nothing. planned_schema: print of the
    channel's own rules that the last plan was made with. group: on accounts that sell groups, code of the parent that
    the product named when it was planned last; its own, if it is such a parent; "" = neither. members: of a group, SKUs
    of the variants that the channel may show. withheld: who asked to take it down until it is asked for again,
    "" = nobody; stands beside the state, see `withholding`.
    created_at, updated_at: UTC, whole milliseconds.
    """

    id: str
    revision: int
    planned_sequence: Sequence
    status: Status
    created_at: datetime
    updated_at: datetime
    sku: str = ""
    intent: Version | None = None
    sent: Version | None = None
    accepted: Version | None = None
    proposed: Version | None = None
    doubt: Doubt = Doubt.NONE
    references: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    error: str | None = None
    attempts: int = 0
    owed: Owed | None = None
    spent: Spent | None = None
    planned_rules: str = ""
    passed: tuple[str, ...] = ()
    refusal: Refusal | None = None
    confirmed: Version | None = None
    seen: Seen | None = None
    figures: Figures = NO_FIGURES
    keeps_sku: bool = False
    submitted: Submitted | None = None
    planned_schema: str = ""
    group: str = ""
    members: tuple[str, ...] = ()
    withheld: str = ""

    @property
    def uncertain(self) -> bool:
        """Whether the newest state has to be sent although nothing changed."""
        return self.open_doubt is not Doubt.NONE

    @property
    def open_doubt(self) -> Doubt:
        """The doubt, with that of an intent that never got its end, and of what the channel has not decided."""
        doubt = self.doubt
        if self.intent is not None:
            doubt = max(doubt, doubt_after(self.intent.operation))
        if self.submitted is not None:
            doubt = max(doubt, self.submitted.doubt, doubt_after(self.submitted.version.operation))
        return doubt

    @property
    def maybe_live(self) -> bool:
        """Whether a buyer may see a listing of ours."""
        return self.accepted is not None or self.open_doubt is Doubt.EXISTENCE


def doubt_after(operation: Operation) -> Doubt:
    """What is unknown after this operation ended without a clear success."""
    return _DOUBTS[operation]


_DOUBTS: Mapping[Operation, Doubt] = {
    Operation.CREATE: Doubt.EXISTENCE,
    Operation.WITHDRAW: Doubt.EXISTENCE,
    Operation.REVISE_CONTENT: Doubt.CONTENT,
    Operation.REVISE_OFFER: Doubt.OFFER,
    Operation.REVISE_STOCK: Doubt.OFFER,
}
