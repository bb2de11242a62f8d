"""What every part of an account that is data has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, field_serializer


class Section(BaseModel):
    """A part of an account as data: never changed after it was read, and an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_serializer("*", mode="wrap", when_used="json")
    def _sets_in_order(self, value: Any, shown: SerializerFunctionWrapHandler) -> Any:
        """So that the same section is the same text everywhere: sets come in another order in each process."""
        plain = shown(value)
        return sorted(plain) if isinstance(value, set | frozenset) else plain
