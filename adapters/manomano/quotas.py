"""What ManoMano allows, as sellers report it: 250 requests an hour for a key, and about 200 an hour on the offers' API
for one address. Both are beyond its own words; its Cloudflare answers 429 where we are wrong.

A request takes 20 offers (PUT, by its error ERR_1405); PATCH is held to five times that, its own limit was not seen.
"""

from __future__ import annotations

from hashlib import sha256

from pydantic import SecretStr

from adapters.model import Operation
from adapters.rate_limits import Cost, Limit, Scope

OFFERS_PER_PUT = 20
OFFERS_PER_PATCH = 100
BATCH_SIZE = OFFERS_PER_PATCH
_HOUR = 3600.0
# A part is left for what is not counted here: reading back, columns, a refused call that is tried again in halves.
_REQUESTS = 215
_OFFER_REQUESTS = 175
# What is sold out or has another price goes first, whatever a catalogue of new offers waits for.
_RESERVE = 0.3
# Spread over the hour: were it used up in its first minute, a price would wait for the rest of it. What comes
# meanwhile shares a request, so that few of them carry much.
_REQUESTS_A_MINUTE = 3
_MINUTE = 60.0

_PUT = Cost(call=0, listing=1, group=OFFERS_PER_PUT)
_CALLS = {
    Operation.CREATE: _PUT,
    Operation.REVISE_CONTENT: _PUT,
    Operation.REVISE_OFFER: Cost(call=1),
    Operation.REVISE_STOCK: Cost(call=1),
    Operation.WITHDRAW: _PUT,
}


def limits_of(key: SecretStr) -> tuple[Limit, ...]:
    """The limits of an account with this key. All contracts of the key are counted together, under a print of it."""
    # A question about 100 SKUs is two requests.
    reading = Cost(call=2)
    owner = sha256(key.get_secret_value().encode()).hexdigest()[:12]
    return (
        Limit("requests", _REQUESTS, _HOUR, Scope.APPLICATION, owner, costs=_CALLS, reserve=_RESERVE, reading=reading),
        Limit("pace", _REQUESTS_A_MINUTE, _MINUTE, Scope.EGRESS, costs=_CALLS, reserve=_RESERVE),
        Limit("offers", _OFFER_REQUESTS, _HOUR, Scope.EGRESS, costs=_CALLS, reserve=_RESERVE, reading=reading),
    )
