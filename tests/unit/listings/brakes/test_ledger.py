"""What the brakes count: exact to the last listing, closed until somebody decides."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from consumer.listings.brakes.ledger import Answer, Ask, Ledger, answered, counted, decided
from consumer.listings.brakes.model import Brake, Brakes

BRAKES = Brakes.model_validate(
    {
        "window": 100,
        "mass_zero_stock": {"least": 5, "percent": 10},
        "mass_delisting": {"least": 5, "percent": 10},
        "count_drop": {"least": 2, "percent": 20, "days": 1},
        "creates_per_hour": 3,
    }
)
ZERO, GONE, DROP, CREATES = (
    Brake.MASS_ZERO_STOCK,
    Brake.MASS_DELISTING,
    Brake.COUNT_DROP,
    Brake.CREATES_PER_HOUR,
)


class Account:
    """An account that shows so many listings, and its ledger."""

    def __init__(self, shown: int) -> None:
        self.ledger = counted(Ledger(), shown, BRAKES, 0)

    def ask(self, now: float, **counts: int) -> Answer:
        wanted: Mapping[Brake, int] = {Brake(name): count for name, count in counts.items()}
        self.ledger, answer = answered(Ask(BRAKES, wanted), self.ledger, now)
        return answer

    def zeros(self, now: float, count: int) -> int:
        return self.ask(now, mass_zero_stock=count).passes[ZERO]


def test_the_greater_of_number_and_share_passes_exactly() -> None:
    small, large = Account(20), Account(200)
    assert [small.zeros(0, 1) for _ in range(7)] == [1, 1, 1, 1, 1, 0, 0]
    assert [large.zeros(0, 15), large.zeros(1, 15)] == [15, 5]


def test_a_window_that_was_not_used_up_begins_anew() -> None:
    account = Account(0)
    assert account.zeros(0, 5) == 5
    assert account.zeros(99.9, 0) == 0
    assert account.zeros(100, 5) == 5


def test_a_closed_brake_does_not_let_an_accident_drip_through() -> None:
    account = Account(0)
    first = account.ask(0, mass_zero_stock=6)
    assert first.passes[ZERO] == 5
    assert first.closed == {ZERO}
    later = account.ask(1000, mass_zero_stock=6)
    assert later.passes[ZERO] == 0
    assert later.closed == frozenset(), "it is told once"


def test_a_release_counts_anew_and_a_drop_does_not() -> None:
    released, dropped = Account(0), Account(0)
    for account in (released, dropped):
        account.zeros(0, 8)
    released.ledger = decided(released.ledger, ZERO, released=3)
    dropped.ledger = decided(dropped.ledger, ZERO, released=None)
    assert released.zeros(1, 8) == 5
    assert dropped.zeros(1, 8) == 0
    dropped.ledger = decided(dropped.ledger, ZERO, released=None)
    assert dropped.zeros(101, 8) == 5, "but its window ends"


def test_a_looser_brake_opens_by_itself() -> None:
    account = Account(0)
    account.zeros(0, 8)
    looser = BRAKES.model_copy(update={"mass_zero_stock": BRAKES.mass_delisting.model_copy(update={"least": 20})})  # type: ignore[union-attr]  # it is on
    ledger, answer = answered(Ask(looser, {ZERO: 3}), account.ledger, 1)
    assert answer.passes[ZERO] == 3
    assert ledger.tallies[ZERO].closed is None


def test_withdrawals_need_the_leave_of_both_brakes() -> None:
    account = Account(100)
    both = {"mass_delisting": 8, "count_drop": 8}
    assert account.ask(0, **both).passes == {GONE: 8, DROP: 8}
    account.ledger = counted(account.ledger, 92, BRAKES, 50)
    assert account.ask(101, **both).passes == {GONE: 8, DROP: 8}
    account.ledger = counted(account.ledger, 84, BRAKES, 150)
    last = account.ask(202, **both)
    assert last.passes == {GONE: 4, DROP: 4}, "20 of the 100 it showed at most"
    assert last.closed == {DROP}


def test_between_two_counts_what_passed_is_gone() -> None:
    account = Account(20)
    assert account.ask(0, count_drop=3).passes[DROP] == 3
    assert account.ask(1, count_drop=3).passes[DROP] == 1


def test_what_a_person_released_is_no_drop() -> None:
    account = Account(100)
    account.ask(0, count_drop=50)
    account.ledger = decided(account.ledger, DROP, released=30)
    account.ledger = counted(account.ledger, 50, BRAKES, 10)
    assert account.ask(11, count_drop=1).passes[DROP] == 1


def test_the_most_it_showed_is_forgotten_after_its_days() -> None:
    account = Account(100)
    account.ledger = counted(account.ledger, 50, BRAKES, 10)
    assert account.ask(11, count_drop=1).passes[DROP] == 0
    account.ledger = counted(account.ledger, 50, BRAKES, 86_401)
    assert account.ask(86_402, count_drop=1).passes[DROP] == 1


def test_a_cap_lets_as_many_pass_in_every_hour_and_says_when() -> None:
    account = Account(0)
    first = account.ask(0, creates_per_hour=10)
    assert first.passes[CREATES] == 3
    assert first.closed == frozenset()
    assert account.ask(10, creates_per_hour=10).until == 3600
    assert account.ask(3600, creates_per_hour=10).passes[CREATES] == 3


@given(st.lists(st.tuples(st.floats(0, 99), st.integers(0, 20)), max_size=30), st.integers(0, 500))
def test_no_more_than_the_limit_ever_passes_in_a_window(asks: list[tuple[float, int]], shown: int) -> None:
    account = Account(shown)
    passed = sum(account.zeros(now, count) for now, count in sorted(asks))
    limit = max(5, shown // 10)
    assert passed == min(limit, sum(count for _, count in asks))
