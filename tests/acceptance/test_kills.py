"""Promises 1, 2 and 3 under SIGKILL: 5,000 changes, capture and delivery killed again and again in the middle of them.

Every product carries its version in its stock and its price, so that a lost, doubled or late state can be seen wherever
it turns up: in the topics, at the channel's door, in what the channel shows.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest

from consumer.events import Operation
from consumer.kafka.topics import TopicNames
from tests.acceptance.installation import Installation, Running, make_product, of_version, price_of
from tests.acceptance.kafka_reader import Seen, read_all
from tests.waiting import wait_until

PRODUCTS = 250
CHANGES = 5000
LOAD_SECONDS = 20.0
KILLS = 8
DEADLINE = 60


@dataclass(slots=True)
class Load:
    """Writes to the PIM, and what of them has to be seen downstream. live: code -> version, of what is there now."""

    installation: Installation
    random: random.Random
    live: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    created: Counter[tuple[str, int]] = field(default_factory=Counter)
    updated: Counter[tuple[str, int]] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    returned: set[str] = field(default_factory=set)

    def write(self, stop: Event) -> None:
        """All changes, spread over the time."""
        started = time.monotonic()
        for number in range(CHANGES):
            if stop.wait(max(0.0, started + LOAD_SECONDS * number / CHANGES - time.monotonic())):
                return
            self._change(number)

    def _change(self, number: int) -> None:
        if number < PRODUCTS:
            self._insert(f"P-{number:04}", 1)
        elif (draw := self.random.random()) < 0.01:
            self._delete()
        elif draw < 0.02 and self.gone:
            code = self.random.choice(sorted(self.gone))
            self.returned.add(code)
            self._insert(code, self.gone.pop(code) + 1)
        else:
            self._update()

    def _insert(self, code: str, version: int) -> None:
        self.installation.products.insert_one(make_product(code, version))
        self.live[code] = version
        self.created[code, version] += 1

    def _update(self) -> None:
        code = self.random.choice(sorted(self.live))
        self.live[code] += 1
        self.installation.products.update_one(
            {"entity_code": code, "isCurrent": True}, {"$set": of_version(self.live[code])}
        )
        self.updated[code, self.live[code]] += 1

    def _delete(self) -> None:
        code = self.random.choice(sorted(self.live))
        self.installation.products.delete_many({"entity_code": code})
        self.gone[code] = self.live.pop(code)
        self.deleted[code] += 1


@pytest.fixture
def seed() -> int:
    """Of all that is drawn; KILL_SEED repeats a run."""
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")  # noqa: T201  shown when the test fails
    return seed


@pytest.mark.timeout(180)
def test_no_kill_loses_doubles_or_reverses_anything(ready: Installation, seed: int) -> None:
    load = Load(ready, random.Random(seed))
    processes = {"capture": ready.start("capture"), "deliver": ready.start("deliver", "--channel", "ebay")}
    wait_until(lambda: processes["capture"].lines("snapshot is complete"), 30, "capture does not begin")
    # Calls that take their time, so that kills find some in flight.
    ready.channel.ask("POST", "faults", {"kind": "latency", "seconds": 0.15, "rate": 0.5, "seed": seed})
    stop = Event()
    writer = Thread(target=load.write, args=(stop,), name="load")
    writer.start()
    try:
        kills = kill_at_random(ready, processes, random.Random(seed + 1))
        writer.join()
    finally:
        stop.set()
        writer.join()
    assert sum(kills.values()) == KILLS
    assert {name: running.process.poll() for name, running in processes.items()} == {"capture": None, "deliver": None}

    shown = wait_until(lambda: equal(ready, load), DEADLINE, "the channel does not become equal to the PIM")
    assert len(shown) == len(load.live) > PRODUCTS / 2

    assert [running.stop() for running in processes.values()] == [0, 0]
    nothing_came_too_late(ready.channel.calls(), shown)
    # Not that of readings: a group that is new reads the PIM by itself.
    topics = [TopicNames(ready.prefix).of(operation) for operation in Operation if operation is not Operation.READ]
    every_change_was_seen_once(read_all(ready.servers.kafka_bootstrap_servers, topics), load)


def kill_at_random(installation: Installation, processes: dict[str, Running], dice: random.Random) -> Counter[str]:
    """SIGKILL at random moments of the load; whoever was killed is started again at once."""
    kills: Counter[str] = Counter()
    moments = [(number + dice.uniform(0.1, 0.95)) * LOAD_SECONDS / KILLS for number in range(KILLS)]
    started = time.monotonic()
    for moment in moments:
        Event().wait(max(0.0, started + moment - time.monotonic()))
        # Both die at least three times; each moment takes one or the other.
        victim = dice.choice([name for name in processes if kills[name] < KILLS - 3])
        processes[victim].kill()
        processes[victim] = installation.again(processes[victim])
        kills[victim] += 1
    print(f"killed: {dict(kills)} at {[round(moment, 2) for moment in moments]} s")  # noqa: T201  as above
    return kills


def equal(installation: Installation, load: Load) -> dict[str, Any] | None:
    """What the channel shows, once it is what the PIM holds."""
    pim = {
        document["sku"]: (document["quantity"], Decimal(str(document["pricing"]["retail"])), document["name"]["it"])
        for document in installation.products.find({"isCurrent": True})
    }
    assert {code: quantity for code, (quantity, _, _) in pim.items()} == load.live
    listings = installation.channel.listings()
    shown = {sku: (row["quantity"], Decimal(row["price"]), row["title"]) for sku, row in listings.items()}
    return shown if shown == pim else None


def nothing_came_too_late(calls: list[dict[str, Any]], shown: dict[str, Any]) -> None:
    """In order of arrival, no call carries an older version of a listing than a call before it.

    What was deleted before delivery came to it may have had no call at all.
    """
    newest: dict[str, int] = {}
    for call in calls:
        if call["quantity"] is None:
            continue
        before = newest.get(call["sku"], 0)
        assert call["quantity"] >= before, f"version {call['quantity']} after {before}: {call}"
        if call["price"] is not None and call["operation"] != "withdraw":
            assert Decimal(call["price"]) <= Decimal(str(price_of(call["quantity"])))
        newest[call["sku"]] = call["quantity"]
    assert shown.keys() <= newest.keys()


def every_change_was_seen_once(records: list[Seen], load: Load) -> None:
    """Event ids are unique, and each insert, update and delete is there."""
    seen = [record.event for record in records]
    ids = Counter(event.id for event in seen)
    assert [event_id for event_id, count in ids.items() if count > 1] == []
    by_operation = {operation: [event for event in seen if event.operation is operation] for operation in Operation}
    assert versions(by_operation[Operation.CREATED]) == load.created
    assert versions(by_operation[Operation.UPDATED]) == load.updated
    deleted = Counter(event.entity_code for event in by_operation[Operation.DELETED])
    # A product that came back before capture saw it go was never gone: that deletion is noise.
    for code, count in load.deleted.items():
        assert deleted[code] == count or (code in load.returned and deleted[code] <= count), code


def versions(events: list[Any]) -> Counter[tuple[str, int]]:
    return Counter((event.entity_code, event.product["quantity"]) for event in events)
