"""Does what the core commands, in bulk: load → plan → store intents, call the adapter, store outcomes.

Every step is one round trip to MongoDB for all its listings. The intent is stored before the call and the outcome after
it, each over the revision that was read: a process that lost its partition loses the race and is told. It decides
nothing: failures are reported, the core says what follows. A `None` answer means that our own store is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TypeVar

import structlog

from adapters.errors import AdapterError
from adapters.model import Outcome
from consumer.delivery.account_faults import blamed
from consumer.delivery.batches import Send
from consumer.delivery.braking import HELD, Braking, Planning
from consumer.delivery.commands import Answer, Call, Letter, Prepare, Prepared, Probe, Settled, Store, Stored
from consumer.delivery.firsts import Guard, send_all
from consumer.delivery.holdings import Holdings
from consumer.delivery.keeping import Marks, States
from consumer.delivery.learning import Learning
from consumer.delivery.marking import late_debt, owed_debt
from consumer.delivery.owing import Owing
from consumer.delivery.planning import BEHIND, SUBMITTED, Deferred, Planned, Seller, Step, latest_of, outrun, plan_step
from consumer.delivery.quotas.quotas import JOB
from consumer.delivery.rehearsing import Rehearsing
from consumer.delivery.relatives import NOT_TAKEN, most_urgent
from consumer.delivery.retry import Wait
from consumer.delivery.sales import NO_SALES, Sales
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.errors import MarketsyncError
from consumer.listings import transitions
from consumer.listings.debts import Debt, Payment
from consumer.listings.owed import Cause, moment
from consumer.listings.sold import NOTHING_SOLD
from consumer.listings.state import ListingState, Status
from consumer.mongo import PyMongoError

Result = TypeVar("Result")

# A newer state pays, or nothing does yet.
_UNPAID = ("superseded", HELD, BEHIND, SUBMITTED)

_log = structlog.get_logger()


async def _rest() -> None:
    await asyncio.sleep(1.0)


class Execution:
    """Performs the commands of one channel. clock: seconds since 1970. process: this one's own name, new each start.

    braking: keeps accidents from being sent. rest: waits between attempts to store what nothing may go on without.
    guard: answers for commands that must not be sent. holdings: which listings show what; None = no groups are sold.
    rehearsing: lets the channel itself check what dry runs would send. sales: what channels sold and the PIM has not
    taken off its stock yet.
    """

    def __init__(  # noqa: PLR0913  what it works with, each by its name
        self,
        sellers: Mapping[AccountKey, Seller],
        store: States,
        marks: Marks,
        clock: Callable[[], float],
        *,
        process: str,
        braking: Braking,
        rest: Callable[[], Awaitable[None]] = _rest,
        guard: Guard = send_all,
        holdings: Holdings | None = None,
        rehearsing: Rehearsing | None = None,
        sales: Sales = NO_SALES,
    ) -> None:
        self._sales = sales
        self._rehearsing = rehearsing
        self._holdings = holdings or Holdings()
        self._sellers = sellers
        self._braking = braking
        self._store = store
        self._marks = marks
        self._clock = clock
        self._process = process
        self._rest = rest
        self._learning = Learning(clock)
        self._guard = guard

    async def prepare(self, prepare: Prepare) -> Prepared | None:
        """Plan these states and store what was planned."""
        report = await _reach_store(self._prepare_safely(prepare.works))
        return None if report is None else report[0]

    async def call(self, call: Call) -> list[Answer]:
        """One call of the adapter. An exception is a bug in it: the effect of every command is unknown then."""
        commands = [_planned(send).plan.command for send in call.sends]
        try:
            outcomes = await self._guard(self._sellers[call.account], commands, bulk=call.operation == JOB)
            if [outcome.sku for outcome in outcomes] != [command.sku for command in commands]:
                raise RuntimeError(f"the adapter answered for {[outcome.sku for outcome in outcomes]}")
        except Exception as error:
            _log.exception("bug in an adapter", account=str(call.account), operation=call.operation)
            return [Answer(send, _crashed(send, error), error) for send in call.sends]
        return [
            Answer(
                send,
                outcome,
                outcome.error,
                again=transitions.needs_another_plan(_planned(send).plan, outcome),
                submitted=outcome.ticket != "",
            )
            for send, outcome in zip(call.sends, blamed(outcomes), strict=True)
        ]

    async def probe(self, probe: Probe) -> Exception | None:
        """Ask the channel for something; what it answered if not that all is well."""
        return await self.try_account(probe.account)

    async def store(self, store: Store) -> Stored | None:
        """Store outcomes. Those that lost the race are marked uncertain by then."""
        now = self._clock()
        states, failed = [], {}
        for ending in store.endings:
            planned = _planned(ending.send)
            try:
                states.append(transitions.settled(planned.intended, planned.plan, ending.outcome, now=now))
            except Exception as error:
                listing_id = str(ending.send.work.key)
                _log.exception("cannot settle a listing", listing=listing_id)
                failed[listing_id] = error
        again = {str(ending.send.work.key) for ending in store.endings if isinstance(ending.follow_up, Wait)}
        tickets = {state.id: state.submitted.ticket for state in states if state.submitted is not None}
        settle = partial(self._settle, states, now, again)
        # Of what the channel decides on later, only its ticket tells when nothing older can land any more.
        answer = await (self._surely(settle) if tickets else _reach_store(settle()))
        if answer is None:
            return None
        lost = {*answer[0]}
        if lost and tickets:
            lost -= await self._mark_without_ticket(store, {key: tickets[key] for key in lost & tickets.keys()}, now)
        if lost:
            await self._surely(partial(self._store.mark_uncertain, lost))
        return Stored(frozenset(lost), failed)

    async def owe(self, owings: Sequence[Owing], now: float) -> bool:
        """Mark these listings as owed. now: the core's clock. False: our store is away."""
        wall = self._clock()
        # What is to be sent although nothing changed: the listing remembers that instead of the state.
        forced = [str(owing.work.key) for owing in owings if owing.work.force]
        if forced and await _reach_store(self._store.mark_uncertain(forced)) is None:
            return False
        debts = [owed_debt(owing, wall - now) for owing in owings]
        return await _reach_store(self._marks.mark(debts, moment(wall))) is not None

    async def try_account(self, account: AccountKey) -> Exception | None:
        """Whether the account's credential and settings work now; why not."""
        try:
            await self._sellers[account].adapter.test_connection()
        except AdapterError as error:
            return error
        except Exception as error:
            _log.exception("bug in an adapter", account=str(account), operation="test_connection")
            return error
        return None

    async def give_up(self, letters: Sequence[Letter]) -> bool:
        """Show people that these listings were given up. False: our store is away, nothing may be given up now."""
        given_up = {str(letter.work.key): letter for letter in letters if letter.work is not None and letter.dead}
        return not given_up or await _reach_store(self._give_up(given_up)) is not None

    async def _settle(
        self, states: Sequence[ListingState], now: float, again: AbstractSet[str] = frozenset()
    ) -> Collection[str]:
        """Store them, then pay what they were owed. Returns the ids that lost the race.

        again: those that are tried or planned once more, whatever they look like meanwhile: they stay owed.
        """
        lost = await self._store.store_outcomes(states)
        settled = [s for s in states if s.status is not Status.WAITING and s.id not in lost and s.id not in again]
        await self._pay(settled, now)
        return lost

    async def _pay(self, settled: Iterable[ListingState], now: float) -> None:
        """What was owed when these were planned, if they are all of it."""
        at = moment(now)
        payments = [
            Payment(state.id, state.owed.mark, state.revision)
            for state in settled
            if state.owed is not None and state.owed.paid_by(state.planned_sequence, at)
        ]
        if payments:
            await self._marks.pay(payments)

    async def _distrust(self, works: Sequence[Work], now: float) -> None:
        """A newer state than the forced one is known: the listing is put in doubt, and that newer state is owed."""
        if works:
            at = moment(now)
            await self._store.mark_uncertain([str(work.key) for work in works])
            await self._marks.mark([Debt(work.key, Cause.DISTRUST, at, work.sequence) for work in works], at)

    async def _mark_without_ticket(self, store: Store, tickets: Mapping[str, str], now: float) -> set[str]:
        """These lost the race, and nobody will follow their tickets. Returns those that are stored all the same."""
        (found,) = await self._surely(partial(self._store.load, list(tickets)))
        stored = {key for key, state in found.items() if state.submitted and state.submitted.ticket == tickets[key]}
        works = [ending.send.work for ending in store.endings if str(ending.send.work.key) in tickets.keys() - stored]
        debts = [late_debt(work, now + latest_of(self._sellers[account_of(work.key)])) for work in works]
        await self._surely(partial(self._marks.mark, debts, moment(now)))
        return stored

    async def _surely(self, step: Callable[[], Awaitable[Result]]) -> tuple[Result]:
        """What we know of these calls is gone once the core goes on, so this goes on until it is stored."""
        while (answer := await _reach_store(step())) is None:
            _log.warning("MongoDB must be told how calls ended; trying again")
            await self._rest()
        return answer

    async def _give_up(self, letters: Mapping[str, Letter]) -> None:
        """All in one step; one by one in the rare case that one of them cannot be read."""
        try:
            states = await self._store.load(list(letters))
        except MarketsyncError:
            if len(letters) > 1:
                for listing_id, letter in letters.items():
                    await self._give_up({listing_id: letter})
            return  # the one that cannot be read is given up for that
        now = self._clock()
        given_up = [_given_up(listing_id, letter, states, now) for listing_id, letter in letters.items()]
        # A lost race means that someone has a newer state: that is what people should see then.
        await self._settle([state for state in given_up if state is not None], now)

    async def _prepare_safely(self, works: Sequence[Work]) -> Prepared:
        """All in one step; one by one in the rare case that one of them spoils it for all."""
        try:
            return await self._prepare(works)
        except PyMongoError:
            raise
        except Exception as error:
            if len(works) == 1:
                _log.exception("cannot prepare a listing", listing=str(works[0].key))
                return Prepared(failed=[(works[0], error)])
        reports = [await self._prepare_safely([work]) for work in works]
        return Prepared(
            sends=[send for report in reports for send in report.sends],
            settled=[settled for report in reports for settled in report.settled],
            lost=[work for report in reports for work in report.lost],
            failed=[failure for report in reports for failure in report.failed],
        )

    async def _prepare(self, works: Sequence[Work]) -> Prepared:
        states = await self._store.load([str(work.key) for work in works])
        taken = await self._holdings.taken(works, states, self._sellers)
        sold = await self._sales.of(work.key for work in works)
        now = self._clock()
        steps = [
            plan_step(
                work,
                states.get(str(work.key)),
                self._sellers[account_of(work.key)],
                now,
                self._process,
                taken.get(str(work.key), NOT_TAKEN) if taken else NOT_TAKEN,
                sold.get(work.key.tenant, NOTHING_SOLD),
            )
            for work in works
        ]
        steps = self._learning.hold_back(works, steps, self._sellers)
        related = [(str(work.key), step.relatives) for work, step in zip(works, steps, strict=True) if step.relatives]
        braked = await self._braking.brake(Planning(works, steps, states), self._sellers, now)
        steps = braked.steps
        debts = [*braked.debts, *(step.debt for step in steps if step.debt is not None)]
        debts += [late_debt(step.result.work, now + step.late) for step in steps if step.late]
        if debts:
            await self._marks.mark(debts, moment(now))
        await self._distrust(outrun(works, steps, states), now)
        lost = await self._store.store_intents([step.store for step in steps if step.store is not None])
        kept = [step for step in steps if step.store is None or step.store.id not in lost]
        due = most_urgent(debt for listing_id, debts in related if listing_id not in lost for debt in debts)
        if due:
            await self._marks.mark(due, moment(now))
        await self._pay(_noted(kept, states), now)
        if self._rehearsing is not None:
            self._rehearsing.take(kept)
        return Prepared(
            marked=bool(due) or any(step.debt is not None for step in kept),
            sends=[step.result for step in kept if isinstance(step.result, Send)],
            settled=[step.result for step in kept if isinstance(step.result, Settled)],
            failed=[(step.result.work, step.result.error) for step in kept if isinstance(step.result, Deferred)],
            lost=[
                work
                for work, step in zip(works, steps, strict=True)
                if step.store is not None and step.store.id in lost
            ],
        )


async def _reach_store(step: Awaitable[Result]) -> tuple[Result] | None:
    """The step's result, boxed; None when MongoDB is away."""
    try:
        return (await step,)
    except PyMongoError as error:
        _log.warning("MongoDB cannot be used, delivery waits", error=str(error)[:300])
        return None


def _planned(send: Send) -> Planned:
    planned: Planned = send.plan
    return planned


def _given_up(listing_id: str, letter: Letter, states: Mapping[str, ListingState], now: float) -> ListingState | None:
    """What is to be stored; None where a newer state was planned meanwhile."""
    if letter.work is None:
        return None
    state = states.get(listing_id)
    words = f"{letter.dead}: {letter.error}"
    given_up = transitions.dead_lettered(state, listing_id, sequence=letter.work.sequence, reason=words, now=now)
    return None if given_up is state else given_up


def _crashed(send: Send, error: Exception) -> Outcome:
    """What is stored of a call that ended in a bug."""
    return Outcome(send.sku, AdapterError(f"bug: {type(error).__name__}: {error}", effect_unknown=True))


def _noted(steps: Iterable[Step], states: Mapping[str, ListingState]) -> Iterator[ListingState]:
    """The states of listings that need no call, as they are stored now."""
    for step in steps:
        if isinstance(step.result, Settled) and step.result.outcome not in _UNPAID:
            state = step.store or states.get(str(step.result.work.key))
            if state is not None:
                yield state
