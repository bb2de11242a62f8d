"""One account on the simulated channel: a channel in memory behind a network that is slow, lossy and late."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.base import AnswersAtOnce
from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    RateLimitedError,
    RejectedListingError,
    TemporaryError,
)
from adapters.memory import MemoryAdapter
from adapters.model import ChannelListing, Command, Listing, ListingPage, Outcome, Problem, Rendered
from adapters.rate_limits import Limit
from tests.unit.delivery.making import CHANNEL
from tests.unit.delivery.simulation.engine import Clock, Request
from tests.unit.delivery.simulation.jobs import Jobs
from tests.unit.delivery.simulation.schedule import REFUSED

# Seconds a call to an account with quotas is under way; longer ones no quota can foresee.
_QUICK = 0.3


@dataclass(frozen=True, slots=True)
class Mood:
    """For a while, every command goes wrong in the same way with some probability."""

    kind: str
    often: float
    until: float


class Channel(AnswersAtOnce):
    """Keeps `adapters.base.Adapter`. down_until: it answers nobody. dead_until: the credential is refused.

    spoiled: SKUs that always go wrong, and how. landing: told of the commands of each call that reaches the channel.
    """

    def __init__(self, clock: Clock, rng: random.Random, batch_size: int, limits: Sequence[Limit]) -> None:
        self.memory = MemoryAdapter(CHANNEL, batch_size, limits=limits)
        self.down_until = 0.0
        self.dead_until = 0.0
        self.moods: list[Mood] = []
        self.spoiled: dict[str, str] = {}
        self.landing: Callable[[], None] = lambda: None
        self.jobs = Jobs(clock, rng)
        self._clock = clock
        self._rng = rng

    @property
    def channel(self) -> str:
        return CHANNEL

    @property
    def batch_size(self) -> int:
        return self.memory.batch_size

    @property
    def limits(self) -> Sequence[Limit]:
        return self.memory.limits

    async def close(self) -> None:
        await self.memory.close()

    async def test_connection(self) -> None:
        await Request(self._answer_to_a_question, 0.05, 0.05)

    def fit(self, listing: Listing) -> Listing:
        return self.memory.fit(listing)

    def validate(self, listing: Listing) -> list[Problem]:
        return self.memory.validate(listing)

    def render(self, listing: Listing) -> Rendered:
        return self.memory.render(listing)

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        return await self.memory.read_back(skus)

    async def list_listings(self, page: str = "") -> ListingPage:
        return await self.memory.list_listings(page)

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        landing = self.landing  # of the call that begins now
        rng = self._rng
        there = rng.choice((0.02, 0.1, 0.1, 0.3, 1.5))
        silent = self._silent(commands)
        back = 5.0 if silent else rng.choice((0.01, 0.05, 0.3))
        if self._moody("slow"):
            there += rng.choice((0.5, 3.0))
        if self.limits:
            there = min(there, _QUICK)

        def do() -> list[Outcome]:
            landing()
            return self._do(commands, silent=silent)

        def effect() -> list[Outcome]:
            taken = not silent and not self.limits and self._moody("taken")
            return self.jobs.take(commands, do) if taken else do()

        outcomes: list[Outcome] = await Request(effect, there, back)
        return outcomes

    async def follow(self, ticket: str) -> Mapping[str, Outcome] | None:
        def answer() -> Mapping[str, Outcome] | None:
            self._answer_to_a_question()
            return self.jobs.follow(ticket)

        outcomes: Mapping[str, Outcome] | None = await Request(answer, 0.05, 0.05)
        return outcomes

    def _do(self, commands: Sequence[Command], *, silent: bool) -> list[Outcome]:
        faults = self.memory.faults
        if silent:
            faults.fail_account(ChannelUnavailableError("no answer", effect_unknown=self._rng.random() < 0.3))
        elif self._clock.now < self.dead_until:
            faults.fail_account(AuthenticationError("token revoked"))
        elif self._moody("throttled"):
            faults.fail_account(RateLimitedError("slow down", delay=self._rng.choice((None, 1.0, 6.0, 15.0))))
        for command in commands:
            self._spoil(command)
        try:
            return _result(self.memory, commands)
        finally:
            faults.skus.clear()
            faults.lost.clear()
            faults.crashes.clear()
            faults.account.clear()

    def _spoil(self, command: Command) -> None:
        faults, always = self.memory.faults, self.spoiled.get(command.sku)
        if command.listing is not None and REFUSED in command.listing.title:
            faults.fail(command.sku, RejectedListingError("not like this"))
        elif always == "bug" or self._moody("bug"):
            faults.crash(command.sku, RuntimeError("a bug"))
        elif always == "busy":
            faults.fail(command.sku, TemporaryError("somebody edits this listing"))
        elif self._moody("busy"):
            faults.fail(command.sku, self._temporary())
        elif self._moody("lost"):
            faults.lose_answer(command.sku)

    def _temporary(self) -> AdapterError:
        delay = self._rng.choice((None, None, 1.5, 7.0))
        return ChannelUnavailableError("out of order", delay=delay, effect_unknown=self._rng.random() < 0.3)

    def _silent(self, commands: Sequence[Command]) -> bool:
        return (
            self._clock.now < self.down_until
            or self._moody("silent")
            or any(self.spoiled.get(command.sku) == "silent" for command in commands)
        )

    def _moody(self, kind: str) -> bool:
        return any(
            mood.kind == kind and self._clock.now < mood.until and self._rng.random() < mood.often
            for mood in self.moods
        )

    def _answer_to_a_question(self) -> None:
        if self._clock.now < self.down_until:
            raise ChannelUnavailableError("no answer")
        if self._clock.now < self.dead_until:
            raise AuthenticationError("token revoked")


def _result(memory: MemoryAdapter, commands: Sequence[Command]) -> list[Outcome]:
    """What the channel answers at once; it never has to wait."""
    coroutine = memory.apply(commands)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        outcomes: list[Outcome] = stop.value
        return outcomes
    raise RuntimeError("the channel in memory waits")
