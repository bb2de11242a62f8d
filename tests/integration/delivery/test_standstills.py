"""What processes tell of accounts that do not call, for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from adapters.errors import AuthenticationError, RateLimitedError
from consumer.bootstrap.waiting import read_waiting
from consumer.delivery.accounts import Gate
from consumer.delivery.standstills import state_of
from consumer.delivery.work import AccountKey
from consumer.metrics.capped import Making
from consumer.metrics.owed import owed_metrics
from tests.integration.delivery.conftest import Line
from tests.unit.delivery.making import CHANNEL, POLICY, make_event
from tests.waiting import eventually

DEFAULT = AccountKey("shop", "default")
OUTLET = AccountKey("shop", "outlet")


async def test_a_standstill_keeps_its_beginning_until_it_is_another_one(line: Line) -> None:
    told = line.owed.standstills
    at = datetime.now(UTC).replace(microsecond=0)
    await told.tell(CHANNEL, "0", {DEFAULT: ("halted", "$dead", 1.0), OUTLET: ("down", "no answer", 2.0)}, at)
    await told.tell(CHANNEL, "1", {DEFAULT: ("halted", "dead", 1.0)}, at + timedelta(seconds=1))
    later = at + timedelta(seconds=5)
    await told.tell(CHANNEL, "0", {DEFAULT: ("halted", "$dead", 8.0), OUTLET: ("throttled", "slow", 2.0)}, later)
    found = {(each.account, each.replica): each for each in await told.current()}
    assert set(found) == {("default", "0"), ("outlet", "0"), ("default", "1")}
    halted = found["default", "0"]
    assert (halted.state, halted.why, halted.since) == ("halted", "$dead", at)
    assert halted.next_try == later + timedelta(seconds=8)
    assert found["outlet", "0"].since == later, "another state is another standstill"
    await told.tell(CHANNEL, "0", {}, later)
    assert [each.replica for each in await told.current()] == ["1"]


async def test_who_has_not_told_for_long_is_not_believed(line: Line) -> None:
    await line.owed.standstills.tell(
        CHANNEL, "0", {DEFAULT: ("halted", "dead", 1.0)}, datetime.now(UTC) - timedelta(hours=1)
    )
    assert await line.owed.standstills.current() == []


async def test_status_tells_a_halted_account_and_what_is_owed_to_it(line: Line) -> None:
    line.channel.faults.halt(AuthenticationError("token revoked", status=401))
    await line.owed.pauses.pause(CHANNEL, "another", "stocktaking", who="anna")
    await line.publish(*(make_event(f"P-{n}", n) for n in range(1, 6)))
    database = line.store._collection.database
    async with line.running():
        await line.settles()

        async def told() -> bool:
            return len(await read_waiting(database)) == 3

        await eventually(told, 20)
        assert line.metric("owed_listings", account="shop/default", cause="halted") == 5
        assert line.metric("owed_oldest_seconds", account="shop/default") > 0
    paused, halted, owed = await read_waiting(database)
    assert (paused.account, paused.tenant, paused.why) == (f"{CHANNEL}/another", "all", "stocktaking (paused by anna)")
    assert (halted.account, halted.tenant, halted.why) == (f"{CHANNEL}/default", "shop", "token revoked")
    assert halted.what.startswith("halted")
    assert (owed.what, owed.count, owed.why) == ("owed: halted", 5, "token revoked")
    assert halted.since <= datetime.now(UTC)


def test_the_state_of_a_gate_in_a_word() -> None:
    gate = Gate(DEFAULT, 5, concurrency=2, policy=POLICY)
    assert state_of(gate, 0) == ""
    gate.answered([RateLimitedError("slow down", delay=9)], 0, 0.5)
    assert state_of(gate, 0) == "throttled"
    gate.down = True
    assert state_of(gate, 0) == "down"
    assert state_of(gate, 9) == ""
    gate = Gate(DEFAULT, 5, concurrency=2, policy=POLICY)
    gate.answered([AuthenticationError("dead")], 0, 0.5)
    assert state_of(gate, 100) == "halted"


def test_what_is_owed_no_more_is_told_as_none() -> None:
    registry = CollectorRegistry()
    metrics = owed_metrics(Making(registry))
    at = datetime.now(UTC)
    labels = {"channel": "ebay", "account": "shop/default"}
    metrics.tell("ebay", ["shop/default"], {("shop/default", "held"): (7, at - timedelta(seconds=9))}, at)
    assert registry.get_sample_value("marketsync_delivery_owed_listings", {**labels, "cause": "held"}) == 7
    assert registry.get_sample_value("marketsync_delivery_owed_oldest_seconds", labels) == 9
    metrics.tell("ebay", ["shop/default"], {}, at)
    assert registry.get_sample_value("marketsync_delivery_owed_listings", {**labels, "cause": "held"}) == 0
    assert registry.get_sample_value("marketsync_delivery_owed_oldest_seconds", labels) == 0
