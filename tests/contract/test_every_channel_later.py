"""The one suite that every channel's adapter passes, third part: rules to be learned, jobs, ends that come later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.errors import PermanentError
from adapters.model import Command, Money, Operation, Outcome
from tests.contract.channels import Channel, assert_shows


async def ended(channel: Channel, ticket: str) -> Mapping[str, Outcome]:
    """How a job ended. Fails where it does not."""
    for _ in range(1000):
        if (found := await channel.adapter.follow(ticket)) is not None:
            return found
    raise AssertionError(f"{ticket} does not end")


async def test_a_ticket_that_the_channel_does_not_know_is_told(channel: Channel) -> None:
    with pytest.raises(PermanentError):
        await channel.adapter.follow("999999")


async def test_what_is_learned_is_known_and_not_fetched_again(channel: Channel) -> None:
    listing = channel.listing("A-1")
    await channel.adapter.learn([listing])
    assert channel.adapter.knows(listing)
    print_before = channel.adapter.schema_print(listing)
    await channel.adapter.learn([listing])
    assert channel.adapter.schema_print(listing) == print_before
    assert channel.adapter.validate(listing) == []
    assert await channel.writes() == 0


async def test_a_rehearsal_writes_nothing(channel: Channel) -> None:
    if channel.adapter.rehearsals > 0:
        assert await channel.adapter.rehearse(channel.listing("A-1")) == []
    assert await channel.listings("A-1") == []


async def test_many_commands_go_as_one_job_where_the_channel_takes_jobs(channel: Channel) -> None:
    rule = channel.adapter.bulk
    if rule is None:
        return
    assert 0 < rule.threshold <= rule.size
    listings = [channel.listing(f"A-{number}") for number in range(5)]
    outcomes = await channel.adapter.apply_bulk([Command(Operation.CREATE, one.sku, one) for one in listings])
    assert [outcome.sku for outcome in outcomes] == [one.sku for one in listings]
    assert [outcome.error for outcome in outcomes] == [None] * 5
    (ticket,) = {outcome.ticket for outcome in outcomes}
    found = await ended(channel, ticket)
    assert {sku: outcome.error for sku, outcome in found.items()} == dict.fromkeys((one.sku for one in listings), None)
    assert not any(outcome.ticket for outcome in found.values())
    assert await ended(channel, ticket) == found, "an ended ticket says the same again"
    cheaper = replace(listings[0], price=Money(Decimal("17.50"), "EUR"))
    references = found["A-0"].references
    (outcome,) = await channel.adapter.apply_bulk([Command(Operation.REVISE_OFFER, "A-0", cheaper, references)])
    assert (await ended(channel, outcome.ticket))["A-0"].error is None
    await assert_shows(channel, cheaper)
