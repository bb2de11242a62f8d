"""Which settings of a channel are credentials, and how long each works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, SecretStr


@dataclass(frozen=True, slots=True)
class Lifetime:
    """For how long a credential works from the moment it was issued. seconds; source: where the vendor says so.

    Stands in the annotation of the field: `refresh_token: Annotated[SecretStr, Lifetime(...)]`.
    """

    seconds: float
    source: str


def credential_fields(settings: type[BaseModel]) -> dict[str, Lifetime | None]:
    """The credentials among the fields of a channel's settings. None: it works until somebody changes it."""
    return {
        name: next((note for note in field.metadata if isinstance(note, Lifetime)), None)
        for name, field in settings.model_fields.items()
        if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
    }
