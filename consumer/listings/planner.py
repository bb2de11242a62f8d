"""What to do for one listing, given a product event, what is stored and the account. Pure: no I/O, no clock.

A product that our checks refuse keeps what the channel accepted last, with one exception: its stock may have gone
down, and whoever sells what is not there pays for it. So while a listing is invalid, its stock still goes down with
the PIM's, alone, under the price and text that stand there; to withdraw it would cost the listing its history. It never
goes up: whether that price and text may sell more is for a person to decide. Where a call has left in doubt what the
channel shows, stock is written once more, and no higher than any state that may stand there. A stock that cannot be
read is no zero: then nothing is sent. A listing whose new state the channel refuses gets the same: its stock, alone.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from adapters.base import Adapter
from adapters.model import Command, Listing, Operation, Problem, Rendered
from adapters.values import replace, value_object
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent, Sequence
from consumer.listings.accounts import Account
from consumer.listings.fingerprints import fingerprint
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted, Wanted, Why, wanted
from consumer.listings.rules.stock import Stock
from consumer.listings.state import NO_FIGURES, Doubt, Figures, Fingerprint, ListingState, Status
from consumer.listings.validation import ready

REFUSALS = frozenset({Status.REFUSED, Status.BLOCKED})
"""The channel refused what was sent last; sending the same again cannot help."""

_UNCHANGED = "refused before, and nothing changed"
_CENT = Decimal("0.01")


@value_object
class Superseded:
    """A newer state was planned before; drop this one. Nothing is to be stored."""

    listing_id: str
    sequence: Sequence
    planned_sequence: Sequence


@value_object
class Nothing:
    """No call. `transitions.noted` is to be stored, so that older events stay superseded.

    status: what the listing is then. reason: in words, for people.
    """

    listing_id: str
    sequence: Sequence
    status: Status
    reason: str
    figures: Figures = NO_FIGURES


@value_object
class Invalid:
    """The product cannot be listed as it is, and the channel need not know: it keeps its last state.

    `transitions.noted` is to be stored.
    """

    listing_id: str
    sequence: Sequence
    problems: tuple[Problem, ...]
    figures: Figures = NO_FIGURES


@value_object
class Rehearsal:
    """What would be sent if the account were live. Never to be sent; `transitions.noted` is to be stored."""

    listing_id: str
    sequence: Sequence
    command: Command
    fingerprint: Fingerprint | None
    reason: str = ""
    figures: Figures = NO_FIGURES


@value_object
class Send:
    """Store `transitions.intended`, call the adapter, store `transitions.settled`.

    fingerprint: of what is sent, None for a withdrawal. reason: why it is withdrawn, in words.
    plan_again: this command only clears the way (the SKU changed); once it succeeded, plan the same event again.
    problems: why the product is invalid or refused, where only its stock may be sent; verdict: which of the two.
    lowers_stock: the channel sells more than there is until it takes this. remarks: what of the product is left out.
    pieces: of a withdrawal, how many the PIM has all the same. rendered: what is sent, for people; None where only
    stock is, and on withdrawal.
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
    figures: Figures = NO_FIGURES


_Decided = Nothing | Invalid | Rehearsal | Send
Plan = Superseded | _Decided


def plan(event: ProductEvent, state: ListingState | None, account: Account, adapter: Adapter, at: datetime) -> Plan:
    """Decide. Same arguments, same plan; never raises for what a product holds. at: now, UTC; prices go by it.

    The newest state ever planned wins; the same one may be planned again, so that a crash between plan and answer
    costs nothing. Where a call may have had an effect nobody saw (an intent without end, a lost race, a failed call),
    the newest state is sent even though it looks equal, as much of it as is in doubt.
    """
    listing_id = account.listing_id(event.entity_code)
    if state is not None and event.sequence < state.planned_sequence:
        return Superseded(listing_id, event.sequence, state.planned_sequence)
    case = _Case(listing_id, event, state, account)
    if event.operation is EventOperation.DELETED or event.product is None:
        return case.unwanted(account.selection.unwanted(Why.DELETED, "deleted in the PIM"), None)
    product = read_product(event.product, event.entity_code, text_language=account.text_language)
    found = wanted(product, account, at)
    return _planned(case, found, adapter)


def _planned(case: _Case, found: Wanted, adapter: Adapter) -> _Decided:
    target, figures = found.target, _figures(found)
    offered = found.stock.offered if isinstance(found.stock, Stock) else None
    if isinstance(target, Unwanted):
        return replace(case.unwanted(target, offered), figures=figures)
    if isinstance(target, Listing):
        target = ready(numbered(target, case.state), adapter)
    if isinstance(target, Listing):
        rendered = adapter.render(target)
        shown = case.show(target, fingerprint(rendered))
        if isinstance(shown, Send):
            return replace(shown, remarks=target.remarks, rendered=rendered, figures=figures)
        return replace(shown, figures=figures)
    return replace(case.invalid(tuple(target), offered), figures=figures)


def numbered(listing: Listing, state: ListingState | None) -> Listing:
    """Under the number that the channel knows it by, where it had one of its own before us."""
    return replace(listing, sku=state.sku) if state is not None and state.keeps_sku else listing


def _figures(found: Wanted) -> Figures:
    priced = found.priced
    return Figures(
        stock=found.stock.raw if isinstance(found.stock, Stock) else None,
        price=None if priced is None or priced.before is None else priced.before.quantize(_CENT, ROUND_HALF_UP),
        rule=None if priced is None else priced.rule,
        due=found.due,
    )


@value_object
class _Case:
    """One decision to take: the event, and what is known of its listing."""

    listing_id: str
    event: ProductEvent
    state: ListingState | None
    account: Account

    def unwanted(self, verdict: Unwanted, quantity: int | None) -> _Decided:
        """What becomes of the listing is the account's policy. quantity: what could be sold; None = not known."""
        state = self.state
        if state is None or not state.maybe_live:
            # Something was sent once, so it was taken down since; otherwise it would be in doubt.
            status = Status.WITHDRAWN if state is not None and state.sent is not None else Status.UNLISTED
            return Nothing(self.listing_id, self.event.sequence, status, verdict.reason)
        if verdict.policy == "end":
            return self._withdraw(state, verdict.reason, quantity)
        return self._leave(state, verdict.reason, 0 if verdict.policy == "zero" else quantity)

    def _leave(self, state: ListingState, reason: str, quantity: int | None) -> _Decided:
        """It stays on the channel, and sells no more than this. quantity: None = nobody knows, so it stays as it is."""
        stock = None if quantity is None else _stock_to_send(state, quantity)
        if stock is None:
            return Nothing(self.listing_id, self.event.sequence, Status.LEFT, reason)
        sku = state.sku or self._sku_in_event() or self.event.entity_code
        send = self._send(Command(Operation.REVISE_STOCK, sku, None, state.references, stock), None, reason=reason)
        return replace(send, verdict=Status.LEFT) if isinstance(send, Send) else send

    def _withdraw(self, state: ListingState, reason: str, quantity: int | None) -> _Decided:
        if self._is_blocked_withdrawal(state):
            return Nothing(self.listing_id, self.event.sequence, Status.BLOCKED, _UNCHANGED)
        # The number the channel knows. Without one, a rival process sent what we never saw: by the PIM's own rule.
        sku = state.sku or self._sku_in_event() or self.event.entity_code
        send = self._send(Command(Operation.WITHDRAW, sku, None, state.references), None, reason=reason)
        return replace(send, pieces=quantity) if isinstance(send, Send) else send

    def show(self, listing: Listing, wanted_print: Fingerprint) -> _Decided:
        state = self.state
        renumbered = state is not None and state.maybe_live and state.sku not in ("", listing.sku)
        if state is not None and renumbered and self.account.mode == "live":
            command = Command(Operation.WITHDRAW, state.sku, None, state.references)
            return self._send(command, None, reason=f"its SKU became {listing.sku}", plan_again=True)
        if state is not None and self._was_refused(listing, wanted_print):
            return self._refused(state, listing.quantity)
        operation = Operation.CREATE if renumbered else _operation(state, wanted_print)
        if operation is None:
            return Nothing(self.listing_id, self.event.sequence, Status.LIVE, "the channel has this state")
        # What the channel gave us for another SKU must not be written to under this one.
        references = state.references if state is not None and state.sku == listing.sku else {}
        send = self._send(Command(operation, listing.sku, listing, references), wanted_print)
        if isinstance(send, Send) and _is_lower(listing.quantity, state):
            return replace(send, lowers_stock=True)
        return send

    def _refused(self, state: ListingState, quantity: int) -> _Decided:
        if self.account.mode != "live" or not _is_lower(quantity, state):
            return Nothing(self.listing_id, self.event.sequence, state.status, _UNCHANGED)
        command = Command(Operation.REVISE_STOCK, state.sku, None, state.references, quantity)
        return Send(self.listing_id, self.event.sequence, command, None, problems=state.problems, verdict=state.status)

    def invalid(self, problems: tuple[Problem, ...], quantity: int | None) -> _Decided:
        state = self.state
        stock = None if quantity is None or state is None else _stock_to_send(state, quantity)
        if state is None or stock is None or self.account.mode != "live":
            return Invalid(self.listing_id, self.event.sequence, problems)
        sku = state.sku or self._sku_in_event() or self.event.entity_code
        command = Command(Operation.REVISE_STOCK, sku, None, state.references, stock)
        return Send(self.listing_id, self.event.sequence, command, None, problems=problems)

    def _was_refused(self, listing: Listing, wanted_print: Fingerprint) -> bool:
        """Sending it again cannot help.

        A state that was read on purpose (resync) is sent once more, and once only, until the listing is blocked.
        """
        state = self.state
        if state is None or state.status not in REFUSALS or state.sent is None:
            return False
        if (state.sent.sku, state.sent.fingerprint) != (listing.sku, wanted_print):
            return False
        asked_for = self.event.operation is EventOperation.READ and state.sent.sequence != self.event.sequence
        return state.status is Status.BLOCKED or not asked_for

    def _is_blocked_withdrawal(self, state: ListingState) -> bool:
        """The channel does not let it go, and nobody changed the product: it was only read."""
        withdrew = state.sent is not None and state.sent.operation is Operation.WITHDRAW
        return withdrew and state.status is Status.BLOCKED and self.event.operation is EventOperation.READ

    def _send(
        self, command: Command, wanted_print: Fingerprint | None, *, reason: str = "", plan_again: bool = False
    ) -> Send | Rehearsal:
        if self.account.mode != "live":
            return Rehearsal(self.listing_id, self.event.sequence, command, wanted_print, reason)
        return Send(self.listing_id, self.event.sequence, command, wanted_print, reason, plan_again)

    def _sku_in_event(self) -> str:
        document = self.event.product or self.event.before or {}
        return read_product(document, self.event.entity_code).sku


def _is_lower(quantity: int, state: ListingState | None) -> bool:
    """Whether the channel took more stock than this."""
    accepted = state.accepted.quantity if state is not None and state.accepted is not None else None
    return accepted is not None and quantity < accepted


def _stock_to_send(state: ListingState, quantity: int) -> int | None:
    """The stock that keeps an invalid listing from selling more than there is; None if none has to be sent."""
    if not state.maybe_live:
        return None
    shown = [version.quantity for version in (state.accepted, state.sent, state.intent) if version is not None]
    if state.uncertain:
        return min([quantity, *(stock for stock in shown if stock is not None)])
    accepted = state.accepted.quantity if state.accepted else None
    return quantity if accepted is None or quantity < accepted else None


def _operation(state: ListingState | None, wanted_print: Fingerprint) -> Operation | None:
    """The least that makes the channel show the wanted state for sure; None if it does already."""
    if state is None or state.accepted is None or state.open_doubt is Doubt.EXISTENCE:
        return Operation.CREATE
    accepted = state.accepted.fingerprint
    if accepted is None or accepted.content != wanted_print.content or state.open_doubt is Doubt.CONTENT:
        return Operation.REVISE_CONTENT
    if accepted.offer != wanted_print.offer or state.open_doubt is Doubt.OFFER:
        return Operation.REVISE_OFFER
    return None
