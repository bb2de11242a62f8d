"""What a category asks for, learned from eBay and held against listings before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.ebay import EbayAdapter
from adapters.ebay.opening import adapter_over
from adapters.http import open_http
from adapters.model import Listing, Variant
from adapters.sandbox.ebay import Rules, Seller, serve
from adapters.sandbox.ebay.world import Aspect, Category
from tests.contract.channels import EbayChannel, ebay_account, ebay_channel

MUGS = Category(
    "Tazze",
    aspects=(
        Aspect("Marca", required=True, variations=False, multi=False),
        Aspect("Colore", required=True, values=("Blu", "Rosso", "Verde"), selection_only=True),
        Aspect("Capacità", longest=8, multi=False),
        Aspect("Pezzi", data_type="NUMBER"),
        Aspect("Taglia", values=("S", "XL"), selection_only=True, beside={"XL": ("Colore", ("Rosso", "Verde"))}),
    ),
    conditions=("NEW", "USED_GOOD"),
)
RULES = Rules(
    categories={"20696": MUGS, "777": Category("Bicchieri", variations=False)},
    leaf_categories=frozenset({"20696", "777"}),
)


@pytest.fixture
async def ebay() -> AsyncIterator[EbayChannel]:
    async with ebay_channel(rules=RULES, replies=True) as channel:
        yield channel


async def found(ebay: EbayChannel, **changes: Any) -> list[tuple[str, str]]:
    """Field and rule of every problem, once the category is learned."""
    listing = replace(ebay.listing("A-1"), **changes)
    await ebay.adapter.learn([listing])
    assert all(problem.cure for problem in ebay.adapter.validate(listing))
    return [(problem.field, problem.rule) for problem in ebay.adapter.validate(listing)]


async def test_a_listing_that_gives_what_is_asked_for_has_no_problem(ebay: EbayChannel) -> None:
    listing = ebay.listing("A-1")
    assert ebay.adapter.validate(listing) == []
    assert ebay.adapter.schema_print(listing) == ""
    assert not ebay.adapter.knows(listing)
    await ebay.adapter.learn([listing])
    assert ebay.adapter.knows(listing)
    assert ebay.adapter.schema_print(listing)
    assert ebay.adapter.validate(listing) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"attributes": {}}, ("attributes", "required")),
        ({"attributes": {"Colore": ("Azzurro",)}}, ("attributes", "not_allowed")),
        ({"attributes": {"colore": ("BLU",)}}, None),
        ({"attributes": {"Colore": ("Blu",), "Capacità": ("trecentocinquanta",)}}, ("attributes", "too_long")),
        ({"attributes": {"Colore": ("Blu",), "Capacità": ("35 cl", "40 cl")}}, ("attributes", "too_many")),
        ({"attributes": {"Colore": ("Blu",), "Pezzi": ("due",)}}, ("attributes", "not_a_number")),
        ({"attributes": {"Colore": ("Blu",), "Pezzi": ("2",)}}, None),
        ({"attributes": {"Colore": ("Blu",), "Taglia": ("XL",)}}, ("attributes", "not_beside")),
        ({"attributes": {"Colore": ("rosso",), "Taglia": ("xl",)}}, None),
        ({"attributes": {"Colore": ("Blu",), "Taglia": ("S",)}}, None),
        ({"brand": None}, ("attributes", "required")),
        ({"condition": "USED_ACCEPTABLE"}, ("condition", "not_in_category")),
        ({"category": "20000"}, ("category", "not_leaf")),
    ],
)
async def test_what_a_category_asks_for_is_told_before_it_is_sent(
    ebay: EbayChannel, changes: dict[str, Any], problem: tuple[str, str] | None
) -> None:
    assert await found(ebay, **changes) == ([] if problem is None else [problem])


async def test_a_value_near_an_allowed_one_is_proposed(ebay: EbayChannel) -> None:
    listing = replace(ebay.listing("A-1"), attributes={"Colore": ("Rossa",)})
    await ebay.adapter.learn([listing])
    (problem,) = ebay.adapter.validate(listing)
    assert "Rosso" in problem.cure
    assert problem.value == "Rossa"


def in_colours(ebay: EbayChannel, *colours: str, **changes: Any) -> Listing:
    base = ebay.listing("T")
    variants = tuple(Variant(f"T-{one}", base.price, 3, {"Colore": (one,)}) for one in colours)
    return replace(base, gtins=(), attributes={}, variants=variants, axes=("Colore",), **changes)


async def test_variants_are_held_against_the_category_one_by_one(ebay: EbayChannel) -> None:
    good = in_colours(ebay, "Blu", "Verde")
    await ebay.adapter.learn([good, replace(good, category="777")])
    assert ebay.adapter.validate(good) == []
    (problem,) = ebay.adapter.validate(in_colours(ebay, "Blu", "Fucsia"))
    assert (problem.rule, "T-Fucsia" in problem.message) == ("not_allowed", True)
    (refused,) = ebay.adapter.validate(replace(good, category="777"))
    assert (refused.field, refused.rule) == ("variants", "not_in_category")


async def test_what_is_known_is_not_asked_again_until_the_tree_changes() -> None:
    now = [1000.0]
    async with serve([Seller()], RULES) as serving:
        account = ebay_account(serving.url, Seller())
        adapter = adapter_over(account, open_http({"EBAY_API_URL": account.api_url}), clock=lambda: now[0])
        listing = EbayChannel(adapter, serving.url, serving.sandbox.faults.switch_on, None).listing("A-1")
        for _ in range(3):
            await adapter.learn([listing])
        before = adapter.schema_print(listing)
        routes = {name: row.calls for name, row in serving.sandbox.journal.counts.items()}
        assert routes == {"token": 1, "get_tree": 1, "get_aspects": 1, "get_conditions": 1, "get_structures": 1}
        now[0] += 24 * 3600
        assert not adapter.knows(listing)
        await adapter.learn([listing])
        assert serving.sandbox.journal.counts["get_tree"].calls == 2
        assert serving.sandbox.journal.counts["get_aspects"].calls == 1
        serving.sandbox.rules = replace(RULES, category_tree_version="120", categories={})
        now[0] += 24 * 3600
        await adapter.learn([listing])
        assert serving.sandbox.journal.counts["get_aspects"].calls == 2
        assert adapter.schema_print(listing) not in ("", before)
        await adapter.close()


async def test_what_cannot_be_learned_is_not_asked_for_again_at_once_and_checks_less(ebay: EbayChannel) -> None:
    ebay.switch_on({"kind": "status", "status": 500, "error_id": 62000, "route": "get_aspects"})
    listing = replace(ebay.listing("A-1"), attributes={})
    for _ in range(3):
        await ebay.adapter.learn([listing])
    assert ebay.adapter.validate(listing) == []
    assert ebay.adapter.knows(listing)
    assert (await ebay.control("counts"))["routes"]["get_aspects"]["calls"] == 1


async def test_categories_are_suggested_once_for_the_same_words(ebay: EbayChannel) -> None:
    assert isinstance(ebay.adapter, EbayAdapter)
    await ebay.adapter.suggest_categories("tazze blu")
    first = (await ebay.adapter.suggest_categories("tazze blu"))[0]
    assert (first.category, first.path) == ("20696", "Tutto > Tazze")
    assert (await ebay.control("counts"))["routes"]["get_suggestions"]["calls"] == 1
