"""What every part of an account that is data has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of an account as data: never changed after it was read, and an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
