"""Who decides about held listings in the simulation, and watches that none of them is sent before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from consumer.delivery.batches import Send
from consumer.delivery.planning import Planned
from consumer.delivery.work import account_of
from consumer.listings.brakes import NO_BRAKES, Brake, Brakes
from consumer.listings.brakes.ledger import decided
from consumer.listings.brakes.store import Place
from consumer.listings.brakes.touching import covered, touched
from consumer.listings.owed import Cause, Leave, Owed
from consumer.listings.state import ListingKey
from tests.unit.delivery.making import CHANNEL, START
from tests.unit.delivery.simulation.schedule import ACCOUNTS

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.world import World

# Seconds until somebody looks at what is held.
_LOOKS = 4.0
_ONE = {"least": 1, "percent": 0}
BRAKES = Brakes.model_validate(
    {"price_change": 8, "mass_price_change": None, "mass_zero_stock": _ONE, "mass_delisting": _ONE, "count_drop": None}
)


class Person:
    """Releases what is held, some seconds later."""

    def __init__(self, world: World) -> None:
        self._world = world

    def held(self, listing: str) -> None:
        """A brake holds it."""
        self._world.clock.later(_LOOKS, partial(self._release, listing))

    def refuses(self, send: Send) -> str:
        """Why this command must not be sent: a brake holds it, and nobody has released it; "" = it may."""
        account = account_of(send.work.key)
        planned: Planned = send.plan
        state, command = planned.intended, planned.plan.command
        found = touched(command, state, brakes_of(str(account))) - {Brake(name) for name in state.passed}
        owed = state.owed
        if owed is not None and owed.leave is not None:
            found -= covered(command, state.accepted, owed.leave)
        return ", ".join(found)

    def _release(self, listing: str) -> None:
        """As `consumer.listings.held.HeldStore.release`."""
        state = self._world.store.states[listing]
        owed = state.owed
        if owed is None or owed.cause is not Cause.HELD:
            return  # its product was corrected meanwhile
        key = ListingKey.parse(listing)
        place = Place(CHANNEL, key.tenant, key.account)
        ledgers = self._world.brakes.ledgers
        if place in ledgers:
            ledgers[place] = decided(ledgers[place], Brake(owed.brake), released=1)
        held = state.proposed
        leave = None if held is None else Leave(held.operation, held.price, held.quantity)
        now = datetime.fromtimestamp(START + self._world.clock.now, UTC)
        released: Owed = replace(owed, cause=Cause.RELEASED, due=now, words="", leave=leave)
        self._world.store.states[listing] = replace(state, owed=released)
        self._world.owed_at(self._world.clock.now)


def brakes_of(account: str) -> Brakes:
    """The second account has brakes, the first one none."""
    return BRAKES if account == ACCOUNTS[1] else NO_BRAKES
