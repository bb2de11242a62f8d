"""Forgetting a person whose account at a channel was closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.values import value_object


@value_object
class ClosedUser:
    """Whoever closed an account, by every name the channel has for them; "" = it did not say."""

    channel: str
    username: str
    user_id: str
    token: str

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were said."""
        return tuple(name for name in (self.username, self.user_id, self.token) if name)


class Eraser(Protocol):
    """Erases what one subject keeps of people: orders, exchanges."""

    async def erase(self, user: ClosedUser) -> int:
        """Erase all of it; returns how many records were concerned. Idempotent: it may be asked again."""


async def erase_everywhere(erasers: Sequence[Eraser], user: ClosedUser) -> int:
    """One after another; a failure of one is raised, so that the channel sends its notification again."""
    return sum([await eraser.erase(user) for eraser in erasers])
