"""A channel whose planning and rendering cost next to nothing: one POST per command, as the queue beside us does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.base import AnswersAtOnce
from adapters.errors import ChannelUnavailableError, RejectedListingError
from adapters.exchange import Request
from adapters.http import HttpClient, HttpLimits, open_http
from adapters.model import ChannelListing, Command, Listing, ListingPage, Outcome, Problem, Rendered
from adapters.rate_limits import Limit

NAME = "bench"


def open_target(url: str, connections: int) -> HttpClient:
    """The client that both our engine and the loop beside it use."""
    return open_http({"TARGET": url}, HttpLimits(connections=connections))


def post(url: str, product: int, version: int, *, written: float, body: bytes) -> Request:
    """One call."""
    headers = {"x-id": str(product), "x-version": str(version), "x-written": f"{written:.6f}"}
    return Request("POST", f"{url}/", headers, body)


class BenchAdapter(AnswersAtOnce):
    """Keeps `adapters.base.Adapter`. The listing carries the product's number, version and time of writing."""

    channel = NAME
    batch_size = 1
    limits: Sequence[Limit] = ()

    def __init__(self, url: str, http: HttpClient) -> None:
        self._url = url
        self._http = http

    async def close(self) -> None:
        await self._http.close()

    async def test_connection(self) -> None:
        """There is nothing to prove."""

    def fit(self, listing: Listing) -> Listing:
        return listing

    def validate(self, listing: Listing) -> list[Problem]:
        del listing
        return []

    def render(self, listing: Listing) -> Rendered:
        return Rendered({"title": listing.title}, {"quantity": listing.quantity})

    async def apply(self, commands: Sequence[Command]) -> list[Outcome]:
        return [await self._apply(command) for command in commands]

    async def read_back(self, skus: Sequence[str]) -> Mapping[str, ChannelListing]:
        del skus
        return {}

    async def list_listings(self, page: str = "") -> ListingPage:
        del page
        return ListingPage(())

    async def _apply(self, command: Command) -> Outcome:
        listing = command.listing
        if listing is None:
            return Outcome(command.sku, RejectedListingError("the benchmark withdraws nothing"))
        body = listing.description.encode()
        written = float(listing.mpn or 0)
        answer = await self._http.send(post(self._url, int(command.sku), listing.quantity, written=written, body=body))
        if answer.status != 200:
            return Outcome(command.sku, ChannelUnavailableError("busy", status=answer.status))
        return Outcome(command.sku)
