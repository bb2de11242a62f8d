"""What of some SKUs is on Amazon now, twenty in one call where they can be asked for together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from adapters.amazon.client import SEARCH_SIZE, AmazonClient, quoted
from adapters.amazon.reading import Item
from adapters.errors import ChannelUnavailableError


class Lookup:
    """Reads for one account. parallel_calls: calls in flight at once."""

    def __init__(self, client: AmazonClient, parallel_calls: int) -> None:
        self._client = client
        self._gate = asyncio.Semaphore(parallel_calls)

    async def find(self, skus: Iterable[str], parts: Sequence[str]) -> dict[str, Item]:
        """Those that are there, by SKU. Raises AdapterError.

        A SKU with a comma cannot stand in a list of SKUs, so each of those is a call of its own. The search may lag
        behind what was just written: what it does not find is for `get` to confirm.
        """
        wanted = list(dict.fromkeys(skus))
        together = [sku for sku in wanted if "," not in sku]
        calls = [
            self._search(together[start : start + SEARCH_SIZE], parts) for start in range(0, len(together), SEARCH_SIZE)
        ]
        calls += [self._one(sku, parts) for sku in wanted if "," in sku]
        found: dict[str, Item] = {}
        for some in await asyncio.gather(*calls):
            found.update(some)
        return found

    async def get(self, sku: str, parts: Sequence[str]) -> Item | None:
        """One listing; None where there is none. Raises AdapterError."""
        async with self._gate:
            return await self._client.get_item(sku, parts)

    async def children(self, parent: str, parts: Sequence[str]) -> dict[str, Item]:
        """The versions that Amazon has of a group. Raises AdapterError, also where it does not say all of them."""
        return await self._all(parts, {"variationParentSku": quoted(parent)})

    async def by_barcode(self, gtins: Iterable[str], parts: Sequence[str]) -> dict[str, Item]:
        """The seller's listings with one of these barcodes, by SKU. Raises AdapterError."""
        by_kind: dict[str, list[str]] = {}
        for code in dict.fromkeys(gtins):
            by_kind.setdefault({12: "UPC", 14: "GTIN"}.get(len(code), "EAN"), []).append(code)
        found: dict[str, Item] = {}
        for kind, codes in by_kind.items():
            for start in range(0, len(codes), SEARCH_SIZE):
                found.update(await self._search(codes[start : start + SEARCH_SIZE], parts, kind))
        return found

    async def _search(self, codes: Sequence[str], parts: Sequence[str], kind: str = "SKU") -> dict[str, Item]:
        return await self._all(parts, {"identifiersType": kind, "identifiers": ",".join(map(quoted, codes))})

    async def _all(self, parts: Sequence[str], query: Mapping[str, str]) -> dict[str, Item]:
        """Everything that a search finds, page by page."""
        found: dict[str, Item] = {}
        token = ""
        while True:
            page = {"pageToken": quoted(token)} if token else {}
            async with self._gate:
                body = await self._client.search_items(parts, **query, **page)
            found.update({str(item.get("sku")): item for item in body["items"] if isinstance(item, Mapping)})
            token = next_token(body)
            if not token:
                break
        if len(found) < body["numberOfResults"]:
            raise ChannelUnavailableError(f"Amazon: of {body['numberOfResults']} listings only {len(found)} were told")
        return found

    async def _one(self, sku: str, parts: Sequence[str]) -> dict[str, Item]:
        item = await self.get(sku, parts)
        return {} if item is None else {sku: item}


def next_token(body: Item) -> str:
    """What to ask for to get the next page; "" = there is none."""
    pages = body.get("pagination")
    return str(pages.get("nextToken") or "") if isinstance(pages, Mapping) else ""
