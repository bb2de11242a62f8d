"""What an account's calls are held to: the channel's limits, the seller's own, and what the channel grants."""

from __future__ import annotations

from datetime import UTC, time

from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit, Scope
from consumer.listings.accounts.limits import OwnLimit, limits_in_force

CHANNELS = (
    Limit("inventory", 1000, DAY, Scope.APPLICATION, "app", costs={Operation.CREATE: Cost(call=3)}),
    Limit("writes", 5, 1.0, costs={Operation.REVISE_OFFER: Cost(call=0, listing=1)}),
)


def test_an_own_limit_stands_beside_the_channels() -> None:
    own = OwnLimit(name="slow", amount=500, period=3600).limit()

    assert limits_in_force(CHANNELS, [own]) == (*CHANNELS, own)


def test_what_the_channel_grants_is_counted_as_the_channels_own_limit_is() -> None:
    inventory, writes = limits_in_force(CHANNELS, [OwnLimit(name="inventory", amount=9000, period=3600).limit()])

    assert (inventory.amount, inventory.period) == (9000, 3600)
    assert (inventory.scope, inventory.owner, inventory.costs) == (Scope.APPLICATION, "app", CHANNELS[0].costs)
    assert writes == CHANNELS[1]


def test_one_call_always_fits() -> None:
    inventory, _ = limits_in_force(CHANNELS, [OwnLimit(name="inventory", amount=1, period=3600).limit()])

    assert inventory.amount == 3


def test_a_granted_period_has_no_hour_at_which_it_begins() -> None:
    daily = Limit("revisions", 250, DAY, resets=time(0, tzinfo=UTC))

    (granted,) = limits_in_force([daily], [OwnLimit(name="revisions", amount=10, period=60).limit()])

    assert granted.resets is None
