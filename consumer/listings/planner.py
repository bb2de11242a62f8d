"""What to do for one listing, given a product event, what is stored and the account. Pure: no I/O, no clock.

A product that our checks refuse keeps what the channel accepted last, with one exception: its stock may have gone
down, and whoever sells what is not there pays for it. So while a listing is invalid, its stock still goes down with
the PIM's, alone, under the price and text that stand there; to withdraw it would cost the listing its history. It never
goes up: whether that price and text may sell more is for a person to decide. Where a call has left in doubt what the
channel shows, stock is written once more, and no higher than any state that may stand there. A stock that cannot be
read is no zero: then nothing is sent. A listing whose new state the channel refuses gets the same: its stock, alone.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from adapters.base import Adapter
from adapters.model import Command, Listing, Operation, Problem
from adapters.values import replace, value_object
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent
from consumer.listings.accounts import Account
from consumer.listings.fingerprints import fingerprint
from consumer.listings.kinship import (
    NOTHING_TAKEN,
    Role,
    Taken,
    group_of_deleted,
    read_family,
    role_of,
    waits_for_taken,
)
from consumer.listings.plans import Behind, Decided, Invalid, Nothing, Plan, Rehearsal, Send, Superseded
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import Unwanted, Wanted, Why, wanted
from consumer.listings.rules.groups import wanted_group
from consumer.listings.rules.stock import Stock
from consumer.listings.sold import NOTHING_SOLD, Sold, less_sold
from consumer.listings.state import Doubt, Figures, Fingerprint, ListingState, Status, look_again
from consumer.listings.stock_alone import Stocks, lowered, lowers, stock_to_send
from consumer.listings.validation import ready

__all__ = ["REFUSALS", "Behind", "Invalid", "Nothing", "Plan", "Rehearsal", "Send", "Superseded", "numbered", "plan"]

REFUSALS = frozenset({Status.REFUSED, Status.BLOCKED})
"""The channel refused what was sent last; sending the same again cannot help."""

_UNCHANGED = "refused before, and nothing changed"
_CENT = Decimal("0.01")


def plan(  # noqa: PLR0913  what it decides by, each by its name
    event: ProductEvent,
    state: ListingState | None,
    account: Account,
    adapter: Adapter,
    at: datetime,
    taken: Taken = NOTHING_TAKEN,
    sold: Sold = NOTHING_SOLD,
) -> Plan:
    """Decide. Same arguments, same plan; never raises for what a product holds. at: now, UTC; prices go by it.

    taken: SKUs that other listings of the account show; asked for products that are, or were, part of a group. sold:
    what any channel sold of it, or of its variants, and the PIM has not taken off yet.

    The newest state ever planned wins; the same one may be planned again, so that a crash between plan and answer
    costs nothing. Where a call may have had an effect nobody saw (an intent without end, a lost race, a failed call),
    the newest state is sent even though it looks equal, as much of it as is in doubt.
    """
    listing_id = account.listing_id(event.entity_code)
    if state is not None and event.sequence < state.planned_sequence:
        return Superseded(listing_id, event.sequence, state.planned_sequence)
    case = _Case(listing_id, event, state, account)
    if event.operation is EventOperation.DELETED or event.product is None:
        verdict = account.selection.unwanted(Why.DELETED, "deleted in the PIM")
        return replace(case.unwanted(verdict, None), group=group_of_deleted(event, state))
    if state is not None and state.withheld:
        verdict = Unwanted(f"taken down until it is asked for again: {state.withheld}", Why.WITHHELD)
        return replace(case.unwanted(verdict, None), group=group_of_deleted(event, state))
    product = less_sold(read_product(event.product, event.entity_code, text_language=account.text_language), sold, at)
    if account.sells_groups:
        role = role_of(product, event.kin, state)
        if role is not Role.ALONE:
            return _of_group(role, replace(case, taken=taken, sold=sold), product, adapter, at)
    if product.sku in taken:
        return Behind(
            listing_id, event.sequence, f"another listing of the account shows {product.sku} still", waits=True
        )
    decided = _planned(case, wanted(product, account, at), adapter, at)
    # One whose parent is not there is sold by itself, and its parent finds it by that when it comes.
    return replace(decided, group=product.parent) if product.parent and account.sells_groups else decided


def _of_group(role: Role, case: _Case, product: Product, adapter: Adapter, at: datetime) -> Plan:
    event, account, taken = case.event, case.account, case.taken
    if role is Role.UNKNOWN:
        return Behind(case.listing_id, event.sequence, "its variants, or its parent, have to be read")
    if role is Role.VARIANT:
        verdict = Unwanted(f"a variant of {product.parent}, sold in its listing", Why.VARIANT)
        stock = wanted(product, account, at).stock if case.state is not None and case.state.maybe_live else None
        return replace(
            case.unwanted(verdict, stock.offered if isinstance(stock, Stock) else None), group=product.parent or ""
        )
    family = read_family(product, event.kin, account, lambda child: less_sold(child, case.sold, at))
    skus = {child.sku for child in family.children}
    if taken & skus and (skus <= taken or waits_for_taken(case.state, at)):
        words = f"other listings of the account show {', '.join(sorted(taken & skus)[:3])} still"
        return Behind(case.listing_id, event.sequence, words, waits=True)
    members = case.state.members if case.state is not None else ()
    found = wanted_group(family, account, at, shown=frozenset(members), taken=taken)
    gone = {sku: 0 for sku in members if sku not in skus}
    case = replace(case, stocks={**found.stocks, **gone})
    return replace(_planned(case, found.found, adapter, at), group=event.entity_code)


def _planned(case: _Case, found: Wanted, adapter: Adapter, at: datetime) -> Decided:
    target, figures = found.target, _figures(found)
    offered = found.stock.offered if isinstance(found.stock, Stock) else None
    if isinstance(target, Unwanted):
        return replace(case.unwanted(target, offered), figures=figures)
    schema = ""
    if isinstance(target, Listing):
        schema = adapter.schema_print(target)
        target = ready(numbered(target, case.state), adapter)
    if isinstance(target, Listing):
        rendered = adapter.render(target)
        shown = _under(schema, case).show(target, fingerprint(rendered))
        if isinstance(shown, Send):
            return replace(shown, remarks=target.remarks, rendered=rendered, figures=figures, schema=schema)
        return replace(shown, figures=_due_again(figures, schema, shown, at))
    invalid = case.invalid(tuple(target), offered)
    return replace(invalid, figures=_due_again(figures, schema, invalid, at))


def _under(schema: str, case: _Case) -> _Case:
    """A refusal counts for the channel's rules as they were: under others the same state is sent once more."""
    state = case.state
    if state is None or not schema or state.status not in REFUSALS or state.planned_schema == schema:
        return case
    return replace(case, state=replace(state, status=Status.WAITING))


def _due_again(figures: Figures, schema: str, plan: Decided, at: datetime) -> Figures:
    """What is in the way because of the channel's rules is looked at from time to time: they may have changed."""
    stuck = isinstance(plan, Invalid) or (isinstance(plan, Nothing) and plan.status is Status.BLOCKED)
    return look_again(figures, at) if stuck and schema else figures


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
    """One decision to take: the event, and what is known of its listing.

    stocks: of a group's variants. taken: SKUs that other listings show.
    """

    listing_id: str
    event: ProductEvent
    state: ListingState | None
    account: Account
    stocks: Stocks | None = None
    taken: Taken = NOTHING_TAKEN
    sold: Sold = field(default_factory=dict)

    def unwanted(self, verdict: Unwanted, quantity: int | None) -> Decided:
        """What becomes of the listing is the account's policy. quantity: what could be sold; None = not known."""
        state = self.state
        if state is None or not state.maybe_live:
            # Something was sent once, so it was taken down since; otherwise it would be in doubt.
            status = Status.WITHDRAWN if state is not None and state.sent is not None else Status.UNLISTED
            return Nothing(self.listing_id, self.event.sequence, status, verdict.reason)
        if verdict.policy == "end":
            return self._withdraw(state, verdict.reason, quantity)
        return self._leave(state, verdict.reason, 0 if verdict.policy == "zero" else quantity)

    def _leave(self, state: ListingState, reason: str, quantity: int | None) -> Decided:
        """It stays on the channel, and sells no more than this. quantity: None = nobody knows, so it stays as it is."""
        command = self._stock_to_send(state, quantity)
        if command is None:
            return Nothing(self.listing_id, self.event.sequence, Status.LEFT, reason)
        send = self._send(command, None, reason=reason)
        return replace(send, verdict=Status.LEFT) if isinstance(send, Send) else send

    def _withdraw(self, state: ListingState, reason: str, quantity: int | None) -> Decided:
        if self._is_blocked_withdrawal(state):
            return Nothing(self.listing_id, self.event.sequence, Status.BLOCKED, _UNCHANGED)
        # The number the channel knows. Without one, a rival process sent what we never saw: by the PIM's own rule.
        sku = state.sku or self._sku_in_event() or self.event.entity_code
        command = Command(Operation.WITHDRAW, sku, None, state.references, variants=self._shown_variants())
        send = self._send(command, None, reason=reason)
        return replace(send, pieces=quantity, stocks=self.stocks) if isinstance(send, Send) else send

    def show(self, listing: Listing, wanted_print: Fingerprint) -> Decided:
        state = self.state
        another = "" if state is None or not state.maybe_live else _became_another(state, listing)
        if state is not None and another and self.account.mode == "live":
            command = Command(Operation.WITHDRAW, state.sku, None, state.references, variants=self._shown_variants())
            return self._send(command, None, reason=another, plan_again=True)
        if state is not None and self._was_refused(listing, wanted_print):
            return self._refused(state, listing)
        operation = Operation.CREATE if another else _operation(state, wanted_print)
        if operation is None:
            return Nothing(self.listing_id, self.event.sequence, Status.LIVE, "the channel has this state")
        # What the channel gave us for another SKU must not be written to under this one.
        references = state.references if state is not None and state.sku == listing.sku else {}
        command = Command(operation, listing.sku, listing, references, variants=self._shown_variants())
        send = self._send(command, wanted_print)
        if isinstance(send, Send) and lowers(listing, state):
            return replace(send, lowers_stock=True)
        return send

    def _refused(self, state: ListingState, listing: Listing) -> Decided:
        command = lowered(state, listing.quantity, self.stocks)
        if self.account.mode != "live" or command is None:
            return Nothing(self.listing_id, self.event.sequence, state.status, _UNCHANGED)
        return Send(self.listing_id, self.event.sequence, command, None, problems=state.problems, verdict=state.status)

    def invalid(self, problems: tuple[Problem, ...], quantity: int | None) -> Decided:
        state = self.state
        command = None if state is None else self._stock_to_send(state, quantity)
        if command is None or self.account.mode != "live":
            return Invalid(self.listing_id, self.event.sequence, problems)
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

    def _stock_to_send(self, state: ListingState, quantity: int | None) -> Command | None:
        if quantity is None and self.stocks is None:
            return None
        sku = state.sku or self._sku_in_event() or self.event.entity_code
        return stock_to_send(state, sku, quantity, None if quantity == 0 and self.stocks is None else self.stocks)

    def _shown_variants(self) -> tuple[str, ...]:
        """Those that are this listing's to change: what another one shows by now is not taken down."""
        if self.state is None or not self.state.members:
            return ()
        return tuple(sku for sku in self.state.members if sku not in self.taken)

    def _sku_in_event(self) -> str:
        document = self.event.product or self.event.before or {}
        return read_product(document, self.event.entity_code).sku


def _became_another(state: ListingState, listing: Listing) -> str:
    """Why the listing that stands there has to go before this one can come; "" = it need not."""
    if state.sku not in ("", listing.sku):
        return f"its SKU became {listing.sku}"
    if bool(state.members) is not bool(listing.variants):
        return "it became a group of variants" if listing.variants else "it is no group of variants any more"
    return ""


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
