"""The one suite that every channel's adapter passes, second half: what it says and does when something goes wrong."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.errors import (
    AuthenticationError,
    ChannelUnavailableError,
    PermanentError,
    RateLimitedError,
    RejectedListingError,
    TemporaryError,
)
from adapters.model import Command, Money, Operation
from tests.contract.channels import Channel, apply, assert_shows, created


async def test_p11_one_refused_listing_does_not_hold_the_others(channel: Channel) -> None:
    listings = [channel.listing(f"A-{number}") for number in range(5)]
    channel.refuse("A-2")
    outcomes = await channel.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    assert [outcome.sku for outcome in outcomes] == [listing.sku for listing in listings]
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True, True]
    assert isinstance(outcomes[2].error, RejectedListingError)
    assert await channel.listings("A-2") == []
    for listing in listings[:2] + listings[3:]:
        await assert_shows(channel, listing)


async def test_a_refused_listing_passes_once_it_is_mended(channel: Channel) -> None:
    listing = channel.listing("A-1")
    channel.refuse("A-1")
    first = await apply(channel, Operation.CREATE, listing)
    assert isinstance(first.error, PermanentError)
    assert first.error.message
    channel.mend()
    assert (await apply(channel, Operation.CREATE, listing, first)).error is None
    await assert_shows(channel, listing)


@pytest.mark.parametrize("delay", [None, 7.0])
async def test_throttling_says_how_long_to_wait_if_the_channel_does(channel: Channel, delay: float | None) -> None:
    listing = channel.listing("A-1")
    channel.throttle(times=1, delay=delay)
    outcome = await apply(channel, Operation.CREATE, listing)
    assert isinstance(outcome.error, RateLimitedError)
    assert outcome.error.delay == delay
    assert not outcome.error.effect_unknown
    await created(channel, listing)


async def test_the_channels_own_failure_is_temporary(channel: Channel) -> None:
    listing = channel.listing("A-1")
    channel.fail(times=1)
    outcome = await apply(channel, Operation.CREATE, listing)
    assert isinstance(outcome.error, ChannelUnavailableError)
    await created(channel, listing)
    await assert_shows(channel, listing)


@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.REVISE_CONTENT, Operation.REVISE_OFFER])
async def test_a_lost_answer_leaves_the_effect_unknown_and_a_repeat_converges(
    channel: Channel, operation: Operation
) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing) if operation is not Operation.CREATE else None
    newer = replace(listing, price=Money(Decimal("24.00"), "EUR"))
    channel.lose_answer("A-1")
    lost = await apply(channel, operation, newer, first)
    assert isinstance(lost.error, TemporaryError)
    assert lost.error.effect_unknown
    again = await apply(channel, operation, newer, first)
    assert again.error is None
    await assert_shows(channel, newer)


async def test_a_lost_answer_to_stock_alone_converges(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    sold_out = replace(listing, quantity=0)
    channel.lose_answer("A-1")
    lost = await apply(channel, Operation.REVISE_STOCK, sold_out, first)
    assert lost.error is not None
    assert lost.error.effect_unknown
    assert (await apply(channel, Operation.REVISE_STOCK, sold_out, first)).error is None
    await assert_shows(channel, sold_out)


async def test_a_lost_answer_to_a_withdrawal_converges(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    channel.lose_answer("A-1")
    lost = await apply(channel, Operation.WITHDRAW, listing, first)
    assert lost.error is not None
    assert lost.error.effect_unknown
    assert (await apply(channel, Operation.WITHDRAW, listing, first)).error is None
    assert await channel.listings("A-1") == []


async def test_an_expired_token_is_renewed_unnoticed(channel: Channel) -> None:
    if not channel.has_tokens:
        pytest.skip(f"{channel.name} has no tokens")
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    channel.expire_token()
    newer = replace(listing, quantity=1)
    assert (await apply(channel, Operation.REVISE_OFFER, newer, first)).error is None
    await assert_shows(channel, newer)


async def test_a_revoked_credential_halts_the_account(channel: Channel) -> None:
    listings = [channel.listing(f"A-{number}") for number in range(3)]
    await created(channel, listings[0])
    channel.revoke()
    outcomes = await channel.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    assert [type(outcome.error) for outcome in outcomes] == [AuthenticationError] * 3
    with pytest.raises(AuthenticationError):
        await channel.adapter.test_connection()
    channel.mend()
    await created(channel, listings[1])


async def test_a_list_that_breaks_off_is_an_error_and_never_an_end(channel: Channel) -> None:
    size = channel.adapter.batch_size
    for start in range(0, 120, size):
        listings = [channel.listing(f"A-{number}") for number in range(start, min(start + size, 120))]
        await channel.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    page = await channel.adapter.list_listings()
    assert page.next
    channel.fail(times=1)
    with pytest.raises(ChannelUnavailableError):
        await channel.adapter.list_listings(page.next)
    assert (await channel.adapter.list_listings(page.next)).listings
