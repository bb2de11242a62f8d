"""Puts the accounts' brakes between plan and intent: what looks like an accident waits for a person's word.

One look at the counts for a whole step, and none where no brake is touched. What is held becomes owed, so its record is
finished and nothing is lost. A stock that goes down is not held with the rest of its listing: it is sent alone, for
whoever sells what is not there pays for it. Only a mass of zeros is held itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import structlog

from adapters.model import Command, Operation
from adapters.values import replace
from consumer.delivery.batches import Send
from consumer.delivery.commands import Settled
from consumer.delivery.planning import Case, Planned, Seller, Step, send_step
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.events import is_deletion
from consumer.listings import planner, transitions
from consumer.listings.brakes.ledger import Answer, Ask
from consumer.listings.brakes.model import Brake
from consumer.listings.brakes.store import Place
from consumer.listings.brakes.touching import covered, touched
from consumer.listings.brakes.words import reason
from consumer.listings.debts import Debt
from consumer.listings.owed import Cause, moment
from consumer.listings.state import Doubt, ListingState, Status
from consumer.listings.stock_alone import lowered, stocks_of

_log = structlog.get_logger()

HELD = "held"
"""How a state ends that a brake holds."""

# Seconds until a held listing is looked at without anybody asking: brakes may have been loosened meanwhile.
_LOOK_AGAIN = 3600.0
_ALONE = frozenset({Brake.PRICE_CHANGE})


class Allowances(Protocol):
    """Who counts what passes: `consumer.listings.brakes.store.BrakeStore`."""

    async def ask(self, asks: Mapping[Place, Ask], now: float) -> Mapping[Place, Answer]:
        """Count what may pass. Raises PyMongoError."""


class Braked(NamedTuple):
    """A step behind the brakes. debts: marks of what is held, to be made before anything else is stored."""

    steps: list[Step]
    debts: list[Debt]


class Planning(NamedTuple):
    """A step before the brakes: works, what is planned for each, and what is stored of their listings."""

    works: Sequence[Work]
    steps: Sequence[Step]
    states: Mapping[str, ListingState]


class _Touch(NamedTuple):
    """A command that touches brakes. asks: those whose leave it needs. counts: those that count it."""

    place: int
    case: Case
    asks: frozenset[Brake]
    counts: frozenset[Brake]

    @property
    def account(self) -> AccountKey:
        return account_of(self.case.work.key)


class _Refused(NamedTuple):
    """A command that must not be sent now. answer: what was counted for its account, None where nothing was asked."""

    touch: _Touch
    brakes: frozenset[Brake]
    answer: Answer | None


class Braking:
    """One channel's. by: this process."""

    def __init__(self, channel: str, allowances: Allowances, *, by: str) -> None:
        self._channel = channel
        self._allowances = allowances
        self._by = by

    async def brake(self, planning: Planning, sellers: Mapping[AccountKey, Seller], now: float) -> Braked:
        """The steps, with those that are held exchanged. now: seconds since 1970. Raises PyMongoError."""
        steps = dict(enumerate(planning.steps))
        refused = await self._let_pass(steps, self._touches(steps, planning, sellers), now)
        debts: list[Debt] = []
        alone: dict[int, Step] = {}
        for each in refused:
            place, case = each.touch.place, each.touch.case
            plan = _planned(steps[place]).plan
            debt, steps[place] = _held(each, steps[place], now)
            debts.append(debt)
            if stock := _stock_alone(case, plan, steps[place], now):
                alone[place] = stock
        if alone:
            # A stock that goes down alone may be one of a mass of zeros.
            again = await self._let_pass(alone, self._touches(alone, planning, sellers), now)
            for each in again:
                del alone[each.touch.place]
            steps |= alone
        return Braked(list(steps.values()), debts)

    def _touches(
        self, steps: Mapping[int, Step], planning: Planning, sellers: Mapping[AccountKey, Seller]
    ) -> list[_Touch]:
        found = []
        for place, step in steps.items():
            if not isinstance(step.result, Send):
                continue
            work = planning.works[place]
            seller = sellers[account_of(work.key)]
            planned = _planned(step)
            state = planning.states.get(str(work.key))
            counts = touched(planned.plan.command, state, seller.account.brakes)
            if counts:
                asks = counts - _leave(planned.plan.command, state)
                found.append(_Touch(place, Case(work, state, seller, planned.written, self._by), asks, counts - _ALONE))
        return found

    async def _let_pass(self, steps: dict[int, Step], touches: Sequence[_Touch], now: float) -> list[_Refused]:
        """Count what touches brakes. In `steps`, what passes remembers it. Returns what does not."""
        answers = await self._ask([touch for touch in touches if not touch.asks & _ALONE], now)
        left = {account: Counter(answer.passes) for account, answer in answers.items()}
        refused = []
        for touch in touches:
            refusing = touch.asks & _ALONE
            if not refusing and touch.asks:
                refusing = frozenset(brake for brake in touch.asks if left[touch.account][brake] <= 0)
            if refusing:
                refused.append(_Refused(touch, refusing, answers.get(touch.account)))
                continue
            if touch.asks:
                left[touch.account].subtract(touch.asks)
            steps[touch.place] = _with_passed(steps[touch.place], touch.counts)
        return refused

    async def _ask(self, touches: Sequence[_Touch], now: float) -> Mapping[AccountKey, Answer]:
        counts: dict[Place, Counter[Brake]] = defaultdict(Counter)
        brakes = {}
        for touch in touches:
            if touch.asks:
                place = Place(self._channel, *touch.account)
                counts[place].update(touch.asks)
                brakes[place] = touch.case.seller.account.brakes
        if not counts:
            return {}
        asks = {place: Ask(brakes[place], asked) for place, asked in counts.items()}
        answers = await self._allowances.ask(asks, now)
        for place, answer in answers.items():
            for brake in answer.closed:
                words = "a brake has closed: what it holds waits for `marketsync held`"
                _log.error(words, account=str(place), brake=brake.value)
        return {AccountKey(place.tenant, place.account): answer for place, answer in answers.items()}


def _held(refused: _Refused, step: Step, now: float) -> tuple[Debt, Step]:
    """The mark of a listing that is held, and what is stored of it."""
    touch, refusing, answer = refused
    case = touch.case
    brake, words = reason(refusing, case.seller.account.brakes, answer.limits if answer is not None else {})
    capped = brake is Brake.CREATES_PER_HOUR and answer is not None
    debt = Debt(
        key=case.work.key,
        cause=Cause.CAPPED if capped else Cause.HELD,
        due=moment(answer.until if answer is not None and capped else now + _LOOK_AGAIN),
        sequence=case.work.sequence,
        words=words,
        told=is_deletion(case.work.record.headers),
        brake=brake.value,
    )
    doubt = Doubt.NONE if step.store is None else step.store.doubt
    state = transitions.held(case.state, _planned(step).plan, now, doubt)
    return debt, Step(replace(state, planned_rules=case.seller.rules), Settled(case.work, HELD, words))


def _leave(command: Command, state: ListingState | None) -> frozenset[Brake]:
    """The brakes that need not be asked: they have counted this listing, or a person has let it pass."""
    if state is None:
        return frozenset()
    passed = frozenset(map(Brake, state.passed))
    owed = state.owed
    if owed is None:
        return passed
    if owed.allowed and command.operation is Operation.WITHDRAW:
        return passed | {Brake.MASS_DELISTING, Brake.COUNT_DROP}  # by the brake on what goes without an event
    return passed if owed.leave is None else passed | covered(command, state.accepted, owed.leave)


def _with_passed(step: Step, counts: frozenset[Brake]) -> Step:
    """The intent remembers which brakes let it pass, so that a second try is not counted again."""
    if step.store is None or not isinstance(step.result, Send):
        return step
    intended = replace(step.store, passed=tuple(sorted(brake.value for brake in counts)))
    return replace(step, store=intended, result=replace(step.result, plan=replace(_planned(step), intended=intended)))


def _stock_alone(case: Case, plan: planner.Send, held: Step, now: float) -> Step | None:
    """The stock of a held listing, where it goes down; None where it does not, or is what was held."""
    state, command, stored = case.state, plan.command, held.store
    if state is None or state.accepted is None or stored is None or command.operation is Operation.REVISE_STOCK:
        return None
    listing = command.listing
    pieces = plan.pieces if listing is None else listing.quantity
    stocks = plan.stocks if listing is None else stocks_of(listing, state.members)
    less = None if pieces is None else lowered(state, pieces, stocks)
    if less is None:
        return None
    lowering = planner.Send(
        listing_id=plan.listing_id,
        sequence=plan.sequence,
        command=less,
        fingerprint=None,
        reason=stored.reason,
        verdict=Status.LIVE if state.status is Status.WAITING else state.status,
    )
    step = send_step(case, lowering, now)
    if step.store is None or not isinstance(step.result, Send):
        return step
    intended = replace(step.store, proposed=stored.proposed, doubt=stored.doubt)
    return replace(step, store=intended, result=replace(step.result, plan=replace(_planned(step), intended=intended)))


def _planned(step: Step) -> Planned:
    assert isinstance(step.result, Send)  # noqa: S101  for the type checker: only those are asked
    planned: Planned = step.result.plan
    return planned
