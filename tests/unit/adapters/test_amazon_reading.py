"""What Amazon says of listings: live, sold out, under review, refused; and walks over all of them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from adapters.amazon.pages import Place
from adapters.amazon.reading import listing_of
from adapters.errors import ChannelUnavailableError
from adapters.model import ChannelListing
from tests.unit.adapters.amazon_wire import (
    ITALY,
    ITEMS,
    Amazon,
    Json,
    issue,
    item,
    make_amazon_account,
    make_amazon_adapter,
)


def read(**parts: Any) -> ChannelListing:
    return listing_of(item(**parts), make_amazon_account())


def summary(*statuses: str, **more: Any) -> list[Json]:
    return [{"marketplaceId": ITALY, "asin": "B000000001", "status": list(statuses), **more}]


def stock(quantity: int, channel: str = "DEFAULT") -> list[Json]:
    return [{"fulfillmentChannelCode": channel, "quantity": quantity}]


def enforced(action: str, status: str = "NOT_EXEMPT") -> Json:
    return {"enforcements": {"actions": [{"action": action}], "exemption": {"status": status}}}


def test_what_buyers_can_buy_is_live() -> None:
    found = read()
    assert (found.live, found.under_review, found.problems) == (True, False, ())
    assert found.references == {"fulfillment": "DEFAULT"}


@pytest.mark.parametrize("summaries", [[], summary(), summary("DISCOVERABLE"), summary("BUYABLE", marketplaceId="X")])
def test_what_is_not_buyable_yet_is_under_review(summaries: list[Json]) -> None:
    found = read(summaries=summaries)
    assert (found.live, found.under_review) == (False, True)


def test_what_is_sold_out_counts_as_live() -> None:
    found = read(summaries=summary("DISCOVERABLE"), fulfillmentAvailability=stock(0))
    assert (found.live, found.quantity) == (True, 0)


@pytest.mark.parametrize("summaries", [[], summary("DISCOVERABLE", asin=None)])
def test_what_has_no_place_in_the_catalogue_is_not_sold_out(summaries: list[Json]) -> None:
    assert not read(summaries=summaries, fulfillmentAvailability=stock(0)).live


def test_stock_at_amazon_is_amazons_to_count() -> None:
    found = read(fulfillmentAvailability=[*stock(0), *stock(40, "AMAZON_EU")])
    assert (found.quantity, found.references) == (None, {"fulfillment": "AMAZON_EU"})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (issue("90220", "ERROR", "MISSING_ATTRIBUTE"), True),
        (issue("18448", "WARNING", "MISSING_ATTRIBUTE"), False),
        (issue("18027", "WARNING", "INVALID_IMAGE", **enforced("SEARCH_SUPPRESSED")), True),
        (issue("18027", "WARNING", "INVALID_IMAGE", **enforced("SEARCH_SUPPRESSED", "EXEMPT")), False),
        (issue("18027", "WARNING", "INVALID_IMAGE", **enforced("ATTRIBUTE_SUPPRESSED")), False),
        (issue("1", "INFO"), False),
    ],
)
def test_what_stands_between_a_listing_and_its_buyers_is_a_problem(given: Json, told: bool) -> None:
    found = read(issues=[given], summaries=summary("DISCOVERABLE"))
    assert bool(found.problems) is told
    assert found.under_review is not told
    assert all(problem.cure for problem in found.problems)


def test_a_problem_names_the_listings_own_field() -> None:
    (problem,) = read(issues=[issue("18027", attributeNames=["main_product_image_locator"])]).problems
    assert (problem.field, problem.rule) == ("image", "18027")


def test_a_title_in_two_parts_is_one() -> None:
    attributes = {"item_name": [{"value": "Casco"}], "title_differentiation": [{"value": "taglia M"}]}
    assert read(attributes=attributes).title == "Casco taglia M"


async def test_a_group_is_read_with_its_versions() -> None:
    relations = [{"marketplaceId": ITALY, "relationships": [{"type": "VARIATION", "childSkus": ["G-1-Blu"]}]}]
    ill = item("G-1-Rosso", summaries=summary("DISCOVERABLE"), issues=[issue("90220")])

    def search(request: httpx.Request) -> httpx.Response:
        children = "variationParentSku" in request.url.params
        items = [item("G-1-Blu"), ill] if children else [item("G-1", relationships=relations)]
        return httpx.Response(200, json={"numberOfResults": len(items), "items": items})

    amazon = Amazon()
    amazon.said[f"GET {ITEMS}"] = search
    group = (await make_amazon_adapter(amazon).read_back(["G-1"]))["G-1"]
    assert (group.live, group.price, [one.live for one in group.variants]) == (True, None, [True, False])
    assert len(group.problems) == 1


class Shop(Amazon):
    """So many listings, one a second, and a search that lets itself be paged through the first `most`."""

    def __init__(self, count: int, most: int = 100, apart: int = 1) -> None:
        super().__init__()
        self.most = most
        self.items = [
            item(f"A-{n:04}", summaries=summary("BUYABLE", createdDate=_moment(n * apart))) for n in range(count)
        ]
        self.said[f"GET {ITEMS}"] = self.search

    def search(self, request: httpx.Request) -> httpx.Response:
        after, start = request.url.params.get("createdAfter", ""), int(request.url.params.get("pageToken", 0))
        assert request.url.params["sortBy"] == "createdDate"
        found = [one for one in self.items if one["summaries"][0]["createdDate"] > after]
        page = found[start : start + 20]
        more = start + 20 < min(len(found), self.most)
        body = {"numberOfResults": len(found), "items": page}
        return httpx.Response(200, json=body | ({"pagination": {"nextToken": str(start + 20)}} if more else {}))


def _moment(second: int) -> str:
    return f"2026-11-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


async def walk(amazon: Amazon) -> set[str]:
    adapter = make_amazon_adapter(amazon)
    page = await adapter.list_listings()
    found = {one.sku for one in page.listings}
    while page.next:
        page = await adapter.list_listings(page.next)
        found.update(one.sku for one in page.listings)
    return found


@pytest.mark.parametrize("count", [0, 20, 100, 101, 350])
async def test_a_walk_sees_everything_also_beyond_what_one_search_reaches(count: int) -> None:
    assert len(await walk(Shop(count))) == count


async def test_a_walk_that_cannot_go_on_says_so() -> None:
    with pytest.raises(ChannelUnavailableError, match="the list is not complete"):
        await walk(Shop(101, apart=0))


def test_a_page_is_named_as_it_is_read() -> None:
    place = Place("2026-11-01T00:00:00Z", "token", 40, "2026-11-02T00:00:00Z")
    assert Place.read(place.written()) == place


async def test_a_barcode_with_more_listings_than_a_page_is_read_to_the_end() -> None:
    amazon = Amazon()

    def search(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("pageToken", 0))
        items = [item(f"OLD-{number}") for number in range(start, min(start + 20, 30))]
        more = {"pagination": {"nextToken": "20"}} if not start else {}
        return httpx.Response(200, json={"numberOfResults": 30, "items": items, **more})

    amazon.said[f"GET {ITEMS}"] = search
    assert len(await make_amazon_adapter(amazon).find_by_barcode(["8001234567897"])) == 30


async def test_listings_are_found_by_their_barcodes() -> None:
    kinds: list[tuple[str, str]] = []
    amazon = Amazon()

    def search(request: httpx.Request) -> httpx.Response:
        kinds.append((request.url.params["identifiersType"], request.url.params["identifiers"]))
        return httpx.Response(200, json={"numberOfResults": 1, "items": [item("OLD-1")]})

    amazon.said[f"GET {ITEMS}"] = search
    (found,) = await make_amazon_adapter(amazon).find_by_barcode(["8001234567897", "012345678905", "8001234567897"])
    assert found.sku == "OLD-1"
    assert kinds == [("EAN", "8001234567897"), ("UPC", "012345678905")]
