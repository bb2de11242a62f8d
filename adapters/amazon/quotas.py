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

_SEED = 5  # calls a second, of each operation
_EACH = Cost(call=0, listing=1)
_SEARCH = Cost(call=0, listing=1, group=SEARCH_SIZE)
_TWO_SEARCHES = Cost(call=0, listing=2, group=SEARCH_SIZE)
_WHOLE = "putListingsItem"
_WRITES: Mapping[str, Mapping[Operation, Cost]] = {
    _WHOLE: {Operation.CREATE: _EACH, Operation.REVISE_CONTENT: _EACH},
    "patchListingsItem": {Operation.REVISE_OFFER: _EACH, Operation.REVISE_STOCK: _EACH},
    "deleteListingsItem": {Operation.WITHDRAW: _EACH},
}
_APPLICATION: Mapping[str, int] = {_WHOLE: 100, "patchListingsItem": 500, "deleteListingsItem": 100}


def limits_of(account: AmazonAccount, rates: Mapping[str, float]) -> tuple[Limit, ...]:
    """The limits of an account. rates: by operation, what Amazon last said that it allows per second."""
    seller = f"{account.app_id}/{account.merchant_id}/{account.place.region}"

    def own(name: str, costs: Mapping[Operation, Cost], reserve: float = 0.1, reading: Cost | None = None) -> Limit:
        per = _per(rates.get(name, _SEED), max(cost.of(1) for cost in costs.values()))
        return Limit(name, *per, Scope.APPLICATION, seller, costs=costs, reserve=reserve, reading=reading, refills=True)

    # Hardly anything urgent is a whole listing, and of five calls a second a reserve would be one.
    writes = (own(name, costs, reserve=0.0 if name == _WHOLE else 0.1) for name, costs in _WRITES.items())
    searches = own("searchListingsItems", _searches(account), reading=_SEARCH)
    shared = (
        Limit(f"all-{name}", amount, 1.0, Scope.APPLICATION, account.app_id, costs=_WRITES[name], refills=True)
        for name, amount in _APPLICATION.items()
    )
    # JSON_LISTINGS_FEED: 5 submissions in 5 minutes, by Amazon's notes of 2025-05-06.
    feeds = Limit("feeds", 5, 300.0, Scope.APPLICATION, seller, costs={}, reserve=0.0, jobs=Cost())
    return (*writes, searches, *shared, feeds)


def _searches(account: AmazonAccount) -> Mapping[Operation, Cost]:
    """A search says of so many SKUs at once what is there, and whose stock it is; before a first listing there is one
    for the barcodes. Whose stock a whole listing is, is asked only where the account does not say it."""
    asked = {Operation.CREATE: _SEARCH, Operation.REVISE_OFFER: _SEARCH, Operation.REVISE_STOCK: _SEARCH}
    if account.stock_channel:
        return asked
    return {**asked, Operation.CREATE: _TWO_SEARCHES, Operation.REVISE_CONTENT: _SEARCH}


def _per(rate: float, least: int) -> tuple[int, float]:
    """Calls, and the seconds they are for: a limit counts whole calls in one second or more, and has room for one
    listing, which uses at least so many."""
    return (int(rate), 1.0) if rate >= least else (least, least / rate)
