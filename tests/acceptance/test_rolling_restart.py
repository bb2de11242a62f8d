"""An update of everything while the shop works: each process is ended in order and started again, one after the other.

Two captures and two deliveries, as the chart runs them. Nothing is lost, doubled or set back, no process is killed, and
what another process took over goes on before the restarted one is back.
"""

from __future__ import annotations

from collections import Counter
from threading import Event, Thread

from consumer.events import Operation
from consumer.kafka.topics import TopicNames
from tests.acceptance.installation import Installation, Running, make_product, of_version
from tests.acceptance.kafka_reader import read_all
from tests.waiting import wait_until

PRODUCTS = 40
# Seconds between two rounds of changes, each of which changes every product.
ROUND = 0.5
DEADLINE = 60


def write(installation: Installation, stop: Event, rounds: list[int]) -> None:
    """Change every product again and again, until told to stop; rounds: the number of each round that is written."""
    while not stop.wait(ROUND):
        version = len(rounds) + 2
        installation.products.update_many({}, {"$set": of_version(version)})
        rounds.append(version)


def shows(installation: Installation, version: int) -> bool:
    """Whether every listing is as this round wrote it, or a later one."""
    listings = installation.channel.listings()
    return len(listings) == PRODUCTS and all(row["quantity"] >= version for row in listings.values())


def restart(installation: Installation, running: Running, name: str, rounds: list[int]) -> Running:
    """End it in order, see that changes arrive without it, start it again and see that it works."""
    assert running.stop() == 0, running.output()[-2000:]
    assert not running.lines("calls still in flight after the drain; they will be sent again")
    again = start(installation, name)
    wait_until(lambda: again.lines("metrics and health"), DEADLINE, f"{name} does not come back")
    version = rounds[-1] + 1
    wait_until(lambda: shows(installation, version), DEADLINE, f"nothing arrives after the restart of {name}")
    return again


def start(installation: Installation, name: str) -> Running:
    role, replica = name.split("-")
    if role == "capture":
        return installation.start("capture")
    changed = {"MARKETSYNC_DELIVERY_REPLICA": f"deliver-ebay-{replica}"}
    return installation.start("deliver", "--channel", "ebay", changed=changed)


def test_every_process_is_restarted_under_load(ready: Installation) -> None:
    ready.products.insert_many([make_product(f"P-{number:02}") for number in range(PRODUCTS)])
    running = {name: start(ready, name) for name in ("capture-0", "capture-1", "deliver-0", "deliver-1")}
    wait_until(lambda: shows(ready, 1), DEADLINE, "the first listings do not appear")

    stop, rounds = Event(), [1]
    writer = Thread(target=write, args=(ready, stop, rounds), name="writer")
    writer.start()
    try:
        for name in tuple(running):
            running[name] = restart(ready, running[name], name, rounds)
    finally:
        stop.set()
        writer.join()
    wait_until(lambda: shows(ready, rounds[-1]), DEADLINE, "the channel does not become equal to the PIM")
    assert [process.stop() for process in running.values()] == [0, 0, 0, 0]

    nothing_was_set_back_or_doubled(ready)
    names = TopicNames(ready.prefix)
    seen = [record.event for record in read_all(ready.servers.kafka_bootstrap_servers, [names.of(Operation.UPDATED)])]
    ids = Counter(event.id for event in seen)
    assert [event_id for event_id, count in ids.items() if count > 1] == []
    assert len(ids) >= PRODUCTS


def nothing_was_set_back_or_doubled(installation: Installation) -> None:
    """In order of arrival no call carries an older state, and each listing was created once."""
    newest: dict[str, int] = {}
    for call in installation.channel.calls():
        if call["quantity"] is not None:
            assert call["quantity"] >= newest.get(call["sku"], 0), call
            newest[call["sku"]] = call["quantity"]
    assert len(newest) == PRODUCTS
    assert installation.listings.count_documents({}) == PRODUCTS
    assert installation.listings.count_documents({"intent": {"$ne": None}}) == 0
