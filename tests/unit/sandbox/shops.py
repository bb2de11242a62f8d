"""Sellers' shops for tests of the stand-in's rules."""

from __future__ import annotations

from adapters.sandbox.ebay import Rules, Seller
from adapters.sandbox.ebay.state import Numbers, Shop


def make_shop(rules: Rules | None = None) -> Shop:
    """An empty shop of the default seller, at the beginning of time."""
    return Shop(Seller(), rules or Rules(), numbers=Numbers(), clock=lambda: 0.0)
