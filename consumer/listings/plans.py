"""What a planner can decide for one listing."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.model import Command, Problem, Rendered
from adapters.values import value_object
from consumer.events import Sequence
from consumer.listings.state import NO_FIGURES, Figures, Fingerprint, Status


@value_object
class Superseded:
    """A newer state was planned before; drop this one. Nothing is to be stored."""

    listing_id: str
    sequence: Sequence
    planned_sequence: Sequence


@value_object
class Nothing:
    """No call. `transitions.noted` is to be stored, so that older events stay superseded.

    status: what the listing is then. reason: in words, for people. group: see `ListingState.group`, here and below.
    """

    listing_id: str
    sequence: Sequence
    status: Status
    reason: str
    figures: Figures = NO_FIGURES
    group: str = ""


@value_object
class Invalid:
    """The product cannot be listed as it is, and the channel need not know: it keeps its last state.

    `transitions.noted` is to be stored.
    """

    listing_id: str
    sequence: Sequence
    problems: tuple[Problem, ...]
    figures: Figures = NO_FIGURES
    group: str = ""


@value_object
class Rehearsal:
    """What would be sent if the account were live. Never to be sent; `transitions.noted` is to be stored."""

    listing_id: str
    sequence: Sequence
    command: Command
    fingerprint: Fingerprint | None
    reason: str = ""
    figures: Figures = NO_FIGURES
    group: str = ""


@value_object
class Send:
    """Store `transitions.intended`, call the adapter, store `transitions.settled`.

    fingerprint: of what is sent, None for a withdrawal. reason: why it is withdrawn, in words.
    plan_again: this command only clears the way (the SKU changed); once it succeeded, plan the same event again.
    problems: why the product is invalid or refused, where only its stock may be sent; verdict: which of the two.
    lowers_stock: the channel sells more than there is until it takes this. remarks: what of the product is left out.
    pieces: of a withdrawal, how many the PIM has all the same; stocks: of each variant of a group. rendered: what is
    sent, for people; None where only stock is, and on withdrawal. schema: print of the channel's own rules that it was
    held against.
    """

    listing_id: str
    sequence: Sequence
    command: Command
    fingerprint: Fingerprint | None
    reason: str = ""
    plan_again: bool = False
    problems: tuple[Problem, ...] = ()
    verdict: Status = Status.INVALID
    lowers_stock: bool = False
    remarks: tuple[str, ...] = ()
    pieces: int | None = None
    rendered: Rendered | None = None
    stocks: Mapping[str, int] | None = None
    figures: Figures = NO_FIGURES
    group: str = ""
    schema: str = ""


@value_object
class Behind:
    """It cannot be decided now, and nothing is to be stored of it: the listing is owed. words: why.

    waits: another listing still shows what this one is to show; else its relatives have to be read, at once.
    """

    listing_id: str
    sequence: Sequence
    words: str
    waits: bool = False


Decided = Nothing | Invalid | Rehearsal | Send
Plan = Superseded | Behind | Decided
