"""Families in any order of events, sweeps, lost answers and crashes: at the end the channel shows what the PIM says.

The plans, the marks, the judging of what was read and the question who shows what are delivery's own; the store, the
PIM and the order of things are played by the test.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.errors import ChannelUnavailableError
from adapters.memory import MemoryAdapter
from adapters.model import Outcome
from consumer.delivery.families import Kindred
from consumer.delivery.holdings import Holdings
from consumer.delivery.judging import GONE_FOR, judge
from consumer.delivery.lanes import Lane
from consumer.delivery.offsets import Ticket
from consumer.delivery.planning import Seller, Step, make_seller, plan_step
from consumer.delivery.relatives import NOT_TAKEN, most_urgent
from consumer.delivery.work import AccountKey, Work
from consumer.events import Operation, ProductEvent, decode, encode_headers, encode_key, encode_value
from consumer.kafka.records import Partition, Record
from consumer.listings import transitions
from consumer.listings.holders import Holder, Place
from consumer.listings.marks import Debt, Found
from consumer.listings.owed import Cause, Owed, moment
from consumer.listings.rules.variations import Variations
from consumer.listings.state import ListingKey, ListingState, Status
from consumer.mongo import bson
from consumer.mongo.current_products import Reading
from tests.unit.delivery.making import CHANNEL, START, make_account, make_document, make_sequence

PARENTS, CHILDREN = ("G-1", "G-2"), ("V-1", "V-2", "V-3")
ACCOUNT = AccountKey("shop", "default")
_TICKET = Ticket(Partition("updated", 0), 0, 1)


class World:
    """One account, its channel, and the PIM. now: seconds."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.channel = MemoryAdapter(CHANNEL)
        self.seller: Seller = make_seller(make_account(variations=Variations(sell="group")), self.channel)
        self.states: dict[str, ListingState] = {}
        self.owed: dict[str, Owed] = {}
        self.products: dict[str, dict[str, Any]] = {}
        self.events: list[ProductEvent] = []
        self.newest = 0
        self.now = float(START)

    # The PIM

    def change(self, code: str, **changes: Any) -> None:
        """The product is so from now on; None = it is gone."""
        self.newest += 1
        operation = Operation.UPDATED
        if changes:
            self.products[code] = make_document(code, 1, quantity=self.rng.randint(0, 3), **changes)
        else:
            self.products.pop(code, None)
            operation = Operation.DELETED
        product = self.products.get(code)
        time = datetime.fromtimestamp(START, UTC)
        number = self.newest
        self.events.append(
            ProductEvent(f"{number}", operation, "shop", code, make_sequence(number), time, None, product)
        )

    def anything(self) -> None:
        """Some change of some product."""
        code = self.rng.choice((*PARENTS, *CHILDREN, *CHILDREN))
        if self.rng.random() < 0.15:
            self.change(code)
            return
        if code in PARENTS:
            listed = self.rng.choice(([], list(CHILDREN)))
            self.change(code, variants_entity_code=listed)
            return
        parent = self.rng.choice((None, *PARENTS, *PARENTS))
        attributes = {"it": [{"key": "color", "label": "Colore", "value": code}]}
        self.change(code, parent_entity_code=parent, attributes=attributes)

    # Delivery

    async def of(self, place: Place, products: Mapping[str, str]) -> Iterable[Holder]:
        """As `consumer.listings.holders.Holders`."""
        found = []
        for state in self.states.values():
            code = ListingKey.parse(state.id).entity_code
            there = state.accepted is not None or state.intent is not None or state.maybe_live
            if set(state.members) & set(products.values()):
                found.append(Holder(code, frozenset(state.members)))
            elif code in products and there and not state.members:
                found.append(Holder(code, frozenset((state.sku,))))
        return found

    def deliver(self, event: ProductEvent, cause: Cause | None = None) -> None:
        """One state is planned, stored, sent and stored, unless something happens in between."""
        key = ListingKey(CHANNEL, "default", "shop", event.entity_code)
        record = Record(
            "updated", 0, 0, encode_key("shop", event.entity_code), encode_value(event), tuple(encode_headers(event)), 0
        )
        work = Work(key, event.sequence, Lane.OFFER, record, _TICKET, cause=cause, kin=event.kin is not None)
        for _ in range(3):
            step = self._prepare(work)
            if step is None or not self._send(work, step):
                return

    def _prepare(self, work: Work) -> Step | None:
        listing = str(work.key)
        state = self._loaded(listing)
        states = {} if state is None else {listing: state}
        taken = asyncio.run(Holdings(self).taken([work], states, {ACCOUNT: self.seller}))
        step = plan_step(work, state, self.seller, self.now, "me", taken.get(listing, NOT_TAKEN))
        if step.debt is not None:
            self._mark([step.debt])
        if step.store is not None:
            self.states[listing] = replace(step.store, owed=None)
        self._mark(step.relatives)
        ended = getattr(step.result, "outcome", "") not in ("superseded", "behind")
        if not hasattr(step.result, "plan") and ended and state is not None:
            self._pay(state, self.states.get(listing, state))
        return step

    def _send(self, work: Work, step: Step) -> bool:
        """Returns whether the same is to be planned again."""
        send: Any = step.result
        if not hasattr(send, "plan"):
            return False
        listing, planned = str(work.key), send.plan
        accident = self.rng.random()
        if accident < 0.05:
            self._mark([Debt(work.key, Cause.UNFINISHED, moment(self.now), work.sequence)])
            return False  # a crash before the call: somebody finds the intent
        (outcome,) = asyncio.run(self.channel.apply([planned.plan.command]))
        if accident < 0.15:
            outcome = Outcome(outcome.sku, ChannelUnavailableError("gone", effect_unknown=True))
        after = transitions.settled(planned.intended, planned.plan, outcome, now=self.now)
        self.states[listing] = replace(after, owed=None)
        again = transitions.needs_another_plan(planned.plan, outcome)
        if after.status is Status.WAITING and not again:
            self._mark([Debt(work.key, Cause.RETRY, moment(self.now), work.sequence)])
        elif not again:
            self._pay(planned.intended, after)
        return again

    def sweep(self, listing: str) -> None:
        """What is owed is read with its relatives, and delivered."""
        owed, state = self.owed[listing], self.states.get(listing)
        key = ListingKey.parse(listing)
        group = "" if state is None else state.group
        known = {
            ListingKey.parse(each.id).entity_code
            for each in self.states.values()
            if each.group == key.entity_code and ListingKey.parse(each.id) != key
        }
        kindred = Kindred({key.entity_code: known} if group or owed.cause is Cause.VARIANT else {})
        there = [self.products[key.entity_code]] if key.entity_code in self.products else []
        codes = {key.entity_code, *kindred.of(there)}
        documents = {code: bson.encode(self.products[code]) for code in codes if code in self.products}
        reading = Reading((START, self.newest), documents)
        found = Found(key, 0, owed, group)
        judged = judge([found], reading, moment(self.now), kindred)
        if judged.gone:  # the brake on gaps lets it pass
            self.owed[listing] = replace(owed, allowed=True)
        for claim in judged.claims:
            cause, since = claim.cause or owed.cause, claim.gone_since
            self.owed[listing] = replace(owed, due=claim.due, cause=cause, gone_since=since)
        for wanted in judged.wanted:
            sequence = wanted.claim.sequence or owed.sequence
            self.owed[listing] = replace(owed, sequence=max(sequence, owed.sequence), due=wanted.claim.due)
            self.deliver(decode(wanted.key, wanted.value, wanted.headers), owed.cause)

    def _loaded(self, listing: str) -> ListingState | None:
        state, owed = self.states.get(listing), self.owed.get(listing)
        if state is None and owed is not None:
            at = moment(self.now)
            state = ListingState(listing, 0, make_sequence(0), Status.WAITING, at, at)
        return None if state is None else replace(state, owed=owed)

    def _mark(self, debts: Iterable[Debt]) -> None:
        for debt in most_urgent(debts):
            known = self.owed.get(str(debt.key))
            self.owed[str(debt.key)] = Owed(
                cause=debt.cause,
                since=known.since if known else moment(self.now),
                due=min(known.due, debt.due) if known and debt.beside else debt.due,
                sequence=max(known.sequence if known else debt.sequence, debt.sequence),
                mark=str(self.rng.random()),
                told=known.told if known and debt.beside else debt.told,
                gone_since=known.gone_since if known else None,
                lane=debt.lane if debt.lane is not None else (known.lane if known else None),
            )

    def _pay(self, planned_on: ListingState, after: ListingState) -> None:
        owed = self.owed.get(after.id)
        same = owed is not None and planned_on.owed is not None and owed.mark == planned_on.owed.mark
        if same and owed is not None and owed.paid_by(after.planned_sequence, moment(self.now)):
            del self.owed[after.id]

    # All of it

    def play(self) -> None:
        """Changes come, some late, some twice; sweeps happen in between."""
        late: list[ProductEvent] = []
        for _ in range(self.rng.randint(3, 14)):
            self.anything()
            late.append(self.events[-1])
            while late and self.rng.random() < 0.6:
                event = late.pop(0)
                self.deliver(event)
                if self.rng.random() < 0.1:
                    self.deliver(event)
            if self.owed and self.rng.random() < 0.6:
                self.now += self.rng.choice((0.0, 1.0, 5.0))
                self.sweep(self.rng.choice(sorted(self.owed)))
        for event in late:
            self.deliver(event)
        for _ in range(400):
            if not self.owed:
                return
            due = min(self.owed, key=lambda listing: (self.owed[listing].due, listing))
            self.now = max(self.now, self.owed[due].due.timestamp()) + 0.001
            self.sweep(due)
        pytest.fail(f"never quiet: {self.owed}")

    def wanted(self) -> dict[str, dict[str, int]]:
        """Listing → SKU → stock, by what the PIM says now."""
        shown: dict[str, dict[str, int]] = {}
        for code, product in self.products.items():
            parent = product.get("parent_entity_code")
            place = parent if parent in self.products else code
            if code in PARENTS and (product["variants_entity_code"] or self._variants_of(code)):
                continue  # a group, or a parent whose listed variants do not name it
            shown.setdefault(place, {})[code] = product["quantity"]
        return shown

    def _variants_of(self, parent: str) -> list[str]:
        return [code for code, each in self.products.items() if each.get("parent_entity_code") == parent]

    def shown(self) -> dict[str, dict[str, int | None]]:
        """What buyers see."""
        return {
            sku: {each.sku: each.quantity for each in listing.variants} or {sku: listing.quantity}
            for sku, listing in self.channel.listings.items()
            if listing.live
        }


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_the_channel_shows_what_the_pim_says_whatever_happened_on_the_way(first: int) -> None:
    assert GONE_FOR.total_seconds() < 5, "the play's steps are longer"
    for seed in range(first, first + 20):
        world = World(seed)
        world.play()
        assert world.shown() == world.wanted(), f"seed {seed}"
        refused = [call for call in world.channel.journal if not call.effect and call.listing is not None]
        assert not refused, f"seed {seed}: a number was to be on sale twice"
