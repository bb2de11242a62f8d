"""Amazon under contract: its stand-in, served in this event loop and spoken to by HTTP, and accounts of its sellers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.amazon import AmazonAccount
from adapters.base import Adapter
from adapters.model import Listing
from adapters.registry import make_adapter
from adapters.sandbox.amazon import AT_ONCE, TOKEN_PATH, Rules, Seller, Serving, serve
from tests.contract.amazon_schemas import amazon_folder, amazon_schemas
from tests.contract.channels import Shown, mug
from tests.contract.vendor_schemas import Inspector

# what the marketplace wants of every product, and the mug of the suite does not say
EVERYWHERE = {
    "bullet_point": ("Tiene 35 cl",),
    "country_of_origin": ("IT",),
    "supplier_declared_dg_hz_regulation": ("not_applicable",),
}


class AmazonChannel:
    """One account on Amazon's stand-in, with its faults."""

    name = "amazon"
    has_tokens = True

    def __init__(self, adapter: Adapter, serving: Serving) -> None:
        self.adapter = adapter
        self.serving = serving
        self.url = serving.url
        self.faults = serving.sandbox.faults

    def listing(self, sku: str) -> Listing:
        """A mug with a barcode that Amazon would take."""
        return replace(mug(sku), category="DRINKING_CUP", gtins=("4006381333931",))

    async def listings(self, sku: str) -> list[Shown]:
        rows = (await self.control("listings", sku=sku, fields="full"))["listings"]
        return [Shown(_title(row), Decimal(row["price"]), row["quantity"], row["content"]) for row in rows]

    async def writes(self) -> int:
        return int((await self.control("counts"))["entries"])

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

    def switch_on(self, fault: dict[str, Any]) -> None:
        """A fault of the stand-in's."""
        self.faults.switch_on(fault)

    def throttle(self, *, times: int, delay: float | None) -> None:
        fault: dict[str, Any] = {"kind": "rate_limited", "count": times}
        self.switch_on(fault if delay is None else {**fault, "retry_after": int(delay)})

    def fail(self, *, times: int) -> None:
        self.switch_on({"kind": "status", "status": 500, "count": times})

    def lose_answer(self, sku: str) -> None:
        # a read comes before some writes; what is lost is the answer to the write
        for route in ("put", "patch", "delete"):
            self.switch_on({"kind": "lost_answer", "count": 1, "sku": sku, "route": route})

    def refuse(self, sku: str) -> None:
        self.switch_on({"kind": "refuse", "sku": sku, "words": "wrong data"})

    def mend(self) -> None:
        self.faults.switch_off()

    def expire_token(self) -> None:
        self.switch_on({"kind": "token_expired", "count": 1})

    def revoke(self) -> None:
        self.switch_on({"kind": "refresh_token_revoked"})


def _title(row: dict[str, Any]) -> str:
    """The title as one text; Amazon keeps a long one in two attributes."""
    more = row["content"].get("title_differentiation")
    return f"{row['title']}, {more[0]['value']}" if more else str(row["title"])


def amazon_account(url: str, seller: Seller, **changes: Any) -> AmazonAccount:
    """An account of a stand-in's seller in Italy, who has given what Amazon wants of every product."""
    account = AmazonAccount(
        app_id=seller.client_id,
        api_secret=SecretStr(seller.client_secret),
        refresh_token=SecretStr(seller.refresh_token),
        merchant_id=seller.merchant_id,
        api_url=url,
        token_url=f"{url}{TOKEN_PATH}",
        attributes=EVERYWHERE,
    )
    return account.model_copy(update=changes)


@asynccontextmanager
async def amazon_channel(
    rules: Rules | None = None, *, replies: bool = False, **changes: Any
) -> AsyncIterator[AmazonChannel]:
    """Amazon, without rates and at once unless the rules say otherwise; at the end every request that left the adapter
    must be one that Amazon's models know. replies: so must be what the stand-in answered. changes: of the account."""
    inspector = Inspector(amazon_schemas(), replies=replies) if amazon_folder().is_dir() else None
    seller = Seller()
    async with serve([seller], rules or replace(AT_ONCE, limits=False), observer=inspector) as serving:
        adapter = make_adapter("amazon", amazon_account(serving.url, seller, **changes))
        try:
            channel = AmazonChannel(adapter, serving)
            await adapter.learn([channel.listing("A-1")])
            yield channel
        finally:
            await adapter.close()
    if inspector is not None and inspector.found:
        raise AssertionError("against Amazon's models:\n" + "\n".join(dict.fromkeys(inspector.found)))
