"""A process that was frozen may have lost its partitions: what it planned before is planned anew, not called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest

from consumer.delivery.batches import Send
from consumer.delivery.commands import Call, CoreCommand, Prepare, Prepared
from consumer.delivery.core import Core
from consumer.delivery.work import AccountKey
from consumer.kafka.records import Partition
from tests.unit.delivery.making import POLICY, SETTINGS, make_record, make_work

Kind = TypeVar("Kind", bound=CoreCommand)
ACCOUNT = AccountKey("shop", "default")
FREEZE = POLICY.stale + 1


@pytest.fixture
def core() -> Core:
    core = Core(SETTINGS, {ACCOUNT: 10}, lambda: 0.5)
    core.assigned([Partition("updated", 0)], 0.0)
    for number in (1, 2, 3):
        ticket = core.ticket(make_record(offset=number))
        assert ticket is not None
        core.arrived(ticket, [make_work(f"P-{number}", number, ticket=ticket)], 0.0)
    return core


def only(kind: type[Kind], commands: Sequence[CoreCommand]) -> list[Kind]:
    return [command for command in commands if isinstance(command, kind)]


def sends_of(prepare: Prepare) -> Prepared:
    return Prepared(sends=[Send(work, "create", work.key.entity_code, None) for work in prepare.works])


def prepared(core: Core, now: float) -> Prepare:
    (prepare,) = only(Prepare, core.tick(now))
    return prepare


def test_a_call_that_was_planned_before_a_freeze_is_planned_again(core: Core) -> None:
    prepare = prepared(core, 1.0)
    core.prepared(prepare, sends_of(prepare), 1.0)
    woken = core.tick(1.0 + FREEZE)
    assert only(Call, woken) == []
    (again,) = only(Prepare, woken)
    assert {work.key for work in again.works} == {work.key for work in prepare.works}


def test_a_plan_whose_answer_came_after_a_freeze_is_made_again(core: Core) -> None:
    prepare = prepared(core, 1.0)
    core.prepared(prepare, sends_of(prepare), 1.0 + FREEZE)
    woken = core.tick(1.0 + FREEZE)
    assert only(Call, woken) == []
    (again,) = only(Prepare, woken)
    core.prepared(again, sends_of(again), 1.1 + FREEZE)
    assert len(only(Call, core.tick(2.0 + FREEZE))) == 1


def test_a_call_that_waited_a_little_is_called(core: Core) -> None:
    prepare = prepared(core, 1.0)
    core.prepared(prepare, sends_of(prepare), 1.5)
    assert len(only(Call, core.tick(POLICY.stale))) == 1
