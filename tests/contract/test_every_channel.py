"""The one suite that every channel's adapter passes: what `adapters.base.Adapter` promises, seen from outside."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.errors import UnknownListingError
from adapters.model import Command, Money, Operation, Outcome
from tests.contract.channels import Channel, apply, assert_shows, created, shown

ODD_SKUS = ("due parole", "A/B/1", "rosso, blu", "50%+IVA&C#1?", "caffè-ñ-東京", "a..b", "~x'y\"z(1)", "..")


async def test_connects(channel: Channel) -> None:
    await channel.adapter.test_connection()


async def test_valid_listing_has_no_problems(channel: Channel) -> None:
    assert channel.adapter.validate(channel.listing("A-1")) == []


async def test_p17_fitting_cleans_the_description_at_most_says_so_and_is_done_after_once(channel: Channel) -> None:
    for description in ("<p>Una tazza.</p>", "<p>Una tazza.</p><script>x()</script>", "5 < 6 & così", ""):
        listing = replace(channel.listing("A-1"), description=description)
        fitted = channel.adapter.fit(listing)
        assert channel.adapter.fit(fitted) == fitted
        assert replace(fitted, description=description, remarks=()) == listing
        assert fitted.remarks or "script" not in description or fitted == listing


async def test_price_zero_is_a_problem_in_words(channel: Channel) -> None:
    problems = channel.adapter.validate(replace(channel.listing("A-1"), price=Money(Decimal(0), "EUR")))
    assert [(problem.field, problem.message) for problem in problems] == [
        ("price", "Price must be greater than 0"),
    ]
    assert all(problem.cure for problem in problems)


async def test_renders_price_and_stock_apart_from_content(channel: Channel) -> None:
    listing = channel.listing("A-1")
    cheaper = replace(listing, price=Money(Decimal("1.00"), "EUR"), quantity=1)
    renamed = replace(listing, title="Tazza in ceramica verde 35 cl")
    render = channel.adapter.render
    assert render(cheaper).content == render(listing).content
    assert render(cheaper).offer != render(listing).offer
    assert render(renamed).content != render(listing).content
    assert render(renamed).offer == render(listing).offer


async def test_creates(channel: Channel) -> None:
    listing = channel.listing("A-1")
    outcome = await created(channel, listing)
    assert outcome.sku == "A-1"
    assert outcome.references
    await assert_shows(channel, listing)


async def test_revises_content(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    before = await shown(channel, "A-1")
    renamed = replace(listing, title="Tazza in ceramica verde 35 cl", attributes={"Colore": ("Verde",)})
    outcome = await apply(channel, Operation.REVISE_CONTENT, renamed, first)
    assert outcome.error is None
    await assert_shows(channel, renamed)
    assert (await shown(channel, "A-1")).content != before.content


async def test_p9_revises_price_and_stock_without_touching_content(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    before = await shown(channel, "A-1")
    # the content of the command is newer than what is shown: only a revision of content may bring it
    cheaper = replace(listing, price=Money(Decimal("17.5"), "EUR"), quantity=3, title="Un titolo più nuovo")
    outcome = await apply(channel, Operation.REVISE_OFFER, cheaper, first)
    assert outcome.error is None
    after = await shown(channel, "A-1")
    assert (after.price, after.quantity) == (Decimal("17.5"), 3)
    assert (after.title, after.content) == (before.title, before.content)


async def test_stock_zero_is_kept_and_comes_back(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    sold_out = await apply(channel, Operation.REVISE_OFFER, replace(listing, quantity=0), first)
    assert sold_out.error is None
    read = (await channel.adapter.read_back(["A-1"]))["A-1"]
    assert (read.live, read.quantity) == (True, 0)
    assert (await apply(channel, Operation.REVISE_OFFER, listing, first)).error is None
    await assert_shows(channel, listing)


@pytest.mark.parametrize("knowing", [True, False], ids=["with references", "without references"])
async def test_revises_stock_alone(channel: Channel, knowing: bool) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    for quantity in (0, 3):
        newer = replace(listing, quantity=quantity, title="Un titolo più nuovo", price=Money(Decimal(5), "EUR"))
        outcome = await apply(channel, Operation.REVISE_STOCK, newer, first if knowing else None)
        assert outcome.error is None
        await assert_shows(channel, replace(listing, quantity=quantity))


async def test_stock_alone_never_makes_anything_live(channel: Channel) -> None:
    never = channel.listing("never")
    assert (await apply(channel, Operation.REVISE_STOCK, never)).error is None
    assert await channel.listings("never") == []
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    await apply(channel, Operation.WITHDRAW, listing, first)
    for references in (first, None, Outcome("A-1", references=dict.fromkeys(("offer_id", "listing_id"), "999"))):
        assert (await apply(channel, Operation.REVISE_STOCK, listing, references)).error is None
        assert await channel.listings("A-1") == []


async def test_stock_alone_finds_a_listing_under_stale_references(channel: Channel) -> None:
    listing = channel.listing("A-1")
    await created(channel, listing)
    stale = Outcome("A-1", references=dict.fromkeys(("offer_id", "listing_id"), "999"))
    assert (await apply(channel, Operation.REVISE_STOCK, replace(listing, quantity=0), stale)).error is None
    await assert_shows(channel, replace(listing, quantity=0))


async def test_withdraws_and_withdrawing_again_is_a_success(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    for _ in range(2):
        outcome = await apply(channel, Operation.WITHDRAW, listing, first)
        assert outcome.error is None
        assert await channel.listings("A-1") == []


async def test_withdraws_without_references(channel: Channel) -> None:
    await created(channel, channel.listing("A-1"))
    assert (await apply(channel, Operation.WITHDRAW, channel.listing("A-1"))).error is None
    assert await channel.listings("A-1") == []


async def test_withdrawing_what_never_was_is_a_success(channel: Channel) -> None:
    assert (await apply(channel, Operation.WITHDRAW, channel.listing("never"))).error is None


async def test_relists_after_withdrawal(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    await apply(channel, Operation.WITHDRAW, listing, first)
    again = replace(listing, price=Money(Decimal(21), "EUR"))
    assert (await apply(channel, Operation.CREATE, again, first)).error is None
    await assert_shows(channel, again)


async def test_create_adopts_what_is_there(channel: Channel) -> None:
    first = await created(channel, channel.listing("A-1"))
    newer = replace(channel.listing("A-1"), title="Tazza in ceramica verde 35 cl", quantity=2)
    second = await created(channel, newer)
    assert second.references == first.references
    await assert_shows(channel, newer)


async def test_stale_references_do_no_harm(channel: Channel) -> None:
    stale = Outcome("A-1", references=dict.fromkeys(("offer_id", "listing_id"), "999"))
    listing = channel.listing("A-1")
    assert (await apply(channel, Operation.CREATE, listing, stale)).error is None
    await assert_shows(channel, listing)
    assert (await apply(channel, Operation.WITHDRAW, listing, stale)).error is None
    assert await channel.listings("A-1") == []


@pytest.mark.parametrize("operation", [Operation.REVISE_CONTENT, Operation.REVISE_OFFER])
async def test_a_revision_is_never_lost_when_the_listing_is_gone(channel: Channel, operation: Operation) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    await apply(channel, Operation.WITHDRAW, listing, first)
    newer = replace(listing, price=Money(Decimal(23), "EUR"), quantity=4)
    outcome = await apply(channel, operation, newer, first)
    if outcome.error is None:
        await assert_shows(channel, newer)
    else:
        assert isinstance(outcome.error, UnknownListingError)  # the planner then creates it


async def test_mixed_operations_travel_together(channel: Channel) -> None:
    base = [channel.listing(f"A-{number}") for number in range(4)]
    references = {}
    for listing in base[1:]:
        references[listing.sku] = (await created(channel, listing)).references
    renamed = replace(base[1], title="Tazza in ceramica verde 35 cl")
    cheaper = replace(base[2], price=Money(Decimal(5), "EUR"))
    commands = [
        Command(Operation.WITHDRAW, "A-3", None, references["A-3"]),
        Command(Operation.REVISE_OFFER, "A-2", cheaper, references["A-2"]),
        Command(Operation.CREATE, "A-0", base[0]),
        Command(Operation.REVISE_CONTENT, "A-1", renamed, references["A-1"]),
    ]
    outcomes = await channel.adapter.apply(commands)
    assert [(outcome.sku, outcome.error) for outcome in outcomes] == [(command.sku, None) for command in commands]
    for listing in (base[0], renamed, cheaper):
        await assert_shows(channel, listing)
    assert await channel.listings("A-3") == []


async def test_odd_skus_arrive_as_they_are(channel: Channel) -> None:
    listings = [channel.listing(sku) for sku in ODD_SKUS]
    commands = [Command(Operation.CREATE, listing.sku, listing) for listing in listings]
    outcomes = await channel.adapter.apply(commands)
    assert [outcome.error for outcome in outcomes] == [None] * len(ODD_SKUS)
    for listing in listings:
        await assert_shows(channel, listing)
    assert set(await channel.adapter.read_back(ODD_SKUS)) == set(ODD_SKUS)
    for listing in listings:  # without references, so that each is looked up by its SKU
        assert (await apply(channel, Operation.WITHDRAW, listing)).error is None
        assert await channel.listings(listing.sku) == []


async def test_unicode_text_arrives_as_it_is(channel: Channel) -> None:
    listing = replace(channel.listing("A-1"), title="Tè “verde” 東京 – 50 µg & più 🍵")
    await created(channel, listing)
    await assert_shows(channel, listing)


async def test_reads_back_what_is_shown(channel: Channel) -> None:
    listing = channel.listing("A-1")
    first = await created(channel, listing)
    await created(channel, channel.listing("A-2"))
    await apply(channel, Operation.WITHDRAW, channel.listing("A-2"))
    found = await channel.adapter.read_back(["A-1", "A-2", "unknown"])
    one = found["A-1"]
    assert (one.live, one.title, one.price, one.quantity) == (True, listing.title, listing.price, listing.quantity)
    assert one.references == first.references
    assert "unknown" not in found
    assert "A-2" not in found or not found["A-2"].live


async def test_lists_everything_there_is_page_by_page(channel: Channel) -> None:
    listings = [channel.listing(f"A-{number}") for number in range(120)]
    size = channel.adapter.batch_size
    for start in range(0, len(listings), size):
        await channel.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings[start : start + size]])
    await apply(channel, Operation.WITHDRAW, listings[-1])
    page = await channel.adapter.list_listings()
    found, pages = list(page.listings), 1
    while page.next:
        page = await channel.adapter.list_listings(page.next)
        found += page.listings
        pages += 1
    assert pages > 1
    # some channels keep what was withdrawn, others know nothing of it any more
    assert sorted(one.sku for one in found if one.live) == sorted(one.sku for one in listings[:-1])
    assert [one.sku for one in found if not one.live] in ([], ["A-119"])
    for one in found:
        assert (one.title, one.price) == (listings[0].title, listings[0].price)
        assert one.references
        assert one.gtins == listings[0].gtins


async def test_an_account_without_listings_has_one_empty_page(channel: Channel) -> None:
    page = await channel.adapter.list_listings()
    assert (page.listings, page.next) == ((), "")


async def test_nothing_to_do_is_no_call(channel: Channel) -> None:
    assert await channel.adapter.apply([]) == []
    assert await channel.adapter.read_back([]) == {}
    assert await channel.writes() == 0


@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.REVISE_CONTENT, Operation.REVISE_OFFER])
async def test_a_full_batch_goes_through(channel: Channel, operation: Operation) -> None:
    listings = [channel.listing(f"A-{number}") for number in range(channel.adapter.batch_size)]
    if operation is not Operation.CREATE:
        await channel.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    newer = [replace(one, quantity=number) for number, one in enumerate(listings, start=1)]
    outcomes = await channel.adapter.apply([Command(operation, one.sku, one) for one in newer])
    assert [(outcome.sku, outcome.error) for outcome in outcomes] == [(one.sku, None) for one in newer]
    for listing in newer:
        await assert_shows(channel, listing)


async def test_closing_twice_is_once(channel: Channel) -> None:
    await channel.adapter.close()
    await channel.adapter.close()
