"""Which other listings a plan makes due: a variant's group, the variants of a parent that is gone, whoever shows a SKU.

They may live in other partitions, so they are marked in the store, and whoever owns them sweeps them. Marks are made
after the plan is stored: who sweeps them at once reads there which variants there are. A crash in between loses
nothing, for the plan's own record is not finished before. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from consumer.delivery.work import Work
from consumer.events import ProductEvent
from consumer.listings import planner
from consumer.listings.accounts import Account
from consumer.listings.kinship import parent_of
from consumer.listings.leaves import identifier
from consumer.listings.marks import Debt
from consumer.listings.owed import Cause
from consumer.listings.state import ListingKey, ListingState

NOT_TAKEN: Mapping[str, str] = {}
"""SKU → entity code of another listing that shows it."""

# How long a listing waits for another one that still shows what it is to show: the longer it has, the longer.
_SOONEST, _LATEST = timedelta(seconds=1), timedelta(minutes=5)


def due_relatives(  # noqa: PLR0913  all that it depends on
    work: Work,
    event: ProductEvent,
    state: ListingState | None,
    plan: planner.Behind | planner.Nothing | planner.Invalid | planner.Rehearsal | planner.Send,
    account: Account,
    taken: Mapping[str, str],
    at: datetime,
) -> tuple[Debt, ...]:
    """The marks. state: what was stored of the listing. taken: of what this listing is to show."""
    before = "" if state is None else state.group
    if not (account.sells_groups or before):
        return ()
    own = event.entity_code
    group = before if isinstance(plan, planner.Behind) else plan.group
    codes = {holder for holder in taken.values() if holder != group}
    if group != before or work.cause is not Cause.VARIANT:
        # Who was made due by its group says something to the group only if it joins or leaves it.
        codes |= {group, before}
        if event.before is not None and account.sells_groups:
            codes.add(parent_of(event.before) or "")
    if event.product is None and event.kin is not None:
        codes.update(filter(None, (identifier(each.get("entity_code")) for each in event.kin.variants)))
    debts = [
        Debt(replace(work.key, entity_code=code), Cause.VARIANT, at, event.sequence, lane=int(work.lane), beside=True)
        for code in sorted(codes - {own, ""})
    ]
    if taken and event.product is not None and group == own and not isinstance(plan, planner.Behind):
        debts.append(_again(work, state, at))
    if event.product is None and event.kin is None and group == own:
        # Its variants have to be found: the group's own sweep reads who names it still.
        debts.append(Debt(work.key, Cause.VARIANT, at, event.sequence, lane=int(work.lane), beside=True))
    return tuple(debts)


def debt_of(work: Work, plan: planner.Behind, state: ListingState | None, at: datetime) -> Debt:
    """The mark of a listing that cannot be planned now."""
    if plan.waits:
        return replace(_again(work, state, at), words=plan.words)
    return Debt(work.key, Cause.VARIANT, at, work.sequence, plan.words, lane=int(work.lane), beside=True)


def _again(work: Work, state: ListingState | None, at: datetime) -> Debt:
    owed = None if state is None else state.owed
    waited = timedelta() if owed is None else at - owed.since
    due = at + min(max(waited, _SOONEST), _LATEST)
    return Debt(work.key, Cause.VARIANT, due, work.sequence, lane=int(work.lane), beside=True)


def most_urgent(debts: Iterable[Debt]) -> list[Debt]:
    """One mark for each listing: the variants of one parent often change together."""
    chosen: dict[ListingKey, Debt] = {}
    for debt in debts:
        known = chosen.setdefault(debt.key, debt)
        if known is not debt:
            lanes = [lane for lane in (known.lane, debt.lane) if lane is not None]
            sequence, due = max(known.sequence, debt.sequence), min(known.due, debt.due)
            chosen[debt.key] = replace(known, lane=min(lanes, default=None), sequence=sequence, due=due)
    return list(chosen.values())
