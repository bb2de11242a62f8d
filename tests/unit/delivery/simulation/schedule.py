"""Schedules: what happens to delivery from outside, and when. A seed makes one; parts of it can be left out.

All randomness of a schedule that decides *what* happens is drawn here, once, so that leaving steps out (`shrinking`)
leaves the others as they are.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from consumer.events import Operation

# Faults begin and end before this, so that everything can become quiet afterwards.
FAULTS_END = 30.0
# Seconds.
QUOTA_PERIOD = 5.0
ACCOUNTS = ("shop/default", "shop/outlet")
REFUSED = "rifiutato"
SAME = "Trapano sempre uguale"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at `at` (seconds): the name of a method of `World`, and its arguments."""

    at: float
    name: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.at:6.2f} s  {self.name}({', '.join(map(repr, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Schedule:
    """processes: how many there are at first. batch: commands per call. flood: far more products than usual.

    quota: calls that the first account is allowed in `QUOTA_PERIOD`, 0 = any number. letters: so many dead
    letters of an account are no flood yet.
    """

    seed: int
    processes: int
    batch: int
    flood: bool
    steps: tuple[Step, ...]
    quota: int = 0
    letters: int = 500

    def with_steps(self, steps: tuple[Step, ...]) -> Schedule:
        """The same world with other steps."""
        return replace(self, steps=steps)


def make_schedule(seed: int) -> Schedule:
    """The schedule of a seed."""
    rng = random.Random(seed)
    # A flood of many products now and then, to fill what is bounded.
    flood = rng.random() < 0.01
    steps = _events(rng, 100, 60, 3.0) if flood else _events(rng, rng.randint(2, 16), rng.choice((1, 2, 4)), 20.0)
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
        steps.append(_fault(rng))
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        steps.append(_upset(rng))
    processes = rng.choice((1, 1, 2, 2, 3))
    batch, quota, letters = rng.choice((1, 3)), rng.choice((0, 0, 3)), rng.choice((500, 500, 1))
    for _ in range(rng.choice((0, 0, 1, 2))):
        steps.append(_decision(rng))
    return Schedule(seed, processes, batch, flood, tuple(sorted(steps, key=lambda step: step.at)), quota, letters)


def _events(rng: random.Random, most: int, products: int, duration: float) -> list[Step]:
    steps = []
    for number in range(1, most + 1):
        code = f"P-{rng.randint(1, products)}"
        tenant = rng.choice(("shop", "shop", "shop", "shop", "nobody"))
        operation = rng.choices(tuple(Operation), (2, 6, 1, 2))[0]
        event = (code, number, str(operation), tenant, _looks(rng, number))
        steps.append(Step(_moment(rng, duration), "publish", event))
        if rng.random() < 0.05:  # capture read the same change twice
            steps.append(Step(_moment(rng, duration), "publish", event))
    return steps


def _looks(rng: random.Random, number: int) -> str:
    """What is special about a state: refused by the channel, not for sale, equal to others."""
    return rng.choices(("", f"{REFUSED} {number}", "archived", SAME), (6, 1, 1, 6))[0]


def _fault(rng: random.Random) -> Step:
    """Something fails for a while."""
    at = _moment(rng, 18.0)
    lasts = round(rng.choice((0.5, 3.0, FAULTS_END - 1)), 2)
    lasts = min(lasts, round(FAULTS_END - at, 2))
    account = rng.choice(ACCOUNTS)
    often = rng.choice((0.1, 0.5))
    kind = rng.choice(_FAULTS)
    if kind == "poison":
        return Step(at, "poison")
    if kind == "kafka_fails":
        return Step(at, kind, (lasts,))
    if kind == "store_fails":
        return Step(at, kind, (rng.choice(("away", "ambiguous")), often, lasts))
    if kind == "bulk":
        return Step(at, kind, (f"P-{rng.randint(1, 2)}", rng.choice((1, 2))))
    if kind == "spoil":
        return Step(at, kind, (f"P-{rng.randint(1, 2)}", rng.choice(("silent", "bug", "busy"))))
    if kind == "mood":
        mood = rng.choice(("busy", "silent", "lost", "lost", "throttled", "bug", "slow", "taken", "taken", "taken"))
        return Step(at, kind, (account, mood, often, lasts))
    return Step(at, kind, (account, lasts))


def _upset(rng: random.Random) -> Step:
    """Something happens to a process or to the consumer group."""
    at, which = _moment(rng, 18.0), rng.randint(0, 2)
    kind = rng.choice(_UPSETS)
    if kind == "crash":
        return Step(at, kind, (which, rng.choice((0.1, 0.5, 4.0))))
    if kind == "trap":
        command, harm = rng.choice(("Call", "Call", "Prepare", "Store", "Produce")), rng.choice(("crash", "freeze"))
        return Step(at, kind, (command, harm, rng.choice((0.1, 0.5, 4.0, 8.0))))
    if kind == "freeze":
        return Step(at, kind, (which, rng.choice((0.5, 4.0, 8.0))))
    if kind == "jump":
        return Step(at, kind, (which, rng.choice((-40.0, -3.0, 3.0, 40.0))))
    if kind == "rebalance":
        return Step(at, kind, (rng.random() < 0.5,))
    return Step(at, kind, () if kind == "join" else (which,))


def _decision(rng: random.Random) -> Step:
    """A person changes an account."""
    at, account = _moment(rng, 18.0), rng.choice(ACCOUNTS)
    kind = rng.choice(("switch_off", "switch_off", "change_rules", "change_rules", "break_document", "renew"))
    if kind == "change_rules":
        return Step(at, kind, (account, rng.randint(1, 3)))
    return Step(at, kind, (account,) if kind == "renew" else (account, round(rng.choice((0.2, 1.5, 6.0)), 2)))


_FAULTS = ("poison", "bulk", *("store_fails",) * 2, "kafka_fails", "spoil", *("mood",) * 3, "outage", "halt", "pause")
_UPSETS = ("crash", "freeze", "trap", "trap", "trap", "jump", "rebalance", "join", "leave", "lose")


def _moment(rng: random.Random, until: float) -> float:
    return round(rng.uniform(0, until), 2)
