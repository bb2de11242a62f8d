"""What eBay allows, as far as it says. It counts by day, and neither says when a day begins nor how much is left.

Of the quotas per application and API only the Inventory API's is used by deliveries: policies and locations are read by
`marketsync check` alone, and a token lasts two hours.
"""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from adapters.model import Operation
from adapters.rate_limits import DAY, Cost, Limit, Scope

# eBay allows an application 2,000,000 calls of the Inventory API a day, over all its sellers as far as is known (more
# after its Application Growth Check). A twentieth is left for what is not counted here: look-ups of ids that got lost,
# bulk calls that are tried again in halves.
_INVENTORY_CALLS = 1_900_000

# Items, offers and publications go in bulk; offers are updated and withdrawn one by one.
_CALLS = {
    Operation.CREATE: Cost(call=3),
    Operation.REVISE_CONTENT: Cost(call=2, listing=1),
    Operation.REVISE_OFFER: Cost(call=1),
    Operation.REVISE_STOCK: Cost(call=1),
    Operation.WITHDRAW: Cost(call=0, listing=1),
}
# Items are asked for in bulk, their offers one by one.
_QUESTION = Cost(call=1, listing=1)


# "250 revisions per calendar day": which calls count is not said, so every write that touches a live listing does. A
# withdrawal is none: what is sold out must come off the site whatever was revised before.
_LISTING_REVISIONS = 250
_REVISIONS = {
    Operation.CREATE: Cost(call=0, listing=1),
    Operation.REVISE_CONTENT: Cost(call=0, listing=3),
    Operation.REVISE_OFFER: Cost(call=0, listing=1),
    Operation.REVISE_STOCK: Cost(call=0, listing=1),
}
# eBay's official time.
_MIDNIGHT = time(0, tzinfo=ZoneInfo("America/Los_Angeles"))


# 50 uploads of pictures in five seconds. How many a listing needs is not known before; those that come back too early
# are told to wait, and what they uploaded stays.
_UPLOADS = Limit(
    "uploads",
    50,
    5,
    costs={Operation.CREATE: Cost(call=0, listing=6), Operation.REVISE_CONTENT: Cost(call=0, listing=1)},
)


def limits_of(application: str, *, uploads: bool = False) -> tuple[Limit, ...]:
    """The limits of an account of this application. uploads: it copies its pictures to eBay's server."""
    return (
        Limit("inventory", _INVENTORY_CALLS, DAY, Scope.APPLICATION, application, costs=_CALLS, reading=_QUESTION),
        Limit("revisions", _LISTING_REVISIONS, DAY, Scope.LISTING, costs=_REVISIONS, resets=_MIDNIGHT),
        *((_UPLOADS,) if uploads else ()),
    )
