"""Background work of a channel that takes many commands at once gathers into jobs, and stands in nobody's way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.errors import RateLimitedError
from adapters.model import Bulk
from adapters.rate_limits import Cost, Limit
from consumer.delivery.commands import Call, Prepare, Prepared
from consumer.delivery.core import Core
from consumer.delivery.gathering import MOST_GATHERED, Gathering
from consumer.delivery.quotas.leases import quotas_of
from consumer.delivery.quotas.quotas import JOB, Quotas
from consumer.delivery.roster import Terms
from consumer.kafka.records import Partition
from tests.unit.delivery.making import CHANNEL, SETTINGS
from tests.unit.delivery.test_core import DEFAULT, OUTLET, Desk

RULE = Bulk(size=20, threshold=5, linger=10.0)


class JobDesk(Desk):
    def __init__(self, rule: Bulk = RULE) -> None:
        super().__init__(batch_size=1)
        self.core = Core(replace(SETTINGS, bulk={DEFAULT: rule}), {DEFAULT: 1, OUTLET: 1}, lambda: 0.5)
        self.core.assigned([Partition("updated", 0), Partition("resync", 0)], self.now)
        self.tick()

    def prepare_all(self) -> None:
        while self.given(Prepare):
            self.prepare()

    def calls(self) -> list[Call]:
        self.tick()
        found = [command for command in self.commands if isinstance(command, Call)]
        self.commands = [command for command in self.commands if not isinstance(command, Call)]
        return found


@pytest.fixture
def desk() -> JobDesk:
    return JobDesk()


def background(desk: JobDesk, count: int) -> None:
    for number in range(1, count + 1):
        desk.arrive(f"P-{number}", number, topic="resync")
    desk.prepare_all()


def test_a_full_job_leaves_at_once_with_all_its_listings(desk: JobDesk) -> None:
    background(desk, 20)
    (call,) = desk.calls()
    assert (call.operation, len(call.sends)) == (JOB, 20)
    assert len({send.sku for send in call.sends}) == 20


def test_enough_of_them_leave_after_a_while(desk: JobDesk) -> None:
    background(desk, 6)
    assert not desk.calls()
    assert desk.core.next_due(desk.now) is not None
    desk.tick(RULE.linger)
    (call,) = desk.calls()
    assert (call.operation, len(call.sends)) == (JOB, 6)


def test_too_few_go_singly_after_a_while(desk: JobDesk) -> None:
    background(desk, 3)
    assert not desk.calls()
    desk.tick(RULE.linger)
    assert {call.operation for call in desk.calls()} == {"create"}
    assert desk.core.gates[DEFAULT].gathered == 0


def test_what_happens_now_never_goes_by_a_job_nor_waits_for_one(desk: JobDesk) -> None:
    background(desk, 20)
    (job,) = desk.calls()
    background(desk, 40)
    desk.arrive("P-99", 99)
    desk.prepare_all()
    (call,) = desk.calls()
    assert (call.operation, [send.sku for send in call.sends]) == ("create", ["P-99"])
    assert job.sends


def test_a_newer_state_takes_the_older_one_out_of_the_job(desk: JobDesk) -> None:
    background(desk, 10)
    desk.arrive("P-3", 100)
    desk.prepare_all()
    (call,) = desk.calls()
    assert [send.work.sequence for send in call.sends] == [desk.arrive("P-3", 100).sequence]
    desk.tick(RULE.linger)
    (job,) = [each for each in desk.calls() if each.operation == JOB]
    assert "P-3" not in {send.sku for send in job.sends}


def test_memory_is_bounded_while_a_job_is_on_its_way(desk: JobDesk) -> None:
    background(desk, 90)
    assert [call.operation for call in desk.calls()] == [JOB]
    gate = desk.core.gates[DEFAULT]
    assert gate.gathered == 2 * RULE.size
    assert gate.in_flight == gate.gathered
    assert Gathering(replace(RULE, size=25_000), 10).size == MOST_GATHERED


def test_a_job_too_many_does_not_stop_single_calls(desk: JobDesk) -> None:
    background(desk, 20)
    (job,) = desk.calls()
    desk.commands.append(job)
    desk.call(RateLimitedError("too many feeds", delay=300.0))
    desk.store()
    desk.produce()
    desk.arrive("P-99", 99)
    desk.prepare_all()
    assert [call.operation for call in desk.calls()] == ["create"]


def test_jobs_have_a_quota_of_their_own() -> None:
    limit = Limit("feeds", 1, 300.0, costs={}, jobs=Cost())
    quotas = Quotas({DEFAULT: quotas_of(CHANNEL, DEFAULT, [limit], "")})
    assert quotas.room(DEFAULT, 0.0, "create", 5, urgent=False) == 5
    assert quotas.room(DEFAULT, 0.0, JOB, 1, urgent=False) == 0, "nothing is leased yet"
    assert quotas.to_lease(0.0) is not None


def test_an_account_may_stop_taking_jobs(desk: JobDesk) -> None:
    background(desk, 10)
    desk.core.roster.known(DEFAULT, Terms(batch_size=1), desk.now)
    desk.tick(RULE.linger)
    desk.prepare_all()
    assert {call.operation for call in desk.calls()} == {"create"}
    assert desk.core.gates[DEFAULT].gathers == 0


def test_what_leaves_with_its_partition_is_forgotten(desk: JobDesk) -> None:
    background(desk, 10)
    desk.core.revoking([Partition("resync", 0)], desk.now)
    desk.core.revoked([Partition("resync", 0)], desk.now)
    assert desk.core.slots.in_flight == desk.core.gates[DEFAULT].in_flight == 0
    assert desk.core.gates[DEFAULT].gathered == 0


def test_planning_that_fails_leaves_no_trace(desk: JobDesk) -> None:
    desk.arrive("P-1", 1, topic="resync")
    prepare = desk.take(Prepare)
    desk.core.prepared(prepare, Prepared(lost=prepare.works), desk.now)
    assert desk.core.gates[DEFAULT].gathered == 0
