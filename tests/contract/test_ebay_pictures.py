"""Pictures on eBay's own server: copied once for each address, remembered until their end is near."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from adapters.ebay.opening import adapter_over
from adapters.errors import ChannelUnavailableError, RateLimitedError, RejectedListingError
from adapters.http import open_http
from adapters.model import Command, Operation, Outcome, Variant
from adapters.registry import make_adapter
from adapters.sandbox.ebay import Rules, Seller
from adapters.sandbox.ebay.pictures import PICTURES_AT
from tests.contract.channels import EbayChannel, apply, created, ebay_account, ebay_channel

BROKEN = "https://img.example.test/none.jpg"


@pytest.fixture
async def ebay() -> AsyncIterator[EbayChannel]:
    rules = Rules(broken_pictures=frozenset({BROKEN}), uploads_per_span=20)
    async with ebay_channel(rules=rules, replies=True, pictures="upload") as channel:
        yield channel


async def uploads(ebay: EbayChannel) -> int:
    routes: dict[str, Any] = (await ebay.control("counts"))["routes"]
    return int(routes.get("upload", {"calls": 0})["calls"])


async def images(ebay: EbayChannel, sku: str) -> list[str]:
    ((row),) = (await ebay.control("listings", sku=sku, fields="full"))["listings"]
    found: list[str] = row["content"]["images"]
    return found


async def test_pictures_are_copied_to_ebay_once_and_listings_share_them(ebay: EbayChannel) -> None:
    listings = [ebay.listing(f"A-{number}") for number in range(5)]
    outcomes = await ebay.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    assert [outcome.error for outcome in outcomes] == [None] * 5
    assert await uploads(ebay) == 2
    shown = await images(ebay, "A-3")
    assert len(shown) == 2
    assert all(address.startswith(PICTURES_AT) for address in shown)


async def test_another_process_uses_what_the_listing_remembers(ebay: EbayChannel) -> None:
    listing = ebay.listing("A-1")
    first = await created(ebay, listing)
    another = make_adapter("ebay", ebay_account(ebay.url, Seller(), pictures="upload"))
    renamed = replace(listing, title="Tazza in ceramica verde 35 cl")
    (second,) = await another.apply([Command(Operation.REVISE_CONTENT, "A-1", renamed, first.references)])
    (unknown,) = await another.apply([Command(Operation.REVISE_CONTENT, "A-1", renamed, {"pictures": "[1"})])
    await another.close()
    assert second.error is None
    assert unknown.error is None
    assert await uploads(ebay) == 2
    assert second.references["pictures"] == first.references["pictures"]


async def test_a_new_picture_is_copied_and_the_old_ones_stay(ebay: EbayChannel) -> None:
    listing = ebay.listing("A-1")
    first = await created(ebay, listing)
    before = await images(ebay, "A-1")
    more = replace(listing, images=(*listing.images, "https://img.example.test/tazza-3.jpg"))
    assert (await apply(ebay, Operation.REVISE_CONTENT, more, first)).error is None
    assert await uploads(ebay) == 3
    assert (await images(ebay, "A-1"))[:2] == before


async def test_a_picture_near_its_end_is_copied_anew(ebay: EbayChannel) -> None:
    account = ebay_account(ebay.url, Seller(), pictures="upload")
    listing = ebay.listing("A-1")
    first = await created(ebay, listing)
    routes = await uploads(ebay)
    for days, expected in ((28, routes), (30, routes + 2)):
        then = time.time() + days * 24 * 3600.0
        http = open_http({"EBAY_API_URL": account.api_url})
        later = adapter_over(account, http, wall=partial(float, then))
        (outcome,) = await later.apply([Command(Operation.REVISE_CONTENT, "A-1", listing, first.references)])
        await later.close()
        assert outcome.error is None
        assert await uploads(ebay) == expected


async def test_a_picture_that_cannot_be_loaded_fails_its_listing_by_name(ebay: EbayChannel) -> None:
    bad = replace(ebay.listing("A-1"), images=(BROKEN,))
    commands = [Command(Operation.CREATE, one.sku, one) for one in (bad, ebay.listing("A-2"))]
    refused, fine = await ebay.adapter.apply(commands)
    assert isinstance(refused.error, RejectedListingError)
    assert BROKEN in str(refused.error)
    assert refused.error.code == "190204"
    assert fine.error is None


async def test_too_many_at_once_wait_and_lose_nothing(ebay: EbayChannel) -> None:
    addresses = tuple(f"https://img.example.test/{number}.jpg" for number in range(24))
    listing = replace(ebay.listing("A-1"), images=addresses)
    first = await apply(ebay, Operation.CREATE, listing)
    assert isinstance(first.error, RateLimitedError)
    assert first.error.delay == 5.0
    assert await ebay.listings("A-1") == []
    ebay.shop.uploads.clear()  # five seconds later
    assert (await apply(ebay, Operation.CREATE, listing)).error is None
    assert len(ebay.shop.pictures) == 24


async def test_a_lost_answer_to_an_upload_leaves_nothing_in_doubt(ebay: EbayChannel) -> None:
    ebay.switch_on({"kind": "lost_answer", "route": "upload", "count": 1})
    lost = await apply(ebay, Operation.CREATE, ebay.listing("A-1"))
    assert isinstance(lost.error, ChannelUnavailableError)
    assert not lost.error.effect_unknown
    assert (await apply(ebay, Operation.CREATE, ebay.listing("A-1"))).error is None


async def test_prices_and_stock_upload_nothing(ebay: EbayChannel) -> None:
    first = await created(ebay, ebay.listing("A-1"))
    assert (await apply(ebay, Operation.REVISE_OFFER, ebay.listing("A-1"), first)).error is None
    assert (await apply(ebay, Operation.REVISE_STOCK, ebay.listing("A-1"), first)).error is None
    assert await uploads(ebay) == 2


async def test_pictures_of_variants_and_their_group_are_copied_too(ebay: EbayChannel) -> None:
    base = ebay.listing("T")
    variants = tuple(
        Variant(f"T-{size}", base.price, 2, {"Taglia": (size,)}, images=(f"https://img.example.test/{size}.jpg",))
        for size in ("S", "M")
    )
    listing = replace(base, gtins=(), variants=variants, axes=("Taglia",))
    outcome: Outcome = await apply(ebay, Operation.CREATE, listing)
    assert outcome.error is None
    assert await uploads(ebay) == 4
    assert all(address.startswith(PICTURES_AT) for address in await images(ebay, "T-S"))
    group = ebay.shop.groups["T"].document
    assert all(address.startswith(PICTURES_AT) for address in group["imageUrls"])
