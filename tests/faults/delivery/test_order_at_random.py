"""Nothing goes backwards and nothing is left behind: 100,000 changes through the installed program, while everything
that could bring an old state back happens: failures, retries, rebalances, kills, replays, redrives and resyncs.

ORDER_SEED repeats a run, ORDER_CHANGES makes it shorter or longer. Every product carries its version in its stock and
its price, so that a state out of order is seen at the channel's door.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread

import pytest
from pymongo import UpdateOne

from consumer.embedded import Endpoints
from tests.acceptance.conftest import installed
from tests.acceptance.installation import Installation, Running, make_product, of_version
from tests.waiting import wait_until

PRODUCTS = 2000
CHANGES = int(os.environ.get("ORDER_CHANGES", "100000"))
PER_SECOND = 700
PAUSE = 4.0
DEADLINE = 300
# Always refused while the trouble lasts, so that they end as dead letters.
STUBBORN = 8
VARIABLES = {
    "MARKETSYNC_DELIVERY_MEMORY_WAIT": "0.5",
    "MARKETSYNC_DELIVERY_RETRY_DELAYS": "1,3",
    "MARKETSYNC_DELIVERY_ATTEMPTS": "4",
    "MARKETSYNC_DELIVERY_SESSION_TIMEOUT": "6",
    "MARKETSYNC_DELIVERY_DRAIN": "3",
    "MARKETSYNC_LOG_LEVEL": "warning",
}


class Load(Thread):
    """The changes, in groups, at a steady pace. versions: what the PIM holds."""

    def __init__(self, installation: Installation, dice: random.Random) -> None:
        super().__init__(name="load")
        self.versions = dict.fromkeys((f"P-{number:05}" for number in range(PRODUCTS)), 1)
        self.stop = Event()
        self._installation = installation
        self._dice = dice

    def fill(self) -> None:
        """The products as they are at first."""
        self._installation.products.insert_many([make_product(code) for code in self.versions])

    def run(self) -> None:
        started, written, codes = time.monotonic(), 0, list(self.versions)
        while written < CHANGES and not self.stop.wait(max(0.0, started + written / PER_SECOND - time.monotonic())):
            # Few products take most of the changes, in bursts, as in a shop.
            hot = self._dice.sample(codes, 20)
            group = [self._dice.choice(hot if self._dice.random() < 0.7 else codes) for _ in range(100)]
            self._installation.products.bulk_write([self._change(code) for code in group], ordered=True)
            written += len(group)

    def _change(self, code: str) -> UpdateOne:
        self.versions[code] += 1
        return UpdateOne({"entity_code": code, "isCurrent": True}, {"$set": of_version(self.versions[code])})


class Trouble:
    """What happens meanwhile. done: how often each."""

    def __init__(self, installation: Installation, dice: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self._installation = installation
        self._dice = dice
        self._replicas: list[Running | None] = [self._launch("0"), self._launch("1")]

    def next(self) -> None:
        """One of them, drawn."""
        kinds: list[Callable[[], None]] = [
            self.kill,
            self.come_or_go,
            self.replay,
            self.redrive,
            self.resync,
            self.failures,
        ]
        kind = self._dice.choice(kinds)
        kind()
        self.done[kind.__name__] += 1

    def kill(self) -> None:
        """SIGKILL of one process; it is started again at once."""
        replica = self._dice.randrange(2)
        if running := self._replicas[replica]:
            running.kill()
        self._replicas[replica] = self._launch(str(replica))

    def come_or_go(self) -> None:
        """The second process leaves in order, or comes back: partitions move."""
        if running := self._replicas[1]:
            _stop(running)
            self._replicas[1] = None
        else:
            self._replicas[1] = self._launch("1")

    def replay(self) -> None:
        """Everything of the last hour again."""
        self._command("replay", "--channel", "ebay", "--from", "1h", "--rate", "0", "--anew", *self._force())

    def redrive(self) -> None:
        """All dead letters again."""
        self._command("dead-letters", "redrive", "--channel", "ebay", "--again", "--anew", "--rate", "0", "--yes")

    def resync(self) -> None:
        """All products as the PIM has them."""
        self._command("resync", "--channel", "ebay", "--rate", "0", "--anew", *self._force())

    def failures(self) -> None:
        """Other faults of the channel than before: slow calls, lost answers, 500s, 429s, and a few products' own."""
        self.end_failures()
        seed = self._dice.randrange(10**6)
        faults: list[dict[str, object]] = [
            {"kind": "latency", "seconds": 0.1, "rate": 0.5, "seed": seed},
            {"kind": "status", "rate": 0.05, "seed": seed},
            {"kind": "lost_answer", "rate": 0.01, "seed": seed},
            {"kind": "rate_limited", "rate": 0.01, "retry_after": 1, "seed": seed},
            *({"kind": "status", "sku": f"P-{number:05}", "seed": seed} for number in range(STUBBORN)),
        ]
        for fault in faults:
            self._installation.channel.ask("POST", "faults", fault)

    def end_failures(self) -> None:
        """The channel is well again."""
        self._installation.channel.ask("DELETE", "faults")

    def end(self) -> None:
        """All is well: no faults, at least one process, nothing given up."""
        self.end_failures()
        if self._replicas[0] is None or self._replicas[0].process.poll() is not None:
            self._replicas[0] = self._launch("0")
        self.redrive()

    def stop(self) -> None:
        """Both processes end in order."""
        for running in filter(None, self._replicas):
            _stop(running)

    def _launch(self, replica: str) -> Running:
        changed = {"MARKETSYNC_DELIVERY_REPLICA": replica}
        return self._installation.start("deliver", "--channel", "ebay", changed=changed)

    def _force(self) -> list[str]:
        return ["--force"] if self._dice.random() < 0.3 else []

    def _command(self, *arguments: str) -> None:
        done = self._installation.run(*arguments, deadline=DEADLINE)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-1000:]}{done.stderr[-2000:]}"


@pytest.mark.timeout(1200)
def test_no_old_state_comes_back_whatever_happens(servers: Endpoints, tmp_path: Path) -> None:
    seed = int(os.environ.get("ORDER_SEED", random.randrange(10**6)))
    print(f"ORDER_SEED={seed}")  # noqa: T201  shown when the test fails
    dice = random.Random(seed)
    with installed(servers, tmp_path) as installation:
        installation.variables |= VARIABLES
        installation.initialise()
        load = Load(installation, random.Random(seed + 1))
        load.fill()
        capture = installation.start("capture")
        trouble = Trouble(installation, dice)
        load.start()
        try:
            while load.is_alive():
                load.join(PAUSE)
                trouble.next()
        finally:
            load.stop.set()
            load.join()
        print(f"meanwhile: {dict(trouble.done)}")  # noqa: T201  as above
        trouble.end()
        wait_until(lambda: shown(installation) == load.versions, DEADLINE, "the channel does not become equal")
        trouble.stop()
        assert capture.stop() == 0
        calls = installation.channel.calls()
    assert inversions(calls) == []


def _stop(running: Running) -> None:
    """End it in order. One that was still being loaded had begun nothing, and ends at once."""
    assert running.stop() in (0, -signal.SIGTERM), running.output()[-2000:]


def shown(installation: Installation) -> dict[str, int]:
    """Code → version, as a buyer sees it."""
    listings = installation.channel.listings()
    assert all(Decimal(row["price"]) > 10 for row in listings.values())
    return {sku: row["quantity"] for sku, row in listings.items()}


def inversions(calls: list[dict[str, object]]) -> list[str]:
    """Calls with an older version than one that came before for the same product."""
    found, newest = [], dict[str, int]()
    for call in calls:
        sku, version = str(call["sku"]), call["quantity"]
        if not isinstance(version, int):
            continue
        if version < newest.get(sku, 0):
            found.append(f"version {version} after {newest[sku]}: {call}")
        newest[sku] = max(version, newest.get(sku, 0))
    return found
