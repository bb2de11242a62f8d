"""The demo from beginning to end: snapshot, buyers, changes while everything runs, and the question whether all is
equal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from consumer.demo.buyers import book, go_shopping, orders_of
from consumer.demo.changes import Shopkeeper
from consumer.demo.comparison import Verdict, differences, wanted
from consumer.demo.figures import Buckets, Figures, read_figures, since
from consumer.demo.screen import Screen
from consumer.demo.shops import Shop
from consumer.demo.stage import Stage
from consumer.errors import MarketsyncError, UnavailableError

_LOOK = 0.25
_SNAPSHOT_DEADLINE = 90
_SETTLE_DEADLINE = 60


class DemoError(MarketsyncError):
    """The demo could not go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much happens. writes: how many changes; duration: seconds they are spread over; seed: which ones.

    buyers: how many order something first. stay: go on serving afterwards.
    """

    writes: int = 1500
    duration: float = 20
    seed: int = 1
    stay: bool = False
    buyers: int = 40


@dataclass(slots=True)
class Play:
    """One performance on a stage."""

    stage: Stage
    screen: Screen
    plan: Plan
    _phase: str = ""
    _keeper: Shopkeeper | None = None
    _before_changes: Buckets | None = None
    _curtain: Event = field(default_factory=Event)

    async def perform(self) -> None:
        """Play until the channel has come to rest. Raises DemoError when the service does not get going."""
        watching = asyncio.create_task(self._watch())
        try:
            await self._snapshot()
            await self._sell()
            await self._change()
            await self._settle()
        finally:
            self._curtain.set()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _snapshot(self) -> None:
        count = len(self.stage.catalogue)
        waiting = {shop.name: shop for shop in self.stage.shops}
        self._phase = f"Snapshot: {count} products on their way to {len(waiting)} accounts"
        started = time.monotonic()

        def all_there() -> bool:
            for name in [name for name, shop in waiting.items() if self._equal(shop)]:
                del waiting[name]
                seconds = time.monotonic() - started
                self.screen.say(f"✓ snapshot: {count} products live on {name} after {seconds:.1f} s")
            return not waiting

        if not await self._until(all_there, _SNAPSHOT_DEADLINE):
            raise DemoError(f"the {count} products did not reach {', '.join(waiting)}, see {self.stage.log}")

    async def _sell(self) -> None:
        stage = self.stage
        self._phase = f"Buyers: {self.plan.buyers} orders on {len(stage.shops)} accounts"
        products = await asyncio.to_thread(lambda: list(stage.products.find({"isCurrent": True})))
        bought = await asyncio.to_thread(go_shopping, stage.shops, products, self.plan.buyers, self.plan.seed)
        started = time.monotonic()
        sold = await orders_of(stage.shops)
        if sold != bought:
            raise DemoError(f"{bought.total()} pieces were bought, the channels' orders have {sold.total()}")
        seconds = time.monotonic() - started
        found = f"{len(sold)} of {self.plan.buyers} buyers found it on sale"
        self.screen.say(f"✓ {found}; their orders are read from the channels {seconds:.1f} s later")
        await asyncio.to_thread(book, stage.products, sold)
        booked = time.monotonic()
        if not await self._until(lambda: all(map(self._equal, stage.shops)), _SETTLE_DEADLINE):
            raise DemoError(f"the stock did not follow {len(sold)} orders, see {stage.log}")
        seconds = time.monotonic() - booked
        self.screen.say(
            f"✓ stock: {sold.total()} pieces gone from all {len(stage.shops)} accounts {seconds:.1f} s later"
        )

    async def _change(self) -> None:
        self._before_changes = (await asyncio.to_thread(self._figures)).latency
        self._keeper = Shopkeeper(self.stage.products, self.stage.catalogue, self.plan.seed)
        self._phase = f"Changes: {self.plan.writes} writes to the PIM in {self.plan.duration:.0f} s"
        started = time.monotonic()
        await asyncio.to_thread(self._write, self._keeper)
        seconds = time.monotonic() - started
        made = ", ".join(f"{count} × {kind}" for kind, count in sorted(self._keeper.made.items()))
        self.screen.say(f"✓ {self._keeper.made.total()} changes in {seconds:.1f} s: {made}")

    async def _settle(self) -> None:
        self._phase = "The PIM has come to rest; the last changes reach the channels"
        started = time.monotonic()
        await self._until(self._at_rest, _SETTLE_DEADLINE)
        self.screen.say(f"✓ at rest: nothing left to send {time.monotonic() - started:.1f} s after the last write")

    def _write(self, keeper: Shopkeeper) -> None:
        started = time.monotonic()
        for number in range(self.plan.writes):
            due = started + self.plan.duration * number / self.plan.writes
            if self._curtain.wait(max(0.0, due - time.monotonic())):
                return
            keeper.change()

    async def _until(self, condition: Callable[[], bool], deadline: float) -> bool:
        end = time.monotonic() + deadline
        while not await asyncio.to_thread(condition):
            if time.monotonic() > end:
                return False
            await asyncio.sleep(_LOOK)
        return True

    def _equal(self, shop: Shop) -> bool:
        try:
            return not verdict_of(self.stage, shop).different
        except UnavailableError:  # the stand-in is still starting
            return False

    def _at_rest(self) -> bool:
        """Equal, and every outcome is stored."""
        return all(map(self._equal, self.stage.shops)) and not self._figures().listings.get("waiting")

    async def _watch(self) -> None:
        while True:
            figures = await asyncio.to_thread(self._figures)
            latency = {} if self._before_changes is None else since(figures.latency, self._before_changes)
            self.screen.show(self._phase, figures, latency=latency, writes=self._keeper.made if self._keeper else {})
            await asyncio.sleep(_LOOK)

    def _figures(self) -> Figures:
        figures = read_figures([part.metrics_url for part in self.stage.parts], self.stage.listings)
        for call in self.stage.arrivals.since_last():
            self.screen.call(call)
        return figures


def compare(stage: Stage) -> list[Verdict]:
    """What the PIM wants of each account, what its buyers see, and where they differ, read now."""
    return [verdict_of(stage, shop) for shop in stage.shops]


def verdict_of(stage: Stage, shop: Shop) -> Verdict:
    """Of one account. Raises UnavailableError."""
    pim = wanted(stage.products.find({}), shop.factor, titles=shop.titles)
    channel = shop.window.shown()
    return Verdict(shop.name, pim, channel, tuple(differences(pim, channel)))
