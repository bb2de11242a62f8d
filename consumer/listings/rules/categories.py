"""From the PIM's categories to those of the channel."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from consumer.listings.rules.section import Section


class Categories(Section):
    """PIM category → channel category. There is no default."""

    map: Mapping[str, str] = Field(
        default_factory=dict, description="PIM category id -> channel category id; the nearest mapped ancestor counts."
    )
