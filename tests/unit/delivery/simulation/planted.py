"""Faults planted into the code under test, to prove that the simulation finds such faults."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from consumer.delivery import planning, tickets
from consumer.delivery.accounts import Gate
from consumer.delivery.backpressure import Backpressure
from consumer.delivery.braking import Braked, Braking, Planning
from consumer.delivery.core import Core
from consumer.delivery.flow import Failed, Flow
from consumer.delivery.offsets import Offsets, Ticket
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.replanning import Replanner
from consumer.delivery.retry import Decision, RetryTopic
from consumer.delivery.slots import Slots
from consumer.delivery.tickets import TicketFollower
from consumer.delivery.verdict import Judge
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.events import ProductEvent
from consumer.kafka.records import Partition
from consumer.listings import planner
from consumer.listings.state import Doubt, ListingState


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault and the promises it may break. plant: puts it in until the end of the test. steps: most to show it.

    first: seed that the search begins with, near one that shows it: the search goes on where schedules have changed.
    """

    name: str
    promises: tuple[int, ...]
    plant: Callable[[pytest.MonkeyPatch], None]
    steps: int = 12
    first: int = 0


def _newer_states_are_dropped(patch: pytest.MonkeyPatch) -> None:
    offer = Slots.offer

    def stubborn(self: Slots, work: Work) -> Work | None:
        return work if self.ready(work.key) is not None else offer(self, work)

    patch.setattr(Slots, "offer", stubborn)


def _offsets_are_finished_on_arrival(patch: pytest.MonkeyPatch) -> None:
    start = Offsets.start

    def hasty(self: Offsets, ticket: Ticket, _parts: int) -> None:
        start(self, ticket, 0)

    patch.setattr(Offsets, "start", hasty)
    patch.setattr(Offsets, "finish", lambda _self, _ticket: None)


def _older_states_overtake_newer_ones(patch: pytest.MonkeyPatch) -> None:
    plan = planner.plan

    def forgetful(event: ProductEvent, state: ListingState | None, *rest: Any) -> planner.Plan:
        if state is not None:
            state = replace(state, planned_sequence=min(state.planned_sequence, event.sequence))
        return plan(event, state, *rest)

    patch.setattr(planner, "plan", forgetful)


def _what_is_in_doubt_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ListingState, "open_doubt", property(lambda _self: Doubt.NONE))


def _revoked_partitions_are_committed(patch: pytest.MonkeyPatch) -> None:
    def clinging(self: Core, _partitions: Iterable[Partition], now: float) -> None:
        self.flow.drop_leaving(now)

    patch.setattr(Core, "revoked", clinging)


def _long_retries_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    follow = Flow.follow

    def careless(self: Flow, failed: Failed, decision: Decision, now: float) -> None:
        if isinstance(decision, RetryTopic):
            self.done(failed.work, now)
        else:
            follow(self, failed, decision, now)

    patch.setattr(Flow, "follow", careless)


def _no_partition_ever_rests(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backpressure, "resting", lambda _self, _partitions: frozenset())


def _outages_burn_attempts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Judge, "_sit_out", Judge._decide)


def _one_dead_account_stops_all(patch: pytest.MonkeyPatch) -> None:
    may_call = Gate.may_call
    halted: list[Gate] = []

    def scared(self: Gate, now: float) -> bool:
        if self.halted and self not in halted:
            halted.append(self)
        return may_call(self, now) and not any(gate.account != self.account for gate in halted)

    patch.setattr(Gate, "may_call", scared)


def _a_lost_partition_keeps_its_commands(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Flow, "leaves", lambda _self, _work: False)


def _batches_of_answers_are_mixed_up(patch: pytest.MonkeyPatch) -> None:
    endings = Judge.endings

    def crossed(self: Judge, gate: Gate, answers: Sequence[Any], now: float) -> Any:
        errors = [answer.error for answer in reversed(answers)]
        outcomes = [answer.outcome for answer in reversed(answers)]
        mixed = [replace(a, error=e, outcome=o) for a, e, o in zip(answers, errors, outcomes, strict=True)]
        return endings(self, gate, mixed, now)

    patch.setattr(Judge, "endings", crossed)


def _quotas_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Quotas, "room", lambda _self, _account, _now, _operation, most, **_kind: most)
    patch.setattr(Quotas, "spend", lambda *_call, **_kind: math.inf)


def _rule_changes_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    async def blind(_self: Replanner) -> bool:
        return False

    patch.setattr(Replanner, "look", blind)


def _an_account_that_went_keeps_its_offsets(patch: pytest.MonkeyPatch) -> None:
    def forgetful(self: Flow, account: AccountKey, now: float) -> None:
        self.slots.drop_waiting(lambda work: account_of(work.key) == account)
        self.ready.rebuild(now)

    patch.setattr(Flow, "drop_account", forgetful)


def _brakes_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    async def let_all_pass(_self: Braking, planning: Planning, _sellers: object, _now: float) -> Braked:
        return Braked(list(planning.steps), [])

    patch.setattr(Braking, "brake", let_all_pass)


def _nothing_waits_for_the_channel(patch: pytest.MonkeyPatch) -> None:
    def hasty(
        work: Work, state: ListingState, _submitted: object, seller: planning.Seller, now: float, by: str
    ) -> planning.Step:
        return planning._plan(work, state, seller, now, by)

    patch.setattr(planning, "_behind", hasty)


def _tickets_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    async def idle(_self: TicketFollower, _account: AccountKey) -> int:
        return 0

    patch.setattr(TicketFollower, "look", idle)


def _what_the_channel_forgot_counts_as_done(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tickets, "_lost", lambda _words: None)


PLANTED = (
    Planted("nothing waits for the channel", (3, 4), _nothing_waits_for_the_channel, first=514),
    Planted("tickets are forgotten", (1,), _tickets_are_forgotten, first=88),
    Planted(
        "what the channel forgot counts as done", (4,), _what_the_channel_forgot_counts_as_done, steps=20, first=141
    ),
    Planted("brakes are not asked", (7,), _brakes_are_not_asked),
    Planted("rule changes are forgotten", (4,), _rule_changes_are_forgotten),
    Planted("an account that went keeps its offsets", (1, 6), _an_account_that_went_keeps_its_offsets, first=587),
    Planted("quotas are not asked", (10,), _quotas_are_not_asked, first=64),
    Planted("newer states are dropped", (1, 4), _newer_states_are_dropped),
    Planted("offsets are finished on arrival", (1,), _offsets_are_finished_on_arrival),
    Planted("older states overtake newer ones", (3,), _older_states_overtake_newer_ones),
    Planted("what is in doubt is believed", (4,), _what_is_in_doubt_is_believed, first=161),
    Planted("revoked partitions are committed", (1,), _revoked_partitions_are_committed),
    Planted("long retries are forgotten", (1,), _long_retries_are_forgotten),
    Planted("no partition ever rests", (10,), _no_partition_ever_rests, steps=200, first=139),
    Planted("outages burn attempts", (6,), _outages_burn_attempts, first=87),
    Planted("one dead account stops all", (6, 1), _one_dead_account_stops_all, first=53),
    Planted("answers of a batch are mixed up", (1, 4), _batches_of_answers_are_mixed_up, first=142),
    Planted("a lost partition keeps its commands", (1, 3, 10), _a_lost_partition_keeps_its_commands),
)
