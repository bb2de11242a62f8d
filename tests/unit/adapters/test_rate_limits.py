"""What a call uses of a limit."""

from __future__ import annotations

import pytest

from adapters.rate_limits import Cost


@pytest.mark.parametrize(("listings", "units"), [(1, 1), (20, 1), (21, 2), (100, 5)])
def test_listings_that_travel_together_cost_one_request_for_each_begun_group(listings: int, units: int) -> None:
    assert Cost(call=0, listing=1, group=20).of(listings) == units


@pytest.mark.parametrize(("units", "fits"), [(0, 0), (1, 20), (2, 40), (9, 100)])
def test_as_many_fit_as_the_units_have_requests_for(units: int, fits: int) -> None:
    cost = Cost(call=0, listing=1, group=20)
    assert cost.fits(units, 100) == fits
    assert fits == 0 or cost.of(fits) <= units
