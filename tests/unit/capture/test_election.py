"""Never two leaders by lease, whatever messages, clocks and processes do; and always one again when they behave."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.capture.election import Acquire, Candidate, Look, Renew, Timing, Wait
from consumer.mongo.lease import Lease, Process
from tests.unit.capture.lease_world import DURATION, World

OTHER = Process("other", "other")


@pytest.mark.timeout(60)
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**48),
    nodes=st.integers(1, 4),
    trouble=st.sampled_from((0.0, 0.01, 0.03, 0.08)),
)
def test_no_schedule_makes_two_leaders(seed: int, nodes: int, trouble: float) -> None:
    world = World(seed, nodes, trouble=trouble)
    world.run(until=70)
    world.trouble = 0.0
    world.run(until=world.now + 30)
    assert len(world.leaders(world.now)) == 1, "nobody leads although all behave again"


def test_the_schedules_are_not_all_quiet() -> None:
    """The property above would also hold in a world where nothing ever happens."""
    world = World(7, 3, trouble=0.03)
    world.run(until=600)
    assert len(world.leaders_seen) > 5
    assert len(world.terms) > 10


def test_a_quiet_leader_stays() -> None:
    world = World(1, 3, trouble=0.0)
    world.run(until=60)
    assert len(world.leaders_seen) == 1
    assert world.terms == {1}


@pytest.fixture
def candidate() -> Candidate:
    return Candidate("me", Timing(DURATION))


def test_the_first_takes_a_lease_that_nobody_had(candidate: Candidate) -> None:
    assert candidate.decide(10) == Look()
    candidate.saw(None, now=10)
    assert candidate.decide(10) == Acquire(None)
    candidate.acquired(sent=10)
    assert candidate.leads(10.1)
    assert candidate.decide(10.5) == Wait(0.5)
    assert candidate.decide(11) == Renew(1)


def test_another_ones_lease_is_taken_after_its_duration_of_silence_only(candidate: Candidate) -> None:
    lease = Lease(OTHER, 3, 7, 20.0)
    candidate.saw(lease, now=0)
    candidate.saw(lease, now=19.9)
    assert candidate.decide(30) == Look(), "time alone takes no lease: the answer may have changed"
    candidate.saw(lease, now=30)
    assert candidate.decide(30) == Acquire(lease)
    candidate.refused(now=30)
    candidate.saw(Lease(OTHER, 3, 8, 20.0), now=30)
    assert isinstance(candidate.decide(30), Wait)


@pytest.mark.parametrize("lease", [Lease(None, 3, 8, 20.0), Lease(OTHER, 3, 7, 20.0)])
def test_a_lease_given_back_or_of_a_dead_holder_is_taken_at_once(candidate: Candidate, lease: Lease) -> None:
    candidate.saw(lease, now=0, gone=lease.holder is not None)
    assert candidate.decide(0) == Acquire(lease)
    candidate.acquired(sent=0)
    assert candidate.term == 4


def test_without_renewals_it_stops_to_lead_before_others_may_begin_and_goes_on_after_one(candidate: Candidate) -> None:
    candidate.saw(None, now=0)
    candidate.acquired(sent=0)
    candidate.failed(now=2)
    assert candidate.leads(3.4)
    assert not candidate.leads(3.6)
    assert candidate.term == 1, "it still holds the lease as far as it knows"
    candidate.renewed(1, sent=8)
    assert candidate.leads(8)


def test_an_attempt_whose_answer_was_lost_counts_only_after_a_renewal(candidate: Candidate) -> None:
    candidate.saw(None, now=0)
    candidate.failed(now=1)
    candidate.saw(Lease(Process("me", "me"), 1, 0, DURATION), now=2)
    assert not candidate.leads(2)
    assert candidate.decide(2) == Renew(1)
    candidate.renewed(1, sent=2)
    assert candidate.leads(2)


def test_a_term_that_was_given_up_never_comes_back(candidate: Candidate) -> None:
    """Its release may still be under way, and would let another one in at once."""
    candidate.saw(None, now=0)
    candidate.acquired(sent=0)
    candidate.step_down(until=0)
    mine = Lease(Process("me", "me"), 1, 0, DURATION)
    candidate.saw(mine, now=1)
    assert candidate.decide(1) == Acquire(mine)
    candidate.acquired(sent=1)
    assert candidate.term == 2


def test_who_steps_down_leads_no_more_and_rests(candidate: Candidate) -> None:
    candidate.saw(None, now=0)
    candidate.acquired(sent=0)
    candidate.step_down(until=3)
    assert not candidate.leads(0)
    assert candidate.decide(1) == Wait(2)
    candidate.renewed(1, sent=1)
    assert not candidate.leads(1), "an answer to what was asked before"
