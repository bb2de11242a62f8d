"""The stock a channel is told."""

from __future__ import annotations

from consumer.listings.rules.section import Section


class StockRules(Section):
    """How the PIM's quantity becomes the channel's; empty = it is the same."""
