"""The brakes' counts without MongoDB: the contract of `consumer.listings.brakes.store.BrakeStore`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from consumer.listings.brakes.ledger import Answer, Ask, Ledger, answered, counted
from consumer.listings.brakes.store import Place


class LedgersInMemory:
    """shown: how many listings an account shows. asked: how often somebody looked."""

    def __init__(self, shown: Callable[[Place], int] = lambda _place: 0) -> None:
        self.ledgers: dict[Place, Ledger] = {}
        self.asked = 0
        self._shown = shown

    async def ask(self, asks: Mapping[Place, Ask], now: float) -> Mapping[Place, Answer]:
        self.asked += 1
        return self.answer(asks, now)

    def answer(self, asks: Mapping[Place, Ask], now: float) -> Mapping[Place, Answer]:
        answers = {}
        for place, ask in asks.items():
            ledger = self.ledgers.get(place, Ledger())
            if ledger.shown is None:
                ledger = counted(ledger, self._shown(place), ask.brakes, now)
            self.ledgers[place], answers[place] = answered(ask, ledger, now)
        return answers
