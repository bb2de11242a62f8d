"""A channel that takes fewer calls than it says: three processes slow down together, and nothing is given up."""

from __future__ import annotations

from tests.integration.delivery.processes import Fleet
from tests.unit.delivery.making import make_event

_PRODUCTS = 150


async def test_refusals_shrink_the_quota_for_all_processes_and_everything_arrives(fleet: Fleet) -> None:
    fleet.batch_size = 1
    fleet.limits = [{"name": "rate", "amount": 60, "period": 1, "reserve": 0}]
    fleet.journal.limit = (15, 1)
    await fleet.start_all("a", "b", "c")
    await fleet.line.publish(*(make_event(f"P-{n}", n) for n in range(1, _PRODUCTS + 1)))
    paces: list[float] = []

    async def all_arrived() -> bool:
        paces.extend(standing.pace for standing in await fleet.line.quotas.standings())
        return len(fleet.journal.newest()) == _PRODUCTS

    await fleet.until(all_arrived, 90)
    await fleet.line.settles(40)
    assert fleet.journal.refused > 0
    assert min(paces) <= 0.5
    assert fleet.journal.refused < _PRODUCTS, "what was refused is not called on and on"
    assert sum(fleet.metric(replica, "marketsync_delivery_dead_letters_total") for replica in ("a", "b", "c")) == 0
