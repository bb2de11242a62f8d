"""Selling accounts: what they are, where they are kept, and how running processes hear of a change."""

from consumer.listings.accounts.account import Account, Mode

__all__ = ["Account", "Mode"]
