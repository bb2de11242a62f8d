"""How much of the memory one account may fill, so that a slow one never holds up the others. Pure.

Background work is not counted, but for the part of the memory that it may fill: beyond that its own partitions rest
(`backpressure`).
"""

from __future__ import annotations

from consumer.delivery.slots import Slots
from consumer.delivery.work import AccountKey

# Fullness at which it is looked who fills the memory: before all partitions would have to rest.
_CROWDED = 0.75
# Part of all that waits which makes an account the one to blame; where two are as slow as each other, nobody is.
_MOST = 0.75
# Part of the room that is left to it: so little that partitions go on, also where background work fills its part.
_LEFT = 0.25


class Share:
    """max_waiting: listings in memory. accounts: how many share it now; one alone may have all."""

    def __init__(self, max_waiting: int, accounts: int) -> None:
        self.accounts = accounts
        self._max_waiting = max_waiting

    def excess(self, slots: Slots) -> tuple[AccountKey | None, int]:
        """The account that fills the memory, if one does, and how many listings it has above a quarter of the room."""
        room = self._max_waiting - min(slots.waiting_background, self._max_waiting // 2)
        if self.accounts < 2 or slots.waiting_live < _CROWDED * room:
            return None, 0
        account, waiting = slots.live_by_account.most_common(1)[0]
        too_many = waiting - int(_LEFT * room)
        return (account, too_many) if too_many > 0 and waiting > _MOST * slots.waiting_live else (None, 0)
