"""Amazon's adapter against the stand-in: groups, feeds and their tickets, stock at Amazon's, what is told late."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.amazon.adapter import AmazonAdapter
from adapters.amazon.pricing import PriceAttributes
from adapters.errors import RejectedListingError, UnknownListingError
from adapters.model import Command, Listing, Money, Operation, Outcome, Variant
from adapters.sandbox.amazon import AT_ONCE, reads
from tests.contract.amazon_channel import AmazonChannel, amazon_channel
from tests.contract.channels import apply, assert_shows, created, shown

CODES = ("4006381333931", "8001234567897", "8001234567903")
LATE = 30.0  # seconds until a feed must have ended


def group(amazon: AmazonChannel, *colours: str) -> Listing:
    price = Money(Decimal("19.90"), "EUR")
    variants = tuple(
        Variant(f"G/1 {colour}", price, 5, {"Colore": (colour,)}, gtins=(code,))
        for colour, code in zip(colours, CODES, strict=False)
    )
    shared = amazon.listing("G/1")
    return replace(shared, gtins=(), attributes={}, variants=variants, axes=("Colore",), quantity=5 * len(variants))


async def ended(amazon: AmazonChannel, ticket: str) -> Mapping[str, Outcome]:
    deadline = time.monotonic() + LATE
    while (found := await amazon.adapter.follow(ticket)) is None:
        assert time.monotonic() < deadline, "the feed never ended"
    return found


async def test_a_group_is_valid_and_shows_every_version(amazon: AmazonChannel) -> None:
    listing = group(amazon, "Rosso", "Blu")
    assert amazon.adapter.validate(listing) == []
    assert await amazon.adapter.rehearse(listing) == []
    await created(amazon, listing)
    read = (await amazon.adapter.read_back(["G/1"]))["G/1"]
    assert read.live
    assert {one.sku: one.quantity for one in read.variants} == {"G/1 Rosso": 5, "G/1 Blu": 5}
    assert await amazon.listings("G/1") == []  # nobody can buy a parent


async def test_a_change_of_one_version_drops_no_other(amazon: AmazonChannel) -> None:
    listing = group(amazon, "Rosso", "Blu")
    first = await created(amazon, listing)
    red, blue = listing.variants
    for operation in (Operation.REVISE_OFFER, Operation.REVISE_CONTENT):
        newer = replace(listing, variants=(replace(red, quantity=0), blue))
        assert (await apply(amazon, operation, newer, first)).error is None
        assert [(await shown(amazon, one.sku)).quantity for one in newer.variants] == [0, 5]


async def test_a_version_that_is_refused_is_named_and_healed_by_the_next_send(amazon: AmazonChannel) -> None:
    listing = group(amazon, "Rosso", "Blu", "Verde")
    amazon.refuse("G/1 Blu")
    failed = await apply(amazon, Operation.CREATE, listing)
    assert isinstance(failed.error, RejectedListingError)
    assert failed.error.message.startswith("G/1 Blu: ")
    assert [len(await amazon.listings(one.sku)) for one in listing.variants] == [1, 0, 1]
    amazon.mend()
    assert (await apply(amazon, Operation.CREATE, listing, failed)).error is None
    assert [len(await amazon.listings(one.sku)) for one in listing.variants] == [1, 1, 1]


@pytest.mark.parametrize("knowing", [True, False], ids=["with references", "without references"])
async def test_a_group_is_withdrawn_with_all_its_versions(amazon: AmazonChannel, knowing: bool) -> None:
    listing = group(amazon, "Rosso", "Blu")
    first = await created(amazon, listing)
    assert (await apply(amazon, Operation.WITHDRAW, listing, first if knowing else None)).error is None
    assert await amazon.adapter.read_back(["G/1", *(one.sku for one in listing.variants)]) == {}


async def test_a_version_that_is_no_more_goes_and_the_others_stay(amazon: AmazonChannel) -> None:
    listing = group(amazon, "Rosso", "Blu")
    first = await created(amazon, listing)
    fewer = replace(listing, variants=listing.variants[:1])
    assert (await apply(amazon, Operation.REVISE_CONTENT, fewer, first)).error is None
    assert [len(await amazon.listings(one.sku)) for one in listing.variants] == [1, 0]


async def test_a_feed_shows_what_calls_would_show(amazon: AmazonChannel) -> None:
    listings = [amazon.listing(f"A/{number} è") for number in range(10)]
    amazon.refuse(listings[7].sku)
    outcomes = await amazon.adapter.apply_bulk([Command(Operation.CREATE, one.sku, one) for one in listings])
    (ticket,) = {outcome.ticket for outcome in outcomes}
    found = await ended(amazon, ticket)
    assert isinstance(found[listings[7].sku].error, RejectedListingError)
    assert await amazon.listings(listings[7].sku) == []
    for listing in listings[:7] + listings[8:]:
        assert found[listing.sku].error is None
        await assert_shows(amazon, listing)
    assert set(await ended(amazon, ticket)) == set(found)


async def test_a_feed_changes_price_and_stock_alone(amazon: AmazonChannel) -> None:
    listing = amazon.listing("A-1")
    first = await created(amazon, listing)
    before = await shown(amazon, "A-1")
    cheaper = replace(listing, price=Money(Decimal(5), "EUR"), quantity=3, title="Un titolo più nuovo")
    (outcome,) = await amazon.adapter.apply_bulk([Command(Operation.REVISE_OFFER, "A-1", cheaper, first.references)])
    assert (await ended(amazon, outcome.ticket))["A-1"].error is None
    after = await shown(amazon, "A-1")
    assert (after.price, after.quantity, after.content) == (Decimal(5), 3, before.content)


async def test_a_feed_without_a_report_has_an_end_that_nobody_knows(amazon: AmazonChannel) -> None:
    amazon.switch_on({"kind": "feed_fatal"})
    (outcome,) = await amazon.adapter.apply_bulk([Command(Operation.CREATE, "A-1", amazon.listing("A-1"))])
    with pytest.raises(UnknownListingError, match="FATAL without a report"):
        await ended(amazon, outcome.ticket)


async def test_a_ticket_that_amazon_does_not_know_is_told(amazon: AmazonChannel) -> None:
    with pytest.raises(UnknownListingError):
        await amazon.adapter.follow("123")


async def test_stock_that_amazon_keeps_is_left_alone_and_is_no_difference(amazon: AmazonChannel) -> None:
    listing = amazon.listing("A-1")
    first = await created(amazon, listing)
    shop = next(iter(amazon.serving.sandbox.shops.values()))
    shop.fba["A-1"] = 40
    outcome = await apply(amazon, Operation.REVISE_OFFER, replace(listing, quantity=3), first)
    assert (outcome.error, outcome.references) == (None, {"fulfillment": "AMAZON_EU"})
    again = await apply(amazon, Operation.REVISE_CONTENT, replace(listing, quantity=3), outcome)
    assert again.error is None
    read = (await amazon.adapter.read_back(["A-1"]))["A-1"]
    assert (read.live, read.quantity, read.references) == (True, None, outcome.references)


async def test_what_amazon_finds_later_is_a_problem_that_is_read_back(amazon: AmazonChannel) -> None:
    amazon.switch_on({"kind": "late_issue", "sku": "A-1", "words": "the picture has a frame"})
    assert (await apply(amazon, Operation.CREATE, amazon.listing("A-1"))).error is None
    read = (await amazon.adapter.read_back(["A-1"]))["A-1"]
    (problem,) = read.problems
    assert problem.rule == "18027"
    assert "the picture has a frame" in problem.message


async def test_what_was_accepted_is_under_review_until_it_is_live() -> None:
    rules = replace(AT_ONCE, limits=False, discoverable_after=1000.0, buyable_after=3000.0)
    async with amazon_channel(rules) as amazon:
        await created(amazon, amazon.listing("A-1"))
        clock = amazon.serving.sandbox.clock
        said = []
        for moved in (0.0, 1500.0, 3500.0):
            clock.offset = moved
            read = (await amazon.adapter.read_back(["A-1"]))["A-1"]
            said.append((read.live, read.under_review))
    assert said == [(False, True), (False, True), (True, False)]


async def test_a_listing_that_amazon_is_silent_about_is_never_said_to_be_live(amazon: AmazonChannel) -> None:
    amazon.switch_on({"kind": "silence", "sku": "A-1"})
    assert (await apply(amazon, Operation.CREATE, amazon.listing("A-1"))).error is None
    found = await amazon.adapter.read_back(["A-1"])
    assert "A-1" not in found or (not found["A-1"].live and found["A-1"].under_review)


async def test_more_listings_than_a_search_reaches_are_walked_through_to_the_end(
    amazon: AmazonChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "_REACH", 100)  # a thousand at Amazon's, which takes seconds to make
    clock = amazon.serving.sandbox.clock
    for start in range(0, 130, 26):
        clock.offset += 5
        listings = [amazon.listing(f"A-{number:04}") for number in range(start, start + 26)]
        (first, *_) = await amazon.adapter.apply_bulk([Command(Operation.CREATE, one.sku, one) for one in listings])
        await ended(amazon, first.ticket)
    page = await amazon.adapter.list_listings()
    found = {one.sku for one in page.listings}
    while page.next:
        page = await amazon.adapter.list_listings(page.next)
        found |= {one.sku for one in page.listings}
    assert len(found) == 130


async def test_a_long_title_is_one_title_when_it_is_read_back(amazon: AmazonChannel) -> None:
    title = "Tazza in ceramica blu 35 cl fatta a mano in Umbria, adatta a microonde e lavastoviglie, con manico"
    await created(amazon, replace(amazon.listing("A-1"), title=title))
    assert (await amazon.adapter.read_back(["A-1"]))["A-1"].title == title


async def test_what_the_preview_says_is_what_the_submission_would_be_told(amazon: AmazonChannel) -> None:
    wrong: dict[str, Any] = {"Colore": ("Blu",), "country_of_origin": ("Atlantide",)}
    listing = replace(amazon.listing("A-1"), attributes=wrong)
    local = {problem.field for problem in amazon.adapter.validate(listing)}
    told = await amazon.adapter.rehearse(listing)
    assert local == {problem.field for problem in told} == {"attributes"}
    assert await amazon.listings("A-1") == []
    outcome = await apply(amazon, Operation.CREATE, listing)
    assert isinstance(outcome.error, RejectedListingError)
    assert outcome.error.code == told[0].rule


async def offers(amazon: AmazonChannel, sku: str) -> list[dict[str, Any]]:
    """The offers of a SKU, as Amazon would give them back."""
    assert isinstance(amazon.adapter, AmazonAdapter)
    item = await amazon.adapter._client.get_item(sku, ("attributes",))
    assert item is not None
    found: list[dict[str, Any]] = item["attributes"]["purchasable_offer"]
    return found


async def test_further_prices_stand_in_the_offer_and_end_when_the_product_has_them_no_more() -> None:
    named = PriceAttributes(business="B2B", sale="Saldo", sale_from="Da", sale_to="A", minimum="Minimo")
    given = {"B2B": ("17.50",), "Saldo": ("15",), "Da": ("2026-11-24",), "A": ("2026-11-30",), "Minimo": ("12",)}
    async with amazon_channel(prices=named) as amazon:
        plain = amazon.listing("A-1")
        listing = amazon.adapter.fit(replace(plain, attributes={**plain.attributes, **given}))
        assert not any("Saldo" in remark for remark in listing.remarks)
        assert amazon.adapter.validate(listing) == []
        assert await amazon.adapter.rehearse(listing) == []
        first = await created(amazon, listing)
        consumers, businesses = await offers(amazon, "A-1")
        assert consumers["discounted_price"][0]["schedule"][0]["end_at"] == "2026-11-30"
        assert businesses["audience"] == "B2B"
        assert (await apply(amazon, Operation.REVISE_OFFER, plain, first)).error is None
        [only] = await offers(amazon, "A-1")
        assert set(only) == {"marketplace_id", "currency", "audience", "our_price"}
