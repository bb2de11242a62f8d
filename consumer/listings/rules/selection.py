"""Which products an account sells."""

from __future__ import annotations

from pydantic import Field

from consumer.listings.rules.section import Section


class Selection(Section):
    """Which products an account sells; empty = all that the PIM publishes."""

    unwanted_statuses: frozenset[str] = Field(
        frozenset(), description="Values of the PIM's free product_status that take a product off the channel."
    )
