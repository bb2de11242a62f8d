"""Listings with variants on eBay: one listing with choices, in which a change of one never drops another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from adapters.errors import ChannelUnavailableError, RejectedListingError
from adapters.model import Command, Listing, Money, Operation, Outcome, Variant
from tests.contract.channels import EbayChannel, created

SIZES = ("S", "M", "L")


def variant(size: str, quantity: int = 4, price: str = "19.90", **changes: object) -> Variant:
    whole = Variant(
        sku=f"T-{size}",
        price=Money(Decimal(price), "EUR"),
        quantity=quantity,
        attributes={"Taglia": (size,)},
        images=(f"https://img.example.test/{size}.jpg",),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # fields by name


def shirt(ebay: EbayChannel, *variants: Variant) -> Listing:
    """A listing in three sizes, or in those given."""
    sold = variants or tuple(variant(size) for size in SIZES)
    return replace(
        ebay.listing("T"),
        title="Maglietta in cotone in tre taglie",
        gtins=(),
        variants=sold,
        axes=("Taglia",),
        price=min((one.price for one in sold), key=lambda price: price.amount),
        quantity=sum(one.quantity for one in sold),
    )


async def apply(
    ebay: EbayChannel,
    operation: Operation,
    listing: Listing | None,
    before: Outcome | None = None,
    variants: tuple[str, ...] = (),
    quantities: Mapping[str, int] | None = None,
) -> Outcome:
    references = before.references if before else {}
    command = Command(operation, "T", listing, references, variants=variants, quantities=quantities or {})
    (outcome,) = await ebay.adapter.apply([command])
    return outcome


async def shown(ebay: EbayChannel) -> dict[str, tuple[Decimal, int]]:
    """Price and pieces of each variant in the group's listing, by SKU."""
    rows = (await ebay.control("listings", group="T"))["listings"]
    assert len({row["listing_id"] for row in rows}) <= 1
    return {row["sku"]: (Decimal(row["price"]), row["quantity"]) for row in rows}


async def test_variants_are_one_listing(ebay: EbayChannel) -> None:
    outcome = await apply(ebay, Operation.CREATE, shirt(ebay))
    assert outcome.error is None
    assert set(orjson.loads(outcome.references["offers"])) == {"T-S", "T-M", "T-L"}
    assert await shown(ebay) == dict.fromkeys(("T-S", "T-M", "T-L"), (Decimal("19.90"), 4))
    (small,) = (await ebay.control("listings", sku="T-S", fields="full"))["listings"]
    assert small["title"] == "Maglietta in cotone in tre taglie"
    assert small["content"]["aspects"]["Taglia"] == ["S"]
    assert small["content"]["images"] == ["https://img.example.test/S.jpg"]
    assert small["listing_id"] == outcome.references["listing_id"]


async def test_a_group_is_a_few_bulk_calls(ebay: EbayChannel) -> None:
    sizes = [str(number) for number in range(25)]
    await apply(ebay, Operation.CREATE, shirt(ebay, *(variant(size) for size in sizes)))
    routes = (await ebay.control("counts"))["routes"]
    assert {name: row["calls"] for name, row in routes.items() if name != "token"} == {
        "bulk_replace_item": 1,
        "bulk_create_offer": 1,
        "replace_group": 1,
        "publish_group": 1,
    }


async def test_a_change_of_one_variant_never_drops_another(ebay: EbayChannel) -> None:
    first = await apply(ebay, Operation.CREATE, shirt(ebay))
    dearer = shirt(ebay, variant("S"), variant("M", price="24.00"), variant("L", quantity=0))
    assert (await apply(ebay, Operation.REVISE_OFFER, dearer, first)).error is None
    expected = {"T-S": (Decimal("19.90"), 4), "T-M": (Decimal("24.00"), 4), "T-L": (Decimal("19.90"), 0)}
    assert await shown(ebay) == expected
    renamed = replace(dearer, title="Maglietta in cotone biologico")
    second = await apply(ebay, Operation.REVISE_CONTENT, renamed, first)
    assert second.error is None
    assert second.references["listing_id"] == first.references["listing_id"]
    assert await shown(ebay) == expected


async def test_a_variant_comes_and_another_goes(ebay: EbayChannel) -> None:
    first = await apply(ebay, Operation.CREATE, shirt(ebay))
    changed = shirt(ebay, variant("S"), variant("M"), variant("XL"))
    second = await apply(ebay, Operation.REVISE_CONTENT, changed, first, ("T-S", "T-M", "T-L"))
    assert second.error is None
    assert set(await shown(ebay)) == {"T-S", "T-M", "T-XL"}
    assert second.references["listing_id"] == first.references["listing_id"]


async def test_a_variant_that_was_sold_stays_without_stock(ebay: EbayChannel) -> None:
    first = await apply(ebay, Operation.CREATE, shirt(ebay))
    offer_id = orjson.loads(first.references["offers"])["T-L"]
    sold = ebay.shop.offers[offer_id].listing
    assert sold is not None
    sold.sold = 1
    outcome = await apply(ebay, Operation.REVISE_CONTENT, shirt(ebay, variant("S"), variant("M")), first)
    assert outcome.error is None
    assert any("T-L" in warning for warning in outcome.warnings)
    assert (await shown(ebay))["T-L"] == (Decimal("19.90"), 0)


async def test_stock_of_single_variants(ebay: EbayChannel) -> None:
    first = await apply(ebay, Operation.CREATE, shirt(ebay))
    for before in (first, None):
        quantity = 0 if before else 2
        outcome = await apply(ebay, Operation.REVISE_STOCK, None, before, ("T-S", "T-M"), {"T-S": quantity})
        assert outcome.error is None
        assert {sku: pieces for sku, (_, pieces) in (await shown(ebay)).items()} == {
            "T-S": quantity,
            "T-M": 4,
            "T-L": 4,
        }


@pytest.mark.parametrize("knowing", [True, False])
async def test_a_withdrawal_takes_all_variants_down_and_they_come_back(ebay: EbayChannel, knowing: bool) -> None:
    first = await apply(ebay, Operation.CREATE, shirt(ebay))
    for _ in range(2):
        gone = await apply(ebay, Operation.WITHDRAW, None, first if knowing else None, ("T-S", "T-M", "T-L"))
        assert (gone.error, await shown(ebay)) == (None, {})
    again = await apply(ebay, Operation.CREATE, shirt(ebay), first)
    assert again.error is None
    assert len(await shown(ebay)) == 3
    assert again.references["listing_id"] != first.references["listing_id"]


async def test_a_single_listing_becomes_a_group_and_a_single_one_again(ebay: EbayChannel) -> None:
    alone = ebay.listing("T")
    single = await created(ebay, alone)
    group = await apply(ebay, Operation.REVISE_CONTENT, shirt(ebay), single)
    assert group.error is None
    assert await ebay.listings("T") == []
    assert len(await shown(ebay)) == 3
    merged = Outcome("T", references={**single.references, **group.references})
    back = await apply(ebay, Operation.REVISE_CONTENT, alone, merged, ("T-S", "T-M", "T-L"))
    assert back.error is None
    assert await shown(ebay) == {}
    assert len(await ebay.listings("T")) == 1


async def test_variants_that_were_listed_alone_join_the_group(ebay: EbayChannel) -> None:
    for size in ("S", "M"):
        await created(ebay, replace(ebay.listing(f"T-{size}"), attributes={"Taglia": (size,)}))
    outcome = await apply(ebay, Operation.CREATE, shirt(ebay))
    assert outcome.error is None
    assert len(await shown(ebay)) == 3
    assert len((await ebay.control("listings"))["listings"]) == 3


async def test_a_group_ended_behind_our_back_is_shown_again(ebay: EbayChannel) -> None:
    first = await apply(ebay, Operation.CREATE, shirt(ebay))
    await apply(ebay, Operation.WITHDRAW, None, first, ("T-S",))
    cheaper = shirt(ebay, *(variant(size, price="9.90") for size in SIZES))
    assert (await apply(ebay, Operation.REVISE_OFFER, cheaper, first)).error is None
    assert await shown(ebay) == dict.fromkeys(("T-S", "T-M", "T-L"), (Decimal("9.90"), 4))


@pytest.mark.parametrize("route", ["bulk_replace_item", "bulk_create_offer", "replace_group", "publish_group"])
async def test_a_creation_cut_at_any_step_converges(ebay: EbayChannel, route: str) -> None:
    ebay.switch_on({"kind": "lost_answer", "route": route, "count": 1})
    cut = await apply(ebay, Operation.CREATE, shirt(ebay))
    assert isinstance(cut.error, ChannelUnavailableError)
    assert cut.error.effect_unknown
    assert (await apply(ebay, Operation.CREATE, shirt(ebay), cut)).error is None
    assert len(await shown(ebay)) == 3


async def test_a_refused_variant_fails_its_group_by_name_and_no_other(ebay: EbayChannel) -> None:
    ebay.switch_on({"kind": "status", "status": 400, "error_id": 25016, "sku": "T-M", "route": "bulk_replace_item"})
    other = ebay.listing("A-1")
    commands = [Command(Operation.CREATE, "T", shirt(ebay)), Command(Operation.CREATE, "A-1", other)]
    group, single = await ebay.adapter.apply(commands)
    assert isinstance(group.error, RejectedListingError)
    assert "Variant T-M" in str(group.error)
    assert single.error is None


async def test_a_group_without_stock_waits_for_its_first_piece(ebay: EbayChannel) -> None:
    empty = shirt(ebay, *(variant(size, quantity=0) for size in SIZES))
    first = await apply(ebay, Operation.CREATE, empty)
    assert first.error is None
    assert any("Sold out" in warning for warning in first.warnings)
    assert (await apply(ebay, Operation.REVISE_OFFER, shirt(ebay), first)).error is None
    assert len(await shown(ebay)) == 3


async def test_a_group_that_is_accepted_and_never_shown_is_not_live(ebay: EbayChannel) -> None:
    ebay.switch_on({"kind": "silence", "sku": "T", "route": "publish_group"})
    assert (await apply(ebay, Operation.CREATE, shirt(ebay))).error is None
    assert await shown(ebay) == {}
    assert not (await ebay.adapter.read_back(["T"]))["T"].live


async def test_reads_groups_back_and_lists_each_once(ebay: EbayChannel) -> None:
    first = await apply(ebay, Operation.CREATE, shirt(ebay))
    await created(ebay, ebay.listing("A-1"))
    read = (await ebay.adapter.read_back(["T", "A-1", "unknown"]))["T"]
    assert (read.live, read.title, read.price, read.quantity) == (True, "Maglietta in cotone in tre taglie", None, None)
    assert [(one.sku, one.live, one.quantity) for one in read.variants] == [
        ("T-S", True, 4),
        ("T-M", True, 4),
        ("T-L", True, 4),
    ]
    assert read.references["listing_id"] == first.references["listing_id"]
    page = await ebay.adapter.list_listings()
    assert sorted(one.sku for one in page.listings) == ["A-1", "T"]
    adopted = await apply(ebay, Operation.CREATE, shirt(ebay), Outcome("T", references=read.references))
    assert adopted.references["listing_id"] == first.references["listing_id"]
    await apply(ebay, Operation.WITHDRAW, None, first, ("T-S",))
    assert not (await ebay.adapter.read_back(["T"]))["T"].live
