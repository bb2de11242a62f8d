"""From an account at work back to data: how an account of variables becomes a stored one."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from adapters.credentials import credential_fields
from adapters.model import Operation
from adapters.rate_limits import Limit
from consumer.listings.accounts.account import Account
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.limits import OwnLimit


def data_of(account: Account) -> tuple[AccountDocument, dict[str, SecretStr]]:
    """The account as a document, and apart from it the credentials it has."""
    settings: BaseModel = account.settings
    names = credential_fields(type(settings))
    secrets: dict[str, SecretStr] = {name: getattr(settings, name) for name in names}
    document = AccountDocument(
        tenant=account.tenant,
        channel=account.channel,
        account=account.name,
        mode=account.mode,
        languages=account.languages,
        text_language=account.text_language,
        settings=settings.model_dump(mode="json", exclude=set(names)),
        selection=account.selection,
        content=account.content,
        categories=account.categories,
        price=account.price,
        stock=account.stock,
        variations=account.variations,
        brakes=account.brakes,
        confirmation=account.confirmation,
        reconcile=account.reconcile,
        limits=tuple(map(_own_limit, account.limits)),
    )
    return document, {name: secret for name, secret in secrets.items() if secret.get_secret_value()}


def _own_limit(limit: Limit) -> OwnLimit:
    counts = "listings" if limit.costs[Operation.CREATE].listing else "calls"
    return OwnLimit(name=limit.name, amount=limit.amount, period=limit.period, counts=counts)
