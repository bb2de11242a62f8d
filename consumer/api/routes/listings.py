"""Where products stand on the channels, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from consumer.api.access import Viewer
from consumer.api.paging import Cursor, Most, cursor_after, last_of
from consumer.api.problem import unknown
from consumer.api.routes.parameters import Account, Channel, Code
from consumer.api.services import Asked
from consumer.api.shapes import HistoryEntry, ListingRow, history_entry, listing_row
from consumer.listings.book import ListingFilter
from consumer.listings.state import ListingKey, Status

router = APIRouter(prefix="/api", tags=["listings"])


class ListingPage(BaseModel):
    """next: the cursor of the page after this one, None on the last."""

    listings: list[ListingRow]
    next: str | None = None


class ProductListings(BaseModel):
    """A product on every account that has planned it."""

    entity_code: str
    listings: list[ListingRow]


class ListingWithHistory(BaseModel):
    """One listing, and what happened to it, newest first."""

    listing: ListingRow
    history: list[HistoryEntry]


@router.get("/products/{entity_code}/listings")
async def product_listings(services: Asked, person: Viewer, entity_code: Code) -> ProductListings:
    """Why a product is, or is not, on each channel. Raises ApiError 404 where no account has planned it."""
    states = await services.listings.of_product(person.tenant, entity_code)
    if not states:
        raise unknown("listing", f"of the product {entity_code}")
    return ProductListings(entity_code=entity_code, listings=[listing_row(state) for state in states])


@router.get("/accounts/{channel}/{account}/listings")
async def account_listings(
    services: Asked,
    person: Viewer,
    channel: Channel,
    account: Account,
    status: Annotated[Status | None, Query(description="Only those that stand so.")] = None,
    limit: Most = 100,
    cursor: Cursor = "",
) -> ListingPage:
    """The listings of an account, one row each, a page at a time."""
    which = ListingFilter(channel, account, status)
    states = await services.listings.page(person.tenant, which, last_of(cursor), limit)
    rows = [listing_row(state) for state in states]
    return ListingPage(listings=rows, next=cursor_after(states[-1].id) if len(states) == limit else None)


@router.get("/accounts/{channel}/{account}/listings/{entity_code}")
async def one_listing(
    services: Asked, person: Viewer, channel: Channel, account: Account, entity_code: Code, limit: Most = 50
) -> ListingWithHistory:
    """One listing with its history: what was sent last, when, why, and what the channel said."""
    key = ListingKey(channel, account, person.tenant, entity_code)
    state = await services.listings.one(key)
    if state is None:
        raise unknown("listing", f"{channel}/{account} of the product {entity_code}")
    entries = await services.listings.history(state.id, limit)
    return ListingWithHistory(listing=listing_row(state), history=[history_entry(entry) for entry in entries])
