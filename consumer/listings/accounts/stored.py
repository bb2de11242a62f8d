"""An account's document as it stands in the store: read whatever a person has made of it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consumer.listings.accounts.channel_settings import check_settings
from consumer.listings.accounts.document import AccountDocument, read_account
from consumer.listings.accounts.errors import AccountError

# What the store keeps beside the account itself.
KEPT_BESIDE = ("_id", "credentials", "revision", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as it is stored. sealed: its credentials by name, encrypted. revision: counts the changes.

    Dates are UTC.
    """

    document: AccountDocument
    sealed: Mapping[str, Any] = field(repr=False)
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def id(self) -> str:
        """The document's id."""
        return self.document.id

    @property
    def tenant(self) -> str:
        """Whose products are sold."""
        return self.document.tenant

    @property
    def channel(self) -> str:
        """Where they are sold."""
        return self.document.channel

    @property
    def name(self) -> str:
        """The account's own name."""
        return self.document.account


@dataclass(frozen=True, slots=True)
class BrokenAccount:
    """An account that cannot be used, and nobody else is hurt by that. words: why, and what to do about it.

    tenant, channel, name: as far as they can be told, else "".
    """

    id: str
    words: str
    tenant: str = ""
    channel: str = ""
    name: str = ""


def read_stored(raw: Mapping[str, Any]) -> StoredAccount | BrokenAccount:
    """The account in a document of the store. Never raises."""
    own_id = str(raw.get("_id", ""))
    try:
        document = read_account({name: value for name, value in raw.items() if name not in KEPT_BESIDE})
        if document.id != own_id:
            raise AccountError(
                f"_id is {own_id!r} and not {document.id!r}, as tenant, channel and account say: remove it, and add it"
                " anew with `marketsync accounts add`"
            )
        check_settings(document.channel, document.settings)
        return StoredAccount(document, *_beside(raw))
    except AccountError as error:
        return broken(own_id, f"its document cannot be used: {error}")


def broken(own_id: str, words: str) -> BrokenAccount:
    """An account that cannot be used for this reason. Who it is, its id says."""
    parts = own_id.split("/")
    tenant, channel, name = parts if len(parts) == 3 else ("", "", "")
    return BrokenAccount(own_id, words, tenant, channel, name)


def _beside(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], int, datetime, datetime]:
    sealed, revision = raw.get("credentials"), raw.get("revision")
    created, updated = raw.get("created_at"), raw.get("updated_at")
    if not isinstance(sealed, Mapping):
        raise AccountError("credentials is not a map: set them anew with `marketsync credentials set`")
    if isinstance(revision, bool) or not isinstance(revision, int | float) or revision != int(revision):
        raise AccountError("revision is not a whole number: set it to one higher than any before")
    if not isinstance(created, datetime) or not isinstance(updated, datetime):
        raise AccountError("created_at and updated_at are not both dates: set them to some date")
    return sealed, int(revision), created, updated
