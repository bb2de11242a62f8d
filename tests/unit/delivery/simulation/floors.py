"""The floors of the simulation's accounts, as MongoDB keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from consumer.delivery.work import AccountKey
from consumer.events import Sequence
from tests.unit.delivery.simulation.servers import Store


class FloorsInMemory:
    """Keeps `consumer.delivery.floors.FloorBook`; fails as the listing store does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._floors: dict[AccountKey, dict[int, Sequence]] = {}

    async def raise_to(self, account: AccountKey, partition: int, sequence: Sequence) -> None:
        def effect() -> None:
            known = self._floors.setdefault(account, {})
            known[partition] = max(sequence, known.get(partition, Sequence("")))

        await self._store.ask(effect)

    async def floors(self, accounts: Collection[AccountKey]) -> Mapping[AccountKey, Mapping[int, Sequence]]:
        asked = list(accounts)
        found: Mapping[AccountKey, Mapping[int, Sequence]] = await self._store.ask(
            lambda: {one: dict(self._floors[one]) for one in asked if one in self._floors}
        )
        return found

    def of(self, account: AccountKey, partition: int) -> Sequence:
        """What is stored now."""
        return self._floors.get(account, {}).get(partition, Sequence(""))
