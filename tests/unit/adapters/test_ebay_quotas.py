from __future__ import annotations

from adapters.ebay.quotas import limits_of
from adapters.model import Operation
from adapters.rate_limits import DAY, Scope


def test_all_sellers_of_an_application_share_its_daily_calls_and_some_are_left_for_what_is_not_counted() -> None:
    (inventory,) = limits_of("app-1")
    assert (inventory.scope, inventory.owner, inventory.period) == (Scope.APPLICATION, "app-1", DAY)
    assert inventory.amount < 2_000_000


def test_bulk_calls_cost_the_same_for_25_listings_and_what_has_no_bulk_form_costs_one_each() -> None:
    (inventory,) = limits_of("app-1")
    costs = {operation: cost.of(25) for operation, cost in inventory.costs.items()}
    assert costs == {
        Operation.CREATE: 3,
        Operation.REVISE_CONTENT: 27,
        Operation.REVISE_OFFER: 1,
        Operation.REVISE_STOCK: 1,
        Operation.WITHDRAW: 25,
    }
