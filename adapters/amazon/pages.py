"""Everything an account has on Amazon, page by page, also beyond the 1000 listings that one search can reach.

A search is walked in order of the listings' creation. When it can be paged no further, the next one begins at the
creation of the last listing seen, so that some of them come twice and none is missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from adapters.amazon.client import AmazonClient, quoted
from adapters.amazon.looking import next_token
from adapters.amazon.reading import ALL_PARTS, Item, created_of, listing_of
from adapters.amazon.settings import AmazonAccount
from adapters.errors import ChannelUnavailableError
from adapters.model import ListingPage

_OVERLAP = timedelta(seconds=1)  # whether createdAfter takes in its own moment is not documented


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk has come. after: where its search begins, ISO 8601, "" = with the first listing. token: of the
    search's next page. seen: listings of this search so far. last: creation of the newest of them."""

    after: str = ""
    token: str = ""
    seen: int = 0
    last: str = ""

    @classmethod
    def read(cls, page: str) -> Place:
        """From what `written` gave. Raises ValueError for anything else."""
        return cls(*orjson.loads(page)) if page else cls()

    def written(self) -> str:
        """As the name of a page."""
        return orjson.dumps([self.after, self.token, self.seen, self.last]).decode()


async def read_page(client: AmazonClient, account: AmazonAccount, page: str) -> ListingPage:
    """One page. Raises ChannelUnavailableError where Amazon does not let itself be walked any further."""
    place = Place.read(page)
    query = {"sortBy": "createdDate", "sortOrder": "ASC"}
    if place.after:
        query["createdAfter"] = quoted(place.after)
    if place.token:
        query["pageToken"] = quoted(place.token)
    body = await client.search_items(ALL_PARTS, **query)
    items = [item for item in body["items"] if isinstance(item, Mapping)]
    listings = tuple(listing_of(item, account) for item in items)
    following = next_place(place, items, body, account)
    return ListingPage(listings, following.written() if following else "")


def next_place(place: Place, items: Sequence[Item], body: Mapping[str, Any], account: AmazonAccount) -> Place | None:
    """Where the walk goes on; None where it has seen everything.

    Raises ChannelUnavailableError where more is there than can be reached: a list that is not complete is no list.
    """
    seen = place.seen + len(items)
    last = max([place.last, *(created_of(item, account) for item in items)])
    if token := next_token(body):
        return Place(place.after, token, seen, last)
    if seen >= body["numberOfResults"]:
        return None
    after = _earlier(last)
    if not after or after <= place.after:
        there = body["numberOfResults"]
        raise ChannelUnavailableError(f"Amazon: of {there} listings only {seen} can be read: the list is not complete")
    return Place(after)


def _earlier(moment: str) -> str:
    """A second before; "" where that cannot be said."""
    try:
        return (datetime.fromisoformat(moment).astimezone(UTC) - _OVERLAP).isoformat().replace("+00:00", "Z")
    except ValueError:
        return ""
