"""What Amazon allows, as far as it says: per seller and application, whichever marketplaces they serve, and over all
sellers of an application. What a seller really has stands in x-amzn-RateLimit-Limit of its answers.

Seeds: usage plans of listingsItems_2021-08-01 and the page "Listings Items API rate limits"; where they differ, the
lower figure.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.amazon.client import SEARCH_SIZE
from adapters.amazon.settings import AmazonAccount
from adapters.model import Operation
from adapters.rate_limits import Cost, Limit, Scope

_EACH = Cost(call=0, listing=1)
_SEARCH = Cost(call=0, listing=1, group=SEARCH_SIZE)
# Which calls the operations make. A search says of so many SKUs at once what is there, and whose stock it is; before a
# first listing there is another one, for the barcodes.
_CALLS: Mapping[str, tuple[int, Mapping[Operation, Cost]]] = {
    "putListingsItem": (5, {Operation.CREATE: _EACH, Operation.REVISE_CONTENT: _EACH}),
    "patchListingsItem": (5, {Operation.REVISE_OFFER: _EACH, Operation.REVISE_STOCK: _EACH}),
    "deleteListingsItem": (5, {Operation.WITHDRAW: _EACH}),
    "searchListingsItems": (
        5,
        {
            Operation.CREATE: Cost(call=0, listing=2, group=SEARCH_SIZE),
            Operation.REVISE_CONTENT: _SEARCH,
            Operation.REVISE_OFFER: _SEARCH,
            Operation.REVISE_STOCK: _SEARCH,
        },
    ),
}
_APPLICATION: Mapping[str, int] = {"putListingsItem": 100, "patchListingsItem": 500, "deleteListingsItem": 100}


def limits_of(account: AmazonAccount, rates: Mapping[str, float]) -> tuple[Limit, ...]:
    """The limits of an account. rates: by operation, what Amazon last said that it allows per second."""
    seller = f"{account.app_id}/{account.merchant_id}/{account.place.region}"
    own = (
        Limit(
            name,
            *_per(rates.get(name, float(seed)), max(cost.of(1) for cost in costs.values())),
            Scope.APPLICATION,
            seller,
            costs=costs,
            reading=_SEARCH if name == "searchListingsItems" else None,
            refills=True,
        )
        for name, (seed, costs) in _CALLS.items()
    )
    shared = (
        Limit(f"all-{name}", amount, 1.0, Scope.APPLICATION, account.app_id, costs=_CALLS[name][1], refills=True)
        for name, amount in _APPLICATION.items()
    )
    # JSON_LISTINGS_FEED: 5 submissions in 5 minutes, by Amazon's notes of 2025-05-06.
    feeds = Limit("feeds", 5, 300.0, Scope.APPLICATION, seller, costs={}, reserve=0.0, jobs=Cost())
    return (*own, *shared, feeds)


def _per(rate: float, least: int) -> tuple[int, float]:
    """Calls, and the seconds they are for: a limit counts whole calls in one second or more, and has room for one
    listing, which uses at least so many."""
    return (int(rate), 1.0) if rate >= least else (least, least / rate)
