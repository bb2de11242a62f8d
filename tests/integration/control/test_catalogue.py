"""What is looked at of a group, on a real MongoDB: all its variants, also those that only name their parent."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from consumer.embedded import Endpoints
from consumer.events import ProductEvent
from consumer.listings.holders import Holders
from consumer.mongo import connect
from consumer.mongo.pim import PRODUCTS
from tests.integration.control.test_stock_taking import Place, place
from tests.unit.listings.making import make_document

__all__ = ["place"]


def variants(events: Sequence[ProductEvent]) -> dict[str, list[str]]:
    return {
        event.entity_code: [str(each["entity_code"]) for each in (event.kin.variants if event.kin else ())]
        for event in events
    }


async def sold(parents: Collection[str], /) -> Sequence[tuple[str, str]]:
    return [(parent, code) for parent, code in (("G", "G-2"), ("G", "G-3")) if parent in parents]


@pytest.fixture
def family(servers: Endpoints, fresh_name: str) -> str:
    """G lists G-1; G-2 only names it, and so did G-3, which is by itself now."""
    documents = [
        make_document(entity_code="G", sku="G", variants_entity_code=["G-1"]),
        make_document(entity_code="G-1", sku="G-1", parent_entity_code="G"),
        make_document(entity_code="G-2", sku="G-2", parent_entity_code="G"),
        make_document(entity_code="G-3", sku="G-3"),
    ]
    with connect(servers.mongodb_uri) as client:
        client[f"vinc-{fresh_name}"][PRODUCTS].insert_many(documents)
    return fresh_name


async def test_variants_that_were_sold_in_a_group_are_found_as_long_as_they_name_their_parent(
    place: Place, family: str
) -> None:
    assert variants(await place.catalogue.find(family, ["G"])) == {"G": ["G-1"]}
    assert variants(await place.catalogue.find(family, ["G"], sold)) == {"G": ["G-1", "G-2"]}
    walked = [event async for chunk in place.catalogue.chunks(family, sold) for event in chunk]
    assert variants(walked)["G"] == ["G-1", "G-2"]


async def test_an_account_that_never_sold_a_group_says_so(place: Place) -> None:
    book = Holders(place.listings._collection)
    assert await book.variants((place.account.channel, place.account.tenant, place.account.name), ["G"]) == []
