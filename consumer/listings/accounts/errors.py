"""What can be wrong with accounts. Every message is for the person who keeps them."""

from __future__ import annotations

from consumer.errors import MarketsyncError


class AccountError(MarketsyncError):
    """An account cannot be used as it is written down; the message names each field and what belongs there."""


class UnknownAccountError(MarketsyncError):
    """There is no such account."""


class ChangedMeanwhileError(MarketsyncError):
    """Somebody else has changed or added the account since it was read. Nothing was stored."""
