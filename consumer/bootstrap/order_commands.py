"""What commands ask of the stored orders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from consumer.bootstrap.credentials import open_credentials
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.mongo import Document, PyMongoError, connect_async
from consumer.mongo.words import unavailable
from consumer.orders.store import OrderStore
from consumer.settings import Settings

_DAY = 86400


async def newest_orders(
    settings: Settings, endpoints: Endpoints, tenant: str, most: int, account: str, status: str
) -> Sequence[Document]:
    """The newest first, personal data left out; "" = whichever. Raises UnavailableError."""
    async with _store(settings, endpoints) as store:
        return await store.newest(tenant, most, account=account, status=status)


async def one_order(settings: Settings, endpoints: Endpoints, account: str, order_id: str) -> dict[str, Any]:
    """All that is known of it; `buyer` and addresses are absent where they are not kept any more.

    Raises SettingsError for one we do not have, UnavailableError, MasterKeyError.
    """
    async with _store(settings, endpoints) as store:
        found = await store.find(account, order_id)
        if found is None:
            raise SettingsError(f"account {account} has no order {order_id}; see `marketsync orders list`")
        order: dict[str, Any] = found["order"]
        return order | (await store.personal(found) or {})


@asynccontextmanager
async def _store(settings: Settings, endpoints: Endpoints) -> AsyncIterator[OrderStore]:
    try:
        async with connect_async(endpoints.mongodb_uri) as client:
            credentials = open_credentials(settings, endpoints, client)
            try:
                keep = settings.orders.personal_days * _DAY
                yield OrderStore(client[settings.place.database], credentials.cipher, keep=keep)
            finally:
                await credentials.cipher.close()
    except PyMongoError as error:
        raise unavailable(error) from error
