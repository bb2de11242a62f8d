"""What a listing says beside its texts."""

from __future__ import annotations

from pydantic import Field

from consumer.listings.rules.section import Section


class Content(Section):
    """What a listing says beside what the product says."""

    condition: str = Field("NEW", min_length=1, description="The channel's condition name for every item.")
