"""Several captures of one stream in one process: one works, the others stand by, and every change comes once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from prometheus_client import CollectorRegistry

from consumer.capture import Capture, LeaseTiming, Permit, Watcher, this_process
from consumer.capture.identity import has_ended
from consumer.capture.positions import stream_key
from consumer.errors import FencedError
from consumer.kafka import TransactionalProducer
from consumer.metrics import capture_metrics
from consumer.mongo import Document, MongoClient, connect
from consumer.mongo.lease import Lease, LeaseReport, LeaseStore, Process
from consumer.settings import CaptureSettings
from tests.integration.capture.conftest import Line, make_product
from tests.integration.capture.positions import stored_position
from tests.proxy import Proxy
from tests.waiting import wait_until

# Short, so that tests need not wait long; long enough for a busy machine.
DURATION = 2.0
# For tests of what must happen before a lease is over: a machine that stands still for seconds must not end it.
LONG = 20.0


@dataclass
class Watching:
    """A watcher in a thread of the test."""

    watcher: Watcher
    registry: CollectorRegistry
    failure: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, name="watcher-under-test")
        self.thread.start()

    def _run(self) -> None:
        try:
            self.watcher.run()
        except BaseException as error:  # asserted on by the test
            self.failure = error

    def stop(self) -> None:
        self.watcher.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()
        assert self.failure is None

    def metric(self, name: str) -> float:
        return self.registry.get_sample_value(f"marketsync_capture_{name}", {"stream": "pim"}) or 0.0


@dataclass
class Room:
    """Watchers of one line, and their lease."""

    line: Line
    duration: float = DURATION
    watchings: list[Watching] = field(default_factory=list)

    def leases(self, client: MongoClient[Document] | None = None) -> LeaseStore:
        collection = (client or self.line.client)[f"vinc-{self.line.tenant}"]["leases"]
        return LeaseStore(collection, "stream", timeout=LeaseTiming(self.duration).timeout)

    def watch(self, client: MongoClient[Document] | None = None) -> Watching:
        """Start a watcher. client: by which it sees the lease; the PIM is always seen directly."""
        registry = CollectorRegistry()
        metrics = capture_metrics(registry)
        line = self.line

        def make(permit: Permit) -> Capture:
            capture = Capture(
                line.client,
                line.servers.kafka_bootstrap_servers,
                tenants=(line.tenant,),
                settings=CaptureSettings(max_await=0.1, idle_position=0.1, transaction_timeout=10),
                topics=line.topics,
                metrics=metrics,
            )
            capture.publish_while(permit)
            return capture

        watcher = Watcher(
            make,
            self.leases(client),
            this_process(),
            stream="pim",
            timing=LeaseTiming(self.duration),
            metrics=metrics,
        )
        watching = Watching(watcher, registry)
        self.watchings.append(watching)
        watching.start()
        return watching

    def lead(self, client: MongoClient[Document] | None = None) -> Watching:
        """Start a watcher and wait until it leads."""
        watching = self.watch(client)
        wait_until(lambda: watching.watcher.leading, 20, "it does not lead")
        return watching

    def stand_by(self, client: MongoClient[Document] | None = None) -> Watching:
        """Start a watcher and wait until it stands by."""
        watching = self.watch(client)
        wait_until(watching.watcher.standing_by, 20, "it does not stand by")
        return watching


def predecessor(line: Line, suffix: str) -> TransactionalProducer:
    """A producer of a capture that led before, started. suffix: of its transactional id."""
    producer = TransactionalProducer(
        line.servers.kafka_bootstrap_servers,
        f"{line.names.prefix}marketsync-capture-pim{suffix}",
        max_message_bytes=1_000_000,
        timeout=60,
    )
    producer.start()
    return producer


@pytest.fixture
def room(line: Line) -> Iterator[Room]:
    room = Room(line)
    yield room
    for watching in room.watchings:
        watching.watcher.stop()
    for watching in room.watchings:
        watching.stop()


@pytest.fixture
def proxy(line: Line) -> Iterator[Proxy]:
    host, port = line.client.address or ("", 0)
    proxy = Proxy(host, port)
    yield proxy
    proxy.close()


@pytest.fixture
def through(proxy: Proxy) -> Iterator[MongoClient[Document]]:
    """A client whose connections the test can cut."""
    with connect(f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true") as client:
        yield client


def codes(line: Line, count: int, deadline: float = 20) -> list[str]:
    return sorted(event.entity_code for event in line.wait_for(count, deadline=deadline))


def test_of_several_captures_one_leads_and_the_others_stand_by(room: Room) -> None:
    room.duration = LONG
    leader = room.lead()
    others = [room.stand_by() for _ in range(2)]
    room.line.products.insert_one(make_product(1))
    room.line.wait_for(1)
    assert leader.watcher.unready() == []
    assert leader.watcher.standing_by() == ""
    assert [leader.metric("leader"), leader.metric("takeovers_total")] == [1, 1]
    for other in others:
        assert other.watcher.unready() == []
        assert "is led by" in other.watcher.standing_by()
        assert [other.metric("leader"), other.metric("takeovers_total")] == [0, 0]
    report = wait_until(lambda: seen_by_people(room, standbys=2), 10)
    assert report.holder is not None
    assert report.renewed < room.duration


def seen_by_people(room: Room, *, standbys: int) -> LeaseReport | None:
    report = room.leases().report()
    return report if report and len(report.standbys) == standbys else None


def test_a_leader_that_ends_hands_over_at_once(room: Room) -> None:
    room.duration = LONG
    first = room.lead()
    second = room.stand_by()
    room.line.products.insert_one(make_product(1))
    room.line.wait_for(1)
    first.stop()
    # Long before the lease is over by itself.
    wait_until(lambda: second.watcher.leading, 0.8 * LONG, "it was not handed over")
    room.line.products.insert_one(make_product(2))
    assert codes(room.line, 2) == ["P-1", "P-2"]
    second.stop()
    lease = room.leases().look()
    assert lease is not None
    assert (lease.holder, lease.term) == (None, 2)


def test_a_short_absence_of_the_state_database_stops_nothing(
    room: Room, proxy: Proxy, through: MongoClient[Document]
) -> None:
    room.duration = LONG
    leader = room.lead(through)
    proxy.refusing = True
    proxy.cut()
    room.line.products.insert_one(make_product(1))
    room.line.wait_for(1, deadline=room.duration / 2)
    proxy.refusing = False
    beat = renewals(room)
    wait_until(lambda: renewals(room) > beat + 1, 10, "the lease is not renewed again")
    room.line.products.insert_one(make_product(2))
    room.line.wait_for(2)
    assert leader.metric("takeovers_total") == 1


def renewals(room: Room) -> int:
    lease = room.leases().look()
    assert lease is not None
    return lease.beat


def test_a_long_absence_makes_the_leader_rest_and_it_goes_on_without_a_takeover(
    room: Room, proxy: Proxy, through: MongoClient[Document]
) -> None:
    leader = room.lead(through)
    proxy.refusing = True
    proxy.cut()
    (reason,) = wait_until(leader.watcher.unready, 10, "it trusts a lease that it cannot renew")
    assert "lease" in reason
    room.line.products.insert_one(make_product(1))
    with pytest.raises(AssertionError):
        wait_until(room.line.events, DURATION, "the expected: nothing is published")
    proxy.refusing = False
    assert codes(room.line, 1) == ["P-1"]
    wait_until(lambda: leader.watcher.leading and not leader.watcher.unready(), 10)
    assert leader.metric("takeovers_total") == 1


def test_a_leader_that_alone_cannot_renew_is_replaced_and_stands_by(
    room: Room, proxy: Proxy, through: MongoClient[Document]
) -> None:
    first = room.lead(through)
    second = room.stand_by()
    room.line.products.insert_one(make_product(1))
    room.line.wait_for(1)
    proxy.refusing = True
    proxy.cut()
    wait_until(lambda: second.watcher.leading, 20, "nobody takes over")
    room.line.products.insert_one(make_product(2))
    room.line.wait_for(2)
    proxy.refusing = False
    wait_until(first.watcher.standing_by, 20, "it does not stand by")
    room.line.products.insert_one(make_product(3))
    assert codes(room.line, 3) == ["P-1", "P-2", "P-3"]
    assert [one.metric("leader") for one in (first, second)] == [0, 1]
    second.stop()
    wait_until(lambda: first.watcher.leading, 10, "it does not take over again")
    room.line.products.insert_one(make_product(4))
    assert codes(room.line, 4) == ["P-1", "P-2", "P-3", "P-4"]


@pytest.mark.parametrize("suffix", ["-snapshot", ".2"])
def test_a_transaction_that_a_killed_capture_left_open_delays_no_takeover(room: Room, suffix: str) -> None:
    room.lead().stop()
    killed = predecessor(room.line, suffix)
    killed.begin()
    killed.produce(room.line.names.positions, b"snapshot/pim/left-open", b"{}")
    assert killed._client.flush(10) == 0
    successor = room.watch()
    wait_until(lambda: successor.watcher.leading, 15, "it waits for the transaction's timeout")
    killed.close()


@pytest.mark.parametrize("suffix", ["", ".2"])
def test_whichever_turn_a_zombie_was_at_it_can_end_nothing_after_a_takeover(room: Room, suffix: str) -> None:
    room.lead().stop()
    line = room.line
    zombie = predecessor(line, suffix)
    zombie.begin()
    zombie.produce(line.names.positions, stream_key("pim"), b"not a position")
    assert zombie._client.flush(10) == 0
    room.lead()
    with pytest.raises(FencedError):
        zombie.commit()
    line.products.insert_one(make_product(1))
    assert codes(line, 1) == ["P-1"]
    assert stored_position(line).index >= 0
    zombie.close()


def test_fenced_from_outside_the_leader_takes_over_again_instead_of_dying(room: Room) -> None:
    leader = room.lead()
    room.line.products.insert_one(make_product(1))
    room.line.wait_for(1)
    stranger = room.line.capture()  # knows nothing of the lease
    wait_until(lambda: leader.metric("takeovers_total") == 2, 20, "it does not lead again")
    wait_until(lambda: stranger.failure, 20)
    room.line.products.insert_one(make_product(2))
    assert codes(room.line, 2) == ["P-1", "P-2"]
    assert leader.failure is None


def test_a_dead_holder_of_this_machine_is_known_to_be_dead() -> None:
    me = this_process()
    assert not has_ended(me)
    assert has_ended(replace(me, started="1"))
    assert has_ended(replace(me, number=2**22 + 1))
    assert not has_ended(replace(me, machine="elsewhere", number=2**22 + 1))
    assert not has_ended(replace(me, machine="", number=2**22 + 1))


def test_the_lease_is_given_to_one(room: Room) -> None:
    """Compare-and-set: of all that saw the same, one gets it, and every change makes it another."""
    leases = room.leases()
    one, other = Process("1", "one"), Process("2", "other")

    def race(seen: Lease | None) -> list[str]:
        won: list[str] = []

        def try_(process: Process) -> None:
            if leases.acquire(seen, process, duration=DURATION):
                won.append(process.id)

        threads = [threading.Thread(target=try_, args=(process,)) for process in (one, other) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return won

    assert leases.look() is None
    assert len(race(None)) == 1
    seen = leases.look()
    assert seen is not None
    assert seen.holder is not None
    assert len(race(seen)) == 1
    assert race(seen) == []
    now = leases.look()
    assert now is not None
    assert now.term == seen.term + 1
    assert now.holder is not None
    assert leases.renew(now.term, now.holder)
    assert race(now) == [], "renewed since it was seen"
    assert not leases.renew(now.term - 1, now.holder)
    assert leases.release(now.term, now.holder)
    assert not leases.renew(now.term, now.holder)
    assert not leases.release(now.term, now.holder)
