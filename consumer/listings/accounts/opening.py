"""From a stored account to one at work: its credentials opened, its rules and settings put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, SecretStr

from consumer.errors import MarketsyncError
from consumer.listings.accounts.account import Account
from consumer.listings.accounts.channel_settings import missing_credentials, open_settings, sold_as
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.errors import AccountError
from consumer.listings.accounts.stored import BrokenAccount, StoredAccount, broken


class Opens(Protocol):
    """Opens credentials: what of `credentials.vault.Vault` is needed here."""

    async def open(self, account: str, credentials: Mapping[str, Any]) -> Mapping[str, SecretStr]:
        """The secrets of an account by name. Raises MarketsyncError for what cannot be opened."""


async def open_account(stored: StoredAccount, vault: Opens) -> Account | BrokenAccount:
    """The account, ready to work. Broken: its credentials cannot be opened, or some are missing and it is not off.

    An account that is off may still be without credentials: they are blank then. Raises PyMongoError, where the
    database is away: of that no account is broken.
    """
    document = stored.document
    try:
        credentials = await vault.open(stored.id, stored.sealed)
        missing = missing_credentials(document.channel, credentials)
        if missing and document.mode != "off":
            raise AccountError(
                f"credentials are missing: {', '.join(missing)}. Set them: `marketsync credentials set {stored.id}"
                f" {missing[0].split()[0]}`"
            )
        return account_of(document, open_settings(document.channel, document.settings, credentials))
    except MarketsyncError as error:
        return broken(stored.id, str(error))


def look_at(stored: StoredAccount) -> Account | BrokenAccount:
    """The account with its credentials closed: they are blank. To look at and to plan with, not to call with."""
    document = stored.document
    try:
        return account_of(document, open_settings(document.channel, document.settings, {}))
    except AccountError as error:
        return broken(stored.id, str(error))


def account_of(document: AccountDocument, settings: BaseModel) -> Account:
    """The account in a document, with the channel's own settings object."""
    return Account(
        tenant=document.tenant,
        channel=document.channel,
        name=document.account,
        mode=document.mode,
        languages=document.languages,
        text_language=document.text_language,
        selection=document.selection,
        content=document.content,
        categories=document.categories,
        price=document.price,
        stock=document.stock,
        variations=sold_as(document.channel, document.variations),
        brakes=document.brakes,
        confirmation=document.confirmation,
        reconcile=document.reconcile,
        limits=tuple(limit.limit() for limit in document.limits),
        settings=settings,
    )
