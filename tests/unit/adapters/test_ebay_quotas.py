from __future__ import annotations

from adapters.ebay.quotas import limits_of
from adapters.model import Operation
from adapters.rate_limits import DAY, Scope


def test_all_sellers_of_an_application_share_its_daily_calls_and_some_are_left_for_what_is_not_counted() -> None:
    inventory, _ = limits_of("app-1")
    assert (inventory.scope, inventory.owner, inventory.period) == (Scope.APPLICATION, "app-1", DAY)
    assert inventory.amount < 2_000_000


def test_bulk_calls_cost_the_same_for_25_listings_and_what_has_no_bulk_form_costs_one_each() -> None:
    inventory, _ = limits_of("app-1")
    costs = {operation: cost.of(25) for operation, cost in inventory.costs.items()}
    assert costs == {
        Operation.CREATE: 3,
        Operation.REVISE_CONTENT: 27,
        Operation.REVISE_OFFER: 1,
        Operation.REVISE_STOCK: 1,
        Operation.WITHDRAW: 25,
    }


def test_uploads_of_pictures_are_counted_where_the_account_wants_them() -> None:
    assert [limit.name for limit in limits_of("app-1")] == ["inventory", "revisions"]
    uploads = limits_of("app-1", uploads=True)[-1]
    assert (uploads.name, uploads.amount, uploads.period, uploads.scope) == ("uploads", 50, 5, Scope.ACCOUNT)
    assert Operation.REVISE_STOCK not in uploads.costs
    assert Operation.WITHDRAW not in uploads.costs


def test_a_withdrawal_is_no_revision_and_the_day_of_revisions_is_californias() -> None:
    _, revisions = limits_of("app-1")
    assert (revisions.scope, revisions.amount) == (Scope.LISTING, 250)
    assert Operation.WITHDRAW not in revisions.costs
    assert str(revisions.resets.tzinfo if revisions.resets else None) == "America/Los_Angeles"
