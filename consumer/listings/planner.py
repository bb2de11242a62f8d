"""What to do for one listing, given a product event, what is stored and the account. Pure: no I/O, no clock.

A product that our checks refuse keeps what the channel accepted last, with one exception: its stock may have gone
down, and whoever sells what is not there pays for it. So while a listing is invalid, its stock still goes down with
the PIM's, alone, under the price and text that stand there; to withdraw it would cost the listing its history. It never
goes up: whether that price and text may sell more is for a person to decide. Where a call has left in doubt what the
channel shows, stock is written once more, and no higher than any state that may stand there. A stock that cannot be
read is no zero: then nothing is sent. A listing whose new state the channel refuses gets the same: its stock, alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapters.base import Adapter
from adapters.model import Command, Listing, Operation, Problem
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent, Sequence
from consumer.listings.accounts import Account
from consumer.listings.fingerprints import fingerprint
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted, wanted
from consumer.listings.state import Doubt, Fingerprint, ListingState, Status


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
    """The product cannot be listed as it is, and the channel need not know: it keeps its last state.

    `transitions.noted` is to be stored.
    """

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
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """Store `transitions.intended`, call the adapter, store `transitions.settled`.

    fingerprint: of what is sent, None for a withdrawal. reason: why it is withdrawn, in words.
    plan_again: this command only clears the way (the SKU changed); once it succeeded, plan the same event again.
    problems: why the product is invalid or refused, where only its stock may be sent; verdict: which of the two.
    lowers_stock: the channel sells more than there is until it takes this. remarks: what of the product is left out.
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


Plan = Superseded | Nothing | Invalid | Rehearsal | Send


def plan(event: ProductEvent, state: ListingState | None, account: Account, adapter: Adapter) -> Plan:
    """Decide. Same arguments, same plan; never raises for what a product holds.

    The newest state ever planned wins; the same one may be planned again, so that a crash between plan and answer
    costs nothing. Where a call may have had an effect nobody saw (an intent without end, a lost race, a failed call),
    the newest state is sent even though it looks equal, as much of it as is in doubt.
    """
    listing_id = account.listing_id(event.entity_code)
    if state is not None and event.sequence < state.planned_sequence:
        return Superseded(listing_id, event.sequence, state.planned_sequence)
    case = _Case(listing_id, event, state, account)
    if event.operation is EventOperation.DELETED or event.product is None:
        return case.withdraw("deleted in the PIM")
    product = read_product(event.product, event.entity_code, text_language=account.text_language)
    target = wanted(product, account)
    if isinstance(target, Unwanted):
        return case.withdraw(target.reason)
    if isinstance(target, Listing):
        problems = adapter.validate(target)
        if not problems:
            shown = case.show(target, fingerprint(adapter.render(target)))
            return replace(shown, remarks=product.remarks) if isinstance(shown, Send) else shown
        target = problems
    return case.invalid(tuple(target), product.quantity)


@dataclass(frozen=True, slots=True)
class _Case:
    """One decision to take: the event, and what is known of its listing."""

    listing_id: str
    event: ProductEvent
    state: ListingState | None
    account: Account

    def withdraw(self, reason: str) -> Plan:
        state = self.state
        if state is None or not state.maybe_live:
            # Something was sent once, so it was taken down since; otherwise it would be in doubt.
            status = Status.WITHDRAWN if state is not None and state.sent is not None else Status.UNLISTED
            return Nothing(self.listing_id, self.event.sequence, status, reason)
        # The number the channel knows. Without one, a rival process sent what we never saw: by the PIM's own rule.
        sku = state.sku or self._sku_in_event() or self.event.entity_code
        return self._send(Command(Operation.WITHDRAW, sku, None, state.references), None, reason=reason)

    def show(self, listing: Listing, wanted_print: Fingerprint) -> Plan:
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
        return replace(send, lowers_stock=_is_lower(listing.quantity, state)) if isinstance(send, Send) else send

    def _refused(self, state: ListingState, quantity: int) -> Plan:
        if self.account.mode != "live" or not _is_lower(quantity, state):
            return Nothing(self.listing_id, self.event.sequence, Status.REFUSED, "refused before, and nothing changed")
        command = Command(Operation.REVISE_STOCK, state.sku, None, state.references, quantity)
        return Send(
            self.listing_id, self.event.sequence, command, None, problems=state.problems, verdict=Status.REFUSED
        )

    def invalid(self, problems: tuple[Problem, ...], quantity: int | Problem) -> Plan:
        state = self.state
        stock = None if isinstance(quantity, Problem) or state is None else _stock_to_send(state, max(quantity, 0))
        if state is None or stock is None or self.account.mode != "live":
            return Invalid(self.listing_id, self.event.sequence, problems)
        sku = state.sku or self._sku_in_event() or self.event.entity_code
        command = Command(Operation.REVISE_STOCK, sku, None, state.references, stock)
        return Send(self.listing_id, self.event.sequence, command, None, problems=problems)

    def _was_refused(self, listing: Listing, wanted_print: Fingerprint) -> bool:
        """Sending it again cannot help. A state that was read on purpose (resync) is sent once more, and once only."""
        state = self.state
        return (
            state is not None
            and state.status is Status.REFUSED
            and state.sent is not None
            and (state.sent.sku, state.sent.fingerprint) == (listing.sku, wanted_print)
            and (self.event.operation is not EventOperation.READ or state.sent.sequence == self.event.sequence)
        )

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
