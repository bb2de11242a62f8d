"""What eBay allows, as far as it says. It counts by day, and neither says when a day begins nor how much is left.

Of the quotas per application and API only the Inventory API's is used by deliveries: policies and locations are read by
`marketsync check` alone, and a token lasts two hours. The 250 revisions per listing and day are not counted beforehand.
"""

from __future__ import annotations

from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit, Scope

# eBay allows an application 2,000,000 calls of the Inventory API a day, over all its sellers as far as is known (more
# after its Application Growth Check). A twentieth is left for what is not counted here: look-ups of ids that got lost,
# bulk calls that are tried again in halves, reads.
_INVENTORY_CALLS = 1_900_000

# Items, offers and publications go in bulk; offers are updated and withdrawn one by one.
_CALLS = {
    Operation.CREATE: Cost(call=3),
    Operation.REVISE_CONTENT: Cost(call=2, listing=1),
    Operation.REVISE_OFFER: Cost(call=1),
    Operation.REVISE_STOCK: Cost(call=1),
    Operation.WITHDRAW: Cost(call=0, listing=1),
}


def limits_of(application: str) -> tuple[Limit, ...]:
    """The limits of an account of this application."""
    return (Limit("inventory", _INVENTORY_CALLS, DAY, Scope.APPLICATION, application, costs=_CALLS),)
