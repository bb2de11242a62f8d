"""ManoMano's adapter against its stand-in: what is ManoMano's own and not in the suite for every channel."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.errors import (
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    RateLimitedError,
    RejectedListingError,
    TemporaryError,
    UnderReviewError,
)
from adapters.manomano.feed import ContentFormat
from adapters.model import Command, Listing, Money, Operation, Variant
from adapters.sandbox.manomano import Rules, Seller
from adapters.sandbox.manomano.contents import import_feed
from tests.contract.channels import apply, assert_shows, created, shown
from tests.contract.manomano_channel import ManomanoChannel, manomano_channel


async def routes(manomano: ManomanoChannel) -> dict[str, int]:
    """Calls by route since the journal was cleared."""
    return {name: row["calls"] for name, row in (await manomano.control("counts"))["routes"].items()}


def creations(*listings: Listing) -> list[Command]:
    return [Command(Operation.CREATE, one.sku, one) for one in listings]


async def test_whole_offers_travel_by_20_and_prices_by_100(manomano: ManomanoChannel) -> None:
    listings = [manomano.listing(f"A-{number}") for number in range(100)]
    outcomes = await manomano.adapter.apply(creations(*listings))
    assert await routes(manomano) == {"put_offers": 5}
    revised = [
        Command(Operation.REVISE_OFFER, one.sku, one, outcome.references)
        for one, outcome in zip(listings, outcomes, strict=True)
    ]
    await manomano.adapter.apply(revised)
    assert await routes(manomano) == {"put_offers": 5, "patch_offers": 1}


async def test_an_offer_waits_for_the_approval_of_its_content_and_holds_no_other_up() -> None:
    async with manomano_channel(Rules(approval=3600)) as manomano:
        old = manomano.listing("OLD")
        assert isinstance((await apply(manomano, Operation.CREATE, old)).error, UnderReviewError)
        manomano.sandbox.clock.offset += 3600
        waiting, taken = await manomano.adapter.apply(creations(manomano.listing("NEW"), old))
        assert isinstance(waiting.error, UnderReviewError)
        assert waiting.error.delay == 7200
        assert waiting.error.code == "NO_CONTENT_APPROVED"
        assert waiting.error.known
        assert taken.error is None
        await assert_shows(manomano, old)
        assert await manomano.listings("NEW") == []


async def test_price_and_stock_of_a_revision_do_not_wait_for_its_content(manomano: ManomanoChannel) -> None:
    listing = manomano.listing("A-1")
    first = await created(manomano, listing)
    manomano.switch_on({"kind": "refused_sku", "sku": "A-1", "error_id": "NO_CONTENT_APPROVED", "route": "put_offers"})
    newer = replace(listing, price=Money(Decimal("9.90"), "EUR"), quantity=1)
    outcome = await apply(manomano, Operation.REVISE_CONTENT, newer, first)
    assert isinstance(outcome.error, UnderReviewError)
    seen = await shown(manomano, "A-1")
    assert (seen.price, seen.quantity) == (Decimal("9.90"), 1)


async def test_a_price_that_could_not_be_changed_meanwhile_is_tried_sooner_than_the_content(
    manomano: ManomanoChannel,
) -> None:
    first = await created(manomano, manomano.listing("A-1"))
    manomano.switch_on({"kind": "refused_sku", "sku": "A-1", "error_id": "NO_CONTENT_APPROVED", "route": "put_offers"})
    manomano.switch_on({"kind": "rate_limited", "route": "patch_offers", "retry_after": 9})
    outcome = await apply(manomano, Operation.REVISE_CONTENT, manomano.listing("A-1"), first)
    assert isinstance(outcome.error, RateLimitedError)
    assert outcome.error.delay == 9


async def test_a_take_down_is_stock_0_with_the_last_price_and_weight(manomano: ManomanoChannel) -> None:
    listing = manomano.listing("A-1")
    first = await created(manomano, listing)
    cheaper = await apply(manomano, Operation.REVISE_OFFER, replace(listing, price=Money(Decimal(5), "EUR")), first)
    assert first.references == {"price": "19.90", "weight": "0.350"}
    assert (await apply(manomano, Operation.WITHDRAW, listing, cheaper)).error is None
    last = (await manomano.calls("A-1"))[-1]
    assert (last["operation"], last["price"], last["quantity"]) == ("put_offers", "5.00", 0)
    assert manomano.offers["A-1"].weight == 0.35
    assert all(stored.gone for stored in manomano.feed.items.values())


async def test_a_take_down_of_what_we_know_nothing_of_needs_no_price(manomano: ManomanoChannel) -> None:
    await created(manomano, manomano.listing("A-1"))
    manomano.feed.items.clear()
    assert (await apply(manomano, Operation.WITHDRAW, manomano.listing("A-1"))).error is None
    assert [call["operation"] for call in await manomano.calls("A-1")] == ["put_offers", "patch_offers"]
    assert manomano.offers["A-1"].stock == 0


async def test_a_take_down_that_is_refused_whole_goes_as_stock_alone(manomano: ManomanoChannel) -> None:
    listing = manomano.listing("A-1")
    first = await created(manomano, listing)
    manomano.switch_on({"kind": "refused_sku", "sku": "A-1", "route": "put_offers"})
    assert (await apply(manomano, Operation.WITHDRAW, listing, first)).error is None
    assert manomano.offers["A-1"].stock == 0


async def test_a_call_refused_whole_for_one_offer_is_halved_until_it_stands_alone(manomano: ManomanoChannel) -> None:
    listings = [manomano.listing(f"A-{number}") for number in range(6)]
    manomano.switch_on({"kind": "bare_400", "sku": "A-3"})
    outcomes = await manomano.adapter.apply(creations(*listings))
    assert [outcome.error is None for outcome in outcomes] == [True, True, True, False, True, True]
    error = outcomes[3].error
    assert isinstance(error, RejectedListingError)
    # ManoMano gives no reason, so what was sent is told
    assert "without a reason" in error.message
    assert '"display_weight":0.35' in error.message


async def test_an_answer_that_tells_of_no_offer_is_taken_with_a_remark(manomano: ManomanoChannel) -> None:
    manomano.switch_on({"kind": "unsaid"})
    outcome = await apply(manomano, Operation.CREATE, manomano.listing("A-1"))
    assert outcome.error is None
    assert any("said nothing" in warning for warning in outcome.warnings)


async def test_the_hours_budget_ends_with_a_time_to_wait_for() -> None:
    async with manomano_channel(Rules(calls_per_hour=2)) as manomano:
        for number in range(2):
            await created(manomano, manomano.listing(f"A-{number}"))
        outcome = await apply(manomano, Operation.CREATE, manomano.listing("A-2"))
        assert isinstance(outcome.error, RateLimitedError)
        assert outcome.error.delay is not None
        assert 3590 < outcome.error.delay <= 3601
        manomano.sandbox.clock.offset += 3601
        await created(manomano, manomano.listing("A-2"))


async def test_what_patch_writes_is_frozen_and_our_feed_has_no_figures(manomano: ManomanoChannel) -> None:
    listing = manomano.listing("A-1")
    first = await created(manomano, listing)
    assert manomano.offers["A-1"].frozen == frozenset()
    revised = await apply(manomano, Operation.REVISE_OFFER, replace(listing, quantity=3), first)
    assert revised.references["frozen"] == "price stock"
    assert (await manomano.adapter.read_back(["A-1"]))["A-1"].references == revised.references
    assert manomano.offers["A-1"].frozen == {"PRICE", "STOCK"}
    file = manomano.feed.publish(ContentFormat()).decode()
    assert "19.9" not in file
    shop = manomano.sandbox.shops[Seller().name, 110841]
    header = "sku;brand;title;description;image_1;ean;quantity;product_price_vat_inc\n"
    import_feed(shop, (header + "A-1;B;T;D;https://x.test/1.jpg;1;99;1.00\n").encode())
    assert (manomano.offers["A-1"].stock, manomano.offers["A-1"].price) == (3, "19.90")


async def test_columns_and_categories_are_learned_and_a_broken_download_changes_nothing(
    manomano: ManomanoChannel,
) -> None:
    adapter, listing = manomano.adapter, manomano.listing("A-1")
    assert not adapter.knows(listing)
    manomano.switch_on({"kind": "short_list"})
    await adapter.learn([listing])
    assert adapter.schema_print(listing) == ""
    assert adapter.knows(listing)  # not asked again at once: that costs of the budget
    assert await routes(manomano) == {"list_fields": 2}


async def test_attributes_go_into_live_columns_with_their_units_and_accepted_values(manomano: ManomanoChannel) -> None:
    attributes = {"Colore": ("Blu",), "Materiale": ("Legno",), "Potenza": ("1,2 kW",), "Umore": ("allegro",)}
    listing = replace(manomano.listing("A-1"), attributes=attributes)
    await manomano.adapter.learn([listing])
    assert manomano.adapter.schema_print(listing).endswith("/leaf")
    outcome = await created(manomano, listing)
    content = (await shown(manomano, "A-1")).content
    assert {name: content[name] for name in ("colour", "power", "power_unit", "weight", "weight_unit")} == {
        "colour": "blue",
        "power": "1.2",
        "power_unit": "kW",
        "weight": "0.35",
        "weight_unit": "kg",
    }
    assert "material" not in content
    assert any("Umore" in warning for warning in outcome.warnings)
    assert any("ceramic, steel" in warning for warning in outcome.warnings)
    problems = manomano.adapter.validate(replace(listing, category="20690"))
    assert [problem.rule for problem in problems] == ["no_leaf"]


async def test_what_manomano_does_not_show_it_says_why(manomano: ManomanoChannel) -> None:
    listing = manomano.listing("A-1")
    await created(manomano, listing)
    grid = dict(manomano.offers["A-1"].grids[0])
    manomano.offers["A-1"].grids = ({**grid, "shipping_time_max": grid["shipping_time_min"]},)
    (found,) = (await manomano.adapter.read_back(["A-1"])).values()
    assert not found.live
    assert [problem.rule for problem in found.problems] == ["ALL_GRID_NOT_ELIGIBLE_FOR_OFFER"]
    assert "carrier_grids" in found.problems[0].cure


async def test_content_that_is_not_approved_any_more_is_under_review(manomano: ManomanoChannel) -> None:
    await created(manomano, manomano.listing("A-1"))
    manomano.sandbox.shops[Seller().name, 110841].contents.clear()
    (found,) = (await manomano.adapter.read_back(["A-1"])).values()
    assert (found.live, found.under_review, found.problems) == (False, True, ())


async def test_ghosts_are_listed_with_what_a_take_down_needs(manomano: ManomanoChannel) -> None:
    await created(manomano, manomano.listing("A-1"))
    shop = manomano.sandbox.shops[Seller().name, 110841]
    answer = await manomano.plant([{"sku": "GHOST", "price": 12.5, "stock": 4}])
    assert answer == {"offers": 2}
    listings = {one.sku: one for one in (await manomano.adapter.list_listings()).listings}
    ghost = listings["GHOST"]
    assert (ghost.live, ghost.quantity, ghost.price) == (True, 4, Money(Decimal("12.50"), "EUR"))
    (outcome,) = await manomano.adapter.apply([Command(Operation.WITHDRAW, "GHOST", None, ghost.references)])
    assert outcome.error is None
    assert shop.offers["GHOST"].stock == 0


async def test_a_contract_of_somebody_else_and_a_missing_grid_are_told() -> None:
    async with manomano_channel(seller_contract_id=999) as manomano:
        with pytest.raises(AuthenticationError, match="not for this contract"):
            await manomano.adapter.test_connection()
    async with manomano_channel(carrier_grids=()) as manomano:
        with pytest.raises(ConfigurationError, match="MANOMANO_CARRIER_GRIDS"):
            await manomano.adapter.test_connection()


async def test_our_feed_that_cannot_be_reached_fails_the_commands_in_words(manomano: ManomanoChannel) -> None:
    manomano.feed.faults.append(TemporaryError("the items cannot be read"))
    outcome = await apply(manomano, Operation.CREATE, manomano.listing("A-1"))
    assert isinstance(outcome.error, TemporaryError)
    assert await manomano.writes() == 0


def a_group(manomano: ManomanoChannel, *colours: str) -> Listing:
    price = Money(Decimal("19.90"), "EUR")
    return replace(
        manomano.listing("G"),
        gtins=(),
        attributes={"Materiale": ("Ceramica",)},
        axes=("Colore",),
        quantity=2 * len(colours),
        variants=tuple(
            Variant(f"G-{colour}", price, 2, {"Colore": (colour,)}, gtins=("4006381333931",)) for colour in colours
        ),
    )


async def test_every_version_of_a_group_is_an_offer_and_a_record_under_its_parent(manomano: ManomanoChannel) -> None:
    group = a_group(manomano, "Blu", "Rosso")
    await manomano.adapter.learn([group])
    first = await created(manomano, group)
    for sku, colour in (("G-Blu", "blue"), ("G-Rosso", "red")):
        seen = await shown(manomano, sku)
        assert (seen.content["ParentSKU"], seen.content["parent_title"]) == ("G", group.title)
        assert seen.content["colour"] == colour
        assert seen.title == f"{group.title} {sku[2:]}"
    assert await manomano.listings("G") == []
    found = (await manomano.adapter.read_back(["G"]))["G"]
    assert (found.title, found.live, found.quantity, found.price) == (group.title, True, 4, group.price)
    assert [one.sku for one in found.variants] == ["G-Blu", "G-Rosso"]
    assert (await apply(manomano, Operation.REVISE_OFFER, group, first)).error is None


async def test_a_version_that_is_no_more_is_taken_down_with_its_record(manomano: ManomanoChannel) -> None:
    first = await created(manomano, a_group(manomano, "Blu", "Rosso"))
    smaller = a_group(manomano, "Blu")
    command = Command(Operation.REVISE_CONTENT, "G", smaller, first.references, variants=("G-Blu", "G-Rosso"))
    (outcome,) = await manomano.adapter.apply([command])
    assert outcome.error is None
    assert (manomano.offers["G-Rosso"].stock, manomano.offers["G-Blu"].stock) == (0, 2)
    assert await manomano.listings("G-Rosso") == []
    gone = Command(Operation.WITHDRAW, "G", None, outcome.references, variants=("G-Blu",))
    assert [one.error for one in await manomano.adapter.apply([gone])] == [None]
    assert await manomano.listings("G-Blu") == []


async def test_the_stock_of_one_version_changes_alone(manomano: ManomanoChannel) -> None:
    first = await created(manomano, a_group(manomano, "Blu", "Rosso"))
    quantities = {"G-Blu": 0, "G-Verde": 3}
    command = Command(Operation.REVISE_STOCK, "G", None, first.references, 0, ("G-Blu", "G-Rosso"), quantities)
    assert [one.error for one in await manomano.adapter.apply([command])] == [None]
    assert {sku: offer.stock for sku, offer in manomano.offers.items()} == {"G-Blu": 0, "G-Rosso": 2}


async def test_two_listings_cannot_have_one_sku(manomano: ManomanoChannel) -> None:
    await created(manomano, a_group(manomano, "Blu"))
    outcome = await apply(manomano, Operation.CREATE, replace(manomano.listing("G-Blu")))
    assert isinstance(outcome.error, RejectedListingError)
    assert outcome.error.code == "sku_twice"


async def test_the_channels_failure_of_a_whole_write_leaves_its_effect_unknown(manomano: ManomanoChannel) -> None:
    manomano.fail(times=1)
    outcome = await apply(manomano, Operation.CREATE, manomano.listing("A-1"))
    assert isinstance(outcome.error, ChannelUnavailableError)
    assert outcome.error.effect_unknown
