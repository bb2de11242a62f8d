"""A credential as an account's document holds it: encrypted, with what a person may know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consumer.errors import MarketsyncError
from consumer.mongo import Binary, Document


class CredentialError(MarketsyncError):
    """One credential of one account cannot be used. The message names both, and the cure; it quotes nothing."""


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """One credential, sealed. key: id of the data key it is encrypted with. expires_at: None = not known to end."""

    ciphertext: Binary = field(repr=False)
    key: Binary
    set_at: datetime
    expires_at: datetime | None = None

    def document(self) -> Document:
        """As it is stored."""
        return {
            "ciphertext": self.ciphertext,
            "key": self.key,
            "set_at": self.set_at,
            "expires_at": self.expires_at,
        }


# Of one member of `credentials` in an account's document, as $jsonSchema.
SEALED_SCHEMA: Mapping[str, Any] = {
    "bsonType": "object",
    "required": ["ciphertext", "key", "set_at"],
    "additionalProperties": False,
    "properties": {
        "ciphertext": {"bsonType": "binData", "description": "the encrypted credential"},
        "key": {"bsonType": "binData", "description": "_id of its data key in the collection keys"},
        "set_at": {"bsonType": "date", "description": "when it was set"},
        "expires_at": {"bsonType": ["date", "null"], "description": "when it ends, null = not known to"},
    },
}


def read_sealed(account: str, name: str, stored: object) -> SealedCredential:
    """What stands in the document of `account` under `name`. Raises CredentialError."""
    if isinstance(stored, Mapping):
        ciphertext, key = stored.get("ciphertext"), stored.get("key")
        set_at, expires_at = stored.get("set_at"), stored.get("expires_at")
        if (
            isinstance(ciphertext, Binary)
            and isinstance(key, Binary)
            and isinstance(set_at, datetime)
            and isinstance(expires_at, datetime | None)
        ):
            return SealedCredential(ciphertext, key, set_at, expires_at)
    raise CredentialError(
        f"account {account}: credential {name} is no sealed credential; set it anew:"
        f" `marketsync credentials set {account} {name}`"
    )
