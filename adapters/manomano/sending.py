"""Offers of many commands on their way in few calls, and what came of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.errors import AdapterError, PermanentError, UnknownListingError
from adapters.manomano.client import ManomanoClient
from adapters.manomano.quotas import OFFERS_PER_PATCH, OFFERS_PER_PUT
from adapters.manomano.results import Result
from adapters.manomano.work import Work


@dataclass(frozen=True, slots=True)
class Parcel:
    """One offer in a body, and the command it belongs to."""

    work: Work
    body: Mapping[str, Any]

    @property
    def sku(self) -> str:
        return str(self.body["sku"])


Send = Callable[[Sequence[Mapping[str, Any]]], Awaitable[Mapping[str, Result]]]


async def put(client: ManomanoClient, parcels: Sequence[Parcel]) -> list[Result]:
    """Whole offers, one result for each, in order."""
    return await _in_parts(client.put_offers, parcels, OFFERS_PER_PUT)


async def patch(client: ManomanoClient, parcels: Sequence[Parcel]) -> list[Result]:
    """Prices and stocks of offers that exist, one result for each, in order."""
    return await _in_parts(client.patch_offers, parcels, OFFERS_PER_PATCH)


def settle(parcels: Sequence[Parcel], results: Sequence[Result], *, may_be_gone: bool = False) -> None:
    """Give every command what came of its offers. may_be_gone: an offer that ManoMano does not know is no failure."""
    for parcel, result in zip(parcels, results, strict=True):
        gone = may_be_gone and isinstance(result.error, UnknownListingError)
        parcel.work.take(replace(result, error=None) if gone else result)


async def _in_parts(send: Send, parcels: Sequence[Parcel], size: int) -> list[Result]:
    results: list[Result] = []
    for start in range(0, len(parcels), size):
        results += await _sent(send, parcels[start : start + size])
    return results


async def _sent(send: Send, parcels: Sequence[Parcel]) -> list[Result]:
    """A call that is refused as a whole for one bad offer is sent in halves, until the offer stands alone.

    Nothing of a refused call was done, so this repeats no write.
    """
    try:
        found = await send([parcel.body for parcel in parcels])
    except PermanentError as error:
        if len(parcels) == 1:
            return [Result(error)]
        middle = len(parcels) // 2
        return [*await _sent(send, parcels[:middle]), *await _sent(send, parcels[middle:])]
    except AdapterError as error:
        return [Result(error)] * len(parcels)
    return [found[parcel.sku] for parcel in parcels]
