"""Ghosts on a real MongoDB, with a channel in memory: what is taken down, and what protects a whole catalogue."""

from __future__ import annotations

import pytest

from adapters.model import Outcome
from consumer.control.ghosts import Exorcist
from tests.integration.control.test_stock_taking import Place, pim, place

__all__ = ["pim", "place"]


@pytest.mark.usefixtures("pim")
async def test_only_what_no_product_stands_behind_is_taken_down(place: Place) -> None:
    for sku in ("P-1", "P-3", "stranger", "P-5"):
        await place.offer(sku)
    await place.adopt()
    exorcist = Exorcist(place.taking)
    ghosts = await exorcist.look(place.catalogue)
    assert (ghosts.live, ghosts.ours) == (4, 2)
    assert [one.sku for one in ghosts.found] == ["P-3", "stranger"]
    assert ghosts.objection(2) == ""
    told: list[Outcome] = []
    await exorcist.take_down(ghosts, told.extend)
    assert [(outcome.sku, outcome.error) for outcome in told] == [("P-3", None), ("stranger", None)]
    assert {sku for sku, one in place.adapter.listings.items() if one.live} == {"P-1", "P-5"}
    assert (await exorcist.look(place.catalogue)).found == []


@pytest.mark.usefixtures("pim")
async def test_a_ghost_that_became_ours_meanwhile_is_left_alone(place: Place) -> None:
    await place.offer("P-1")
    await place.offer("P-5")
    exorcist = Exorcist(place.taking)
    ghosts = await exorcist.look(place.catalogue)
    ghosts.found = [place.adapter.listings["P-1"]]
    await place.adopt()
    told: list[Outcome] = []
    await exorcist.take_down(ghosts, told.extend)
    assert told == []
    assert place.adapter.listings["P-1"].live


async def test_an_empty_selection_and_more_than_a_person_counted_stop_everything(place: Place) -> None:
    for sku in ("A-1", "A-2"):
        await place.offer(sku)
    ghosts = await Exorcist(place.taking).look(place.catalogue)
    assert len(ghosts.found) == 2
    assert "selection may be empty" in ghosts.objection(2)
    ghosts.ours = 1
    assert "2 ghosts, and 1 were allowed" in ghosts.objection(1)
    assert ghosts.objection(2) == ""
