"""What buyers see of an account, and what reached the channel, over HTTP. Knows nothing of the service."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote
from xml.etree import ElementTree

from consumer.demo.comparison import Shown, amount
from consumer.errors import UnavailableError

_SOLD_OUT = 409


@dataclass(frozen=True, slots=True)
class Call:
    """One write that reached a stand-in."""

    number: int
    channel: str
    operation: str
    sku: str
    title: str | None
    price: str | None
    quantity: int | None


class Window(Protocol):
    """An account as its buyers see it."""

    def shown(self) -> dict[str, Shown]:
        """What is live now, by SKU; a sold-out listing is live with quantity 0. Raises UnavailableError."""


class StandInWindow:
    """One seller of a stand-in. url: its address. seller: as the stand-in calls it. marketplace: "" = all.

    sold_out: whether what has no piece left is there; where offers cannot be deleted, it is what is left of them.
    """

    def __init__(self, url: str, seller: str, marketplace: str = "", *, sold_out: bool = True) -> None:
        self._url = url
        self._seller = seller
        self._marketplace = marketplace
        self._sold_out = sold_out

    def shown(self) -> dict[str, Shown]:
        """What is live now."""
        return {
            row["sku"]: Shown(row["title"] or "", amount(row["price"]), row["quantity"])
            for row in _get(f"{self._url}/_sandbox/listings?seller={quote(self._seller)}")["listings"]
            if self._marketplace in ("", row.get("marketplace")) and (self._sold_out or row["quantity"])
        }

    def buy(self, sku: str, pieces: int) -> bool:
        """A buyer orders here; False = there are not so many pieces. Raises UnavailableError."""
        wishes = {"sku": sku, "quantity": pieces} | ({"marketplace": self._marketplace} if self._marketplace else {})
        request = urllib.request.Request(  # noqa: S310 - our own stand-in
            f"{self._url}/_sandbox/buy?seller={quote(self._seller)}", json.dumps(wishes).encode(), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - the same
                return True
        except urllib.error.HTTPError as error:
            if error.code == _SOLD_OUT:
                return False
            raise UnavailableError(f"{self._url} sells nothing: {error}") from error
        except OSError as error:
            raise UnavailableError(f"{self._url} does not answer: {error}") from error


class FeedWindow:
    """The file that a price comparison reads. find: its address; "" until there is one."""

    def __init__(self, find: Callable[[], str]) -> None:
        self._find = find
        self._url = ""

    @property
    def url(self) -> str:
        """Where it is served. Raises UnavailableError while there is none."""
        self._url = self._url or self._find()
        if not self._url:
            raise UnavailableError("there is no file yet")
        return self._url

    def shown(self) -> dict[str, Shown]:
        """The offers of the file."""
        return {
            offer.findtext("Code", ""): Shown(
                offer.findtext("Name", ""), amount(offer.findtext("Price", "0")), int(offer.findtext("Stock", "0"))
            )
            for offer in ElementTree.fromstring(read(self.url)).iter("Offer")  # noqa: S314 - our own file
        }


class Arrivals:
    """The writes that reach the stand-ins: channel → address."""

    def __init__(self, urls: dict[str, str]) -> None:
        self._urls = urls
        self._seen = dict.fromkeys(urls, 0)

    def since_last(self) -> Sequence[Call]:
        """Those that nobody has asked for yet, oldest first; none of a stand-in that is just starting."""
        return [call for channel, url in self._urls.items() for call in self._of(channel, url)]

    def _of(self, channel: str, url: str) -> list[Call]:
        try:
            rows = _get(f"{url}/_sandbox/calls?after={self._seen[channel]}&limit=1000")["calls"]
        except UnavailableError:
            return []
        if rows:
            self._seen[channel] = rows[-1]["number"]
        return [
            Call(row["number"], channel, row["operation"], row["sku"], row["title"], row["price"], row["quantity"])
            for row in rows
        ]


def read(url: str) -> bytes:
    """What this address of ours answers. Raises UnavailableError."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own stand-ins
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError) as error:
        raise UnavailableError(f"{url} does not answer: {error}") from error


def _get(url: str) -> Any:
    return json.loads(read(url))
