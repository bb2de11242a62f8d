"""Problems are told once, with how many listings have them."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.model import Problem
from consumer.bootstrap.overview import group_problems
from consumer.events import change_sequence
from consumer.listings.state import ListingState, Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NO_PRICE = Problem("price", "missing", "the PIM has no price", "Fill it.")
NO_IMAGE = Problem("images", "missing", "there is no image", "Add one.")


def make_state(code: str, status: Status, *problems: Problem, error: str | None = None) -> ListingState:
    return ListingState(
        id=f"ebay/default/acme/{code}",
        revision=1,
        planned_sequence=change_sequence(1, 1, 0),
        status=status,
        created_at=NOW,
        updated_at=NOW,
        problems=problems,
        error=error,
    )


def test_the_most_frequent_problem_comes_first_with_three_examples() -> None:
    states = [make_state(f"P-{number}", Status.INVALID, NO_PRICE) for number in range(5)]
    states.append(make_state("BOTH", Status.INVALID, NO_PRICE, NO_IMAGE))
    first, second = group_problems(states)
    assert (first.count, first.message, first.cure) == (6, "price: the PIM has no price", "Fill it.")
    assert first.examples == tuple(f"ebay/default/acme/P-{number}" for number in range(3))
    assert (second.count, second.message, second.channel) == (1, "images: there is no image", "ebay")


def test_states_are_not_mixed_and_an_error_without_problems_is_told() -> None:
    groups = group_problems(
        [
            make_state("A", Status.REFUSED, error="eBay: 25019 not allowed"),
            make_state("B", Status.DEAD_LETTER, error="eBay: 25019 not allowed"),
        ]
    )
    assert [(group.status, group.message) for group in groups] == [
        (Status.REFUSED, "eBay: 25019 not allowed"),
        (Status.DEAD_LETTER, "eBay: 25019 not allowed"),
    ]
