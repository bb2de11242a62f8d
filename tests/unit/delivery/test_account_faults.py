from __future__ import annotations

import pytest

from adapters.errors import AdapterError, AuthenticationError, ConfigurationError, RejectedListingError
from adapters.model import Outcome
from consumer.delivery.account_faults import blamed

SETTING = ConfigurationError("25007 The fulfillment policy does not ship this", code="25007", status=400)


def test_a_setting_refused_for_one_while_others_are_taken_is_that_listings_problem() -> None:
    good, bad = blamed([Outcome("P-1"), Outcome("P-2", SETTING)])
    assert good == Outcome("P-1")
    assert isinstance(bad.error, RejectedListingError)
    assert "fulfillment policy" in str(bad.error)
    assert (bad.error.code, bad.error.status) == ("25007", 400)


@pytest.mark.parametrize(
    "errors", [[SETTING, SETTING], [SETTING, RejectedListingError("no")], [AuthenticationError("dead"), None]]
)
def test_nothing_else_is_blamed_on_a_listing(errors: list[AdapterError | None]) -> None:
    assert [outcome.error for outcome in blamed([Outcome(str(n), e) for n, e in enumerate(errors)])] == errors
