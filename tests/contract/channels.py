"""The channels under contract: how to start each, make its adapter fail, and look at its listings as a buyer.

A new channel adds such a class and a line to CHANNELS in `conftest.py`; the suite in `test_every_channel.py` then holds
for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import httpx

from adapters.base import Adapter
from adapters.ebay import EbayAccount
from adapters.errors import (
    AuthenticationError,
    ChannelUnavailableError,
    RateLimitedError,
    RejectedListingError,
)
from adapters.memory import MemoryAdapter
from adapters.model import Command, Listing, Money, Operation, Outcome
from adapters.registry import make_adapter
from adapters.sandbox.ebay import DEFAULT_LOCATION, Rules, Seller, serve
from adapters.sandbox.ebay.state import Shop
from tests.contract.vendor_schemas import Inspector, specs_folder, vendor_schemas


@dataclass(frozen=True, slots=True)
class Shown:
    """What a buyer sees of one listing. content: everything but price and stock."""

    title: str
    price: Decimal
    quantity: int
    content: Mapping[str, Any]


class Channel(Protocol):
    """One account on one channel, with its faults.

    has_tokens: its credential gives tokens that end and are renewed.
    """

    name: str
    adapter: Adapter
    has_tokens: bool

    def listing(self, sku: str) -> Listing:
        """A listing that the channel takes."""

    async def listings(self, sku: str) -> list[Shown]:
        """What buyers see under this SKU; more than one would be a duplicate."""

    async def writes(self) -> int:
        """How many writes of single listings have reached the channel so far."""

    def throttle(self, *, times: int, delay: float | None) -> None:
        """The next calls are too many; `delay`: seconds the channel asks to wait."""

    def fail(self, *, times: int) -> None:
        """The next calls fail at the channel's end, without effect."""

    def lose_answer(self, sku: str) -> None:
        """The next call that concerns this SKU is done, and its answer is lost."""

    def refuse(self, sku: str) -> None:
        """The channel finds fault with this listing's data until `mend`."""

    def mend(self) -> None:
        """Switch every fault off."""

    def expire_token(self) -> None:
        """The access token in use ends now."""

    def revoke(self) -> None:
        """The seller takes the consent back."""


def mug(sku: str) -> Listing:
    """A plain listing with everything in it."""
    return Listing(
        sku=sku,
        title="Tazza in ceramica blu 35 cl",
        description="<p>Una tazza per il caffè, <b>fatta a mano</b>.</p>",
        price=Money(Decimal("19.90"), "EUR"),
        quantity=7,
        category="20696",
        condition="NEW",
        images=("https://img.example.test/tazza.jpg", "https://img.example.test/tazza-2.jpg"),
        language="it-IT",
        brand="Ceramiche Rossi",
        mpn="CR-35",
        gtins=("2000000000015",),
        attributes={"Colore": ("Blu",), "Materiale": ("Ceramica",)},
    )


class MemoryChannel:
    """The channel in memory."""

    name = "memory"
    has_tokens = False

    def __init__(self, adapter: MemoryAdapter) -> None:
        self.adapter: Adapter = adapter
        self._memory = adapter

    def listing(self, sku: str) -> Listing:
        return mug(sku)

    async def listings(self, sku: str) -> list[Shown]:
        found = self._memory.listings.get(sku)
        if found is None or not found.live:
            return []
        listing = self._memory.shown[sku]
        content = self._memory.render(listing).content
        return [Shown(found.title, listing.price.amount, listing.quantity, content)]

    async def writes(self) -> int:
        return len(self._memory.journal)

    def throttle(self, *, times: int, delay: float | None) -> None:
        self._memory.faults.fail_account(RateLimitedError("Too many calls", delay=delay), times=times)

    def fail(self, *, times: int) -> None:
        self._memory.faults.fail_account(ChannelUnavailableError("Down", status=500), times=times)

    def lose_answer(self, sku: str) -> None:
        self._memory.faults.lose_answer(sku)

    def refuse(self, sku: str) -> None:
        self._memory.faults.fail(sku, RejectedListingError("Refused"), times=100)

    def mend(self) -> None:
        self._memory.faults.skus.clear()
        self._memory.faults.account.clear()
        self._memory.faults.lost.clear()
        self._memory.faults.halt(None)

    def expire_token(self) -> None:
        raise AssertionError("it has no tokens, and no test may ask")

    def revoke(self) -> None:
        self._memory.faults.halt(AuthenticationError("Consent withdrawn"))


class EbayChannel:
    """eBay's stand-in, served in this event loop and spoken to by HTTP."""

    name = "ebay"
    has_tokens = True

    def __init__(
        self,
        adapter: Adapter,
        url: str,
        switch_on: Callable[[dict[str, Any]], object],
        mend: Any,
        shop: Shop | None = None,
    ) -> None:
        self.adapter = adapter
        self.url = url
        self._shop = shop
        self.switch_on = switch_on
        self._mend = mend

    def listing(self, sku: str) -> Listing:
        return mug(sku)

    async def listings(self, sku: str) -> list[Shown]:
        rows = (await self.control("listings", sku=sku, fields="full"))["listings"]
        return [
            Shown(
                row["title"],
                Decimal(row["price"]),
                row["quantity"],
                {name: value for name, value in row["content"].items() if name not in ("price", "currency")},
            )
            for row in rows
        ]

    async def writes(self) -> int:
        return int((await self.control("counts"))["entries"])

    @property
    def shop(self) -> Shop:
        """The stand-in's own data of the seller."""
        assert self._shop is not None
        return self._shop

    async def calls(self, sku: str) -> list[dict[str, Any]]:
        """The journal of this SKU, in order of arrival."""
        found: list[dict[str, Any]] = (await self.control("calls", sku=sku))["calls"]
        return found

    async def control(self, name: str, **query: str) -> dict[str, Any]:
        """A read of the stand-in's control plane."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.url}/_sandbox/{name}", params=query)
        body: dict[str, Any] = answer.json()
        return body

    def throttle(self, *, times: int, delay: float | None) -> None:
        fault: dict[str, Any] = {"kind": "rate_limited", "count": times}
        self.switch_on(fault if delay is None else {**fault, "retry_after": int(delay)})

    def fail(self, *, times: int) -> None:
        self.switch_on({"kind": "status", "status": 500, "error_id": 25001, "count": times})

    def lose_answer(self, sku: str) -> None:
        self.switch_on({"kind": "lost_answer", "count": 1, "sku": sku})

    def refuse(self, sku: str) -> None:
        self.switch_on({"kind": "status", "status": 400, "error_id": 25002, "sku": sku, "words": "wrong data"})

    def mend(self) -> None:
        self._mend()

    def expire_token(self) -> None:
        self.switch_on({"kind": "token_expired", "count": 1})

    def revoke(self) -> None:
        self.switch_on({"kind": "refresh_token_revoked"})


def ebay_account(url: str, seller: Seller, **changes: Any) -> EbayAccount:
    """An account of a stand-in's seller."""
    account = EbayAccount(
        app_id=seller.client_id,
        api_secret=seller.client_secret,
        refresh_token=seller.refresh_token,
        api_url=url,
        token_url=f"{url}/identity/v1/oauth2/token",
        marketplace_id="EBAY_IT",
        fulfillment_policy_id=seller.policy_id("fulfillment"),
        payment_policy_id=seller.policy_id("payment"),
        return_policy_id=seller.policy_id("return"),
        merchant_location_key=DEFAULT_LOCATION,
    )
    return account.model_copy(update=changes)


@asynccontextmanager
async def memory_channel() -> AsyncIterator[Channel]:
    """The channel in memory speaks no vendor's language, so there is no contract to hold it against."""
    yield MemoryChannel(MemoryAdapter())


@asynccontextmanager
async def ebay_channel(
    *, inspected: bool = True, rules: Rules | None = None, replies: bool = False, **changes: Any
) -> AsyncIterator[EbayChannel]:
    """eBay; at the end every request that left the adapter must be one that eBay's contract knows, if `inspected`.

    replies: so must be what the stand-in answered. changes: of the account's settings.
    """
    known = inspected and specs_folder().is_dir()
    inspector = Inspector(vendor_schemas(), replies=replies) if known else None
    seller = Seller()
    async with serve([seller], rules, observer=inspector) as serving:
        adapter = make_adapter("ebay", ebay_account(serving.url, seller, **changes))
        try:
            faults = serving.sandbox.faults
            shop = serving.sandbox.shops[seller.name]
            yield EbayChannel(adapter, serving.url, faults.switch_on, faults.switch_off, shop)
        finally:
            await adapter.close()
    if inspector is not None and inspector.found:
        raise AssertionError("against eBay's contract:\n" + "\n".join(dict.fromkeys(inspector.found)))


async def apply(channel: Channel, operation: Operation, listing: Listing, before: Outcome | None = None) -> Outcome:
    """One command, as the service gives it: with the references of the outcome before."""
    references = before.references if before else {}
    stock_only = operation is Operation.REVISE_STOCK
    wanted = None if stock_only or operation is Operation.WITHDRAW else listing
    quantity = listing.quantity if stock_only else None
    (outcome,) = await channel.adapter.apply([Command(operation, listing.sku, wanted, references, quantity)])
    return outcome


async def created(channel: Channel, listing: Listing) -> Outcome:
    outcome = await apply(channel, Operation.CREATE, listing)
    assert outcome.error is None
    return outcome


async def shown(channel: Channel, sku: str) -> Shown:
    """What a buyer sees; fails when that is not exactly one listing."""
    (one,) = await channel.listings(sku)
    return one


async def assert_shows(channel: Channel, listing: Listing) -> None:
    seen = await shown(channel, listing.sku)
    assert (seen.title, seen.price, seen.quantity) == (listing.title, listing.price.amount, listing.quantity)
