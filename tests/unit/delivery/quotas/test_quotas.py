"""What one process does with its quotas."""

from __future__ import annotations

from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit, Scope
from consumer.delivery.quotas.leases import quotas_of
from consumer.delivery.quotas.ledger import used_of
from consumer.delivery.quotas.quotas import Quotas
from tests.unit.delivery.quotas.world import ACCOUNT, CREATE, World

MINUTE = Limit("calls", 100, 60)


def test_an_account_without_limits_is_never_held_up_and_asks_for_nothing() -> None:
    quotas = Quotas({ACCOUNT: ()})
    assert quotas.room(ACCOUNT, 0, CREATE, 25, urgent=False) == 25
    quotas.spend(ACCOUNT, 0, CREATE, 25, urgent=False)
    assert quotas.to_lease(0) is None
    assert quotas.next_due(0) is None


def test_an_operation_that_is_not_counted_is_free() -> None:
    world = World(Limit("creations", 1, 60, costs={Operation.CREATE: Cost()}), (0.0,))
    room = world.processes[0].quotas.room(ACCOUNT, world.time, Operation.WITHDRAW.value, 25, urgent=True)
    assert room == 25


def test_a_call_waits_for_its_lease_and_is_as_large_as_what_was_leased() -> None:
    world = World(Limit("listings", 100, 60, costs={Operation.CREATE: Cost(0, 1)}), (0.0,))
    (process,) = world.processes
    assert world.call(process, 25) == 0
    world.lease(process)
    assert world.call(process, 25) == 22  # a quarter of the 90 that are not in reserve
    assert world.call(process, 25) == 0


def test_at_high_speed_one_question_serves_many_calls() -> None:
    world = World(Limit("calls", 1_000_000, DAY), (0.0,))
    (process,) = world.processes
    calls = 0
    for _ in range(20_000):
        world.time += 0.005
        calls += world.call(process, 1)
        world.lease(process)
    assert calls > 19_900
    assert world.questions < 40


def test_what_is_nearly_gone_is_leased_anew_before_calls_have_to_wait() -> None:
    world = World(Limit("calls", 100_000, 60), (0.0,))
    (process,) = world.processes
    waited = 0
    for step in range(5_000):
        world.time += 0.01
        waited += step > 500 and not world.call(process, 1)
        # An answer of the server takes three calls' time.
        world.ask(process)
        if step % 3 == 0:
            world.serve(process)
            world.tell(process)
    assert waited < 10


def test_slices_that_were_not_needed_are_given_back() -> None:
    world = World(MINUTE, (0.0,))
    (process,) = world.processes
    world.call(process, 5)
    world.lease(process)
    assert used_of(world.ledger, MINUTE, world.time) == 1
    due = process.quotas.next_due(world.time)
    assert due is not None
    world.time = due
    world.lease(process)
    assert used_of(world.ledger, MINUTE, world.time) == 0


def test_a_process_that_stops_gives_back_what_it_holds_and_one_that_is_killed_wastes_its_slice_alone() -> None:
    world = World(Limit("listings", 100, 60, costs={Operation.CREATE: Cost(0, 1)}), (0.0, 0.0))
    for process in world.processes:
        world.call(process, 20)
        world.lease(process)
    assert world.call(world.processes[0], 5) == 5
    world.stop(world.processes[0])
    assert used_of(world.ledger, world.limit, world.time) == 5 + 17
    world.crash(world.processes[1])
    world.time += 1
    assert used_of(world.ledger, world.limit, world.time) == 5 + 17


def test_urgent_calls_go_on_where_ordinary_ones_have_used_up_their_share() -> None:
    world = World(Limit("calls", 20, 60, reserve=0.2), (0.0, 0.0))
    greedy, other = world.processes
    while world.processes[0].quotas.dry_for(ACCOUNT, world.time, urgent=False) == 0:
        world.call(greedy, 1)
        world.lease(greedy)
    assert len(world.arrivals) == 16
    world.call(other, 1, urgent=True)
    world.lease(other)
    assert world.call(other, 1, urgent=True) == 1
    assert world.call(other, 1) == 0
    assert other.quotas.dry_for(ACCOUNT, world.time, urgent=True) == 0


def test_a_quota_that_is_used_up_says_for_how_long_and_how_long_calls_waited() -> None:
    world = World(Limit("calls", 1, 60), (0.0,))
    (process,) = world.processes
    world.call(process, 1)
    world.lease(process)
    assert world.call(process, 1) == 1
    assert world.call(process, 1) == 0
    world.lease(process)
    dry = process.quotas.dry_for(ACCOUNT, world.time, urgent=False)
    assert dry == 60 + 6 + 5
    for _ in range(int(dry)):
        world.time += 1
        world.lease(process)
    assert world.call(process, 1) == 1
    (figures,) = process.quotas.figures()
    assert (figures.used, figures.left, figures.waited) == (1, 0, dry)


def test_a_refusal_makes_every_process_slow_down_and_is_told_although_mongodb_was_away() -> None:
    world = World(MINUTE, (0.0, 0.0))
    refused, other = world.processes
    world.call(refused, 1)
    world.lease(refused)
    world.call(refused, 1)
    world.refuse(refused, delay=30)
    assert world.call(refused, 1) == 0
    world.ask(refused)
    world.lose(refused)
    assert refused.quotas.away
    assert refused.quotas.to_lease(world.time) is None
    due = refused.quotas.next_due(world.time)
    assert due is not None
    world.time = due
    world.lease(refused)
    assert not refused.quotas.away
    world.call(other, 1)
    world.lease(other)
    assert other.quotas.dry_for(ACCOUNT, world.time, urgent=False) == 30


def test_while_mongodb_is_away_what_is_leased_may_be_used_and_then_calls_wait() -> None:
    world = World(Limit("listings", 100, 60, costs={Operation.CREATE: Cost(0, 1)}), (0.0,))
    (process,) = world.processes
    world.call(process, 8)
    world.lease(process)
    assert world.call(process, 4) == 4
    for _ in range(5):
        world.call(process, 9)
        world.ask(process)
        world.lose(process)
        world.time += 2
    assert sum(units for _, units in world.arrivals) == 8
    assert process.quotas.away
    world.lease(process)
    assert world.call(process, 9) > 0


def test_limits_of_an_application_and_of_an_address_are_shared() -> None:
    limits = [
        Limit("api", 10, DAY, Scope.APPLICATION, "app-1"),
        Limit("pace", 10, 1),
        Limit("requests", 10, 1, Scope.EGRESS),
    ]
    keys = [quota.key for quota in quotas_of("acme", ACCOUNT, limits, "10.0.0.1")]
    assert keys == [
        "acme/application/app-1/api",
        "acme/account/shop/default/pace",
        "acme/egress/10.0.0.1/requests",
    ]
