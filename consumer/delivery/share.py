"""How much of the memory one account may fill, so that a slow one never holds up the others. Pure.

Background work is not counted: when it fills its part, its own partitions rest (`backpressure`).
"""

from __future__ import annotations

from consumer.delivery.slots import Slots
from consumer.delivery.work import AccountKey

# Fullness at which it is looked who fills the memory: before all partitions would have to rest.
_CROWDED = 0.75
# Part of all that waits which makes an account the one to blame; where two are as slow as each other, nobody is.
_MOST = 0.75


class Share:
    """max_waiting: listings in memory. accounts: how many share it; one alone may have all."""

    def __init__(self, max_waiting: int, accounts: int) -> None:
        self._max_waiting = max_waiting
        self._shared = accounts > 1

    def excess(self, slots: Slots) -> tuple[AccountKey | None, int]:
        """The account that fills the memory, if one does, and how many listings it has above half of the room."""
        if not self._shared or slots.waiting_live < _CROWDED * self._max_waiting:
            return None, 0
        account, waiting = slots.live_by_account.most_common(1)[0]
        too_many = waiting - self._max_waiting // 2
        return (account, too_many) if too_many > 0 and waiting > _MOST * slots.waiting_live else (None, 0)
