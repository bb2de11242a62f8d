"""What people ask for by command is written down before it is done."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from consumer.bootstrap.control import this_person
from consumer.bootstrap.start import secrets_of
from consumer.control.audit import COLLECTION, Audit, AuditEntry, AuditFilter
from consumer.embedded import Endpoints
from consumer.logs import SecretCutter
from consumer.mongo import AsyncDatabase, Document, PyMongoError, connect_async
from consumer.mongo.words import unavailable
from consumer.settings import Settings


def audit_in(settings: Settings, database: AsyncDatabase[Document]) -> Audit:
    """The audit of this install. database: our own."""
    return Audit(database[COLLECTION], SecretCutter(secrets_of(settings)))


def note(
    settings: Settings, endpoints: Endpoints, what: str, *, tenant: str = "", subject: str = "", **details: object
) -> None:
    """Write down that the user of this machine asks for this. Call it before doing it.

    details: what else was given; empty ones are left out. Raises UnavailableError: then it must not be done.
    """
    given = {name: value for name, value in details.items() if value not in (None, "", (), [], False)}
    entry = AuditEntry(datetime.now(UTC), f"cli:{this_person()}", what, tenant, subject, given)

    async def write() -> None:
        async with connect_async(endpoints.mongodb_uri) as client:
            audit = audit_in(settings, client[settings.place.database])
            await audit.prepare(settings.record.audit_days)
            await audit.note(entry)

    try:
        asyncio.run(write())
    except PyMongoError as error:
        raise unavailable(error) from error


def audit_entries(settings: Settings, endpoints: Endpoints, wanted: AuditFilter, most: int) -> list[AuditEntry]:
    """The newest first. Raises UnavailableError; ValueError for a page that is none."""

    async def read() -> list[AuditEntry]:
        async with connect_async(endpoints.mongodb_uri) as client:
            return await audit_in(settings, client[settings.place.database]).entries(wanted, most)

    try:
        return asyncio.run(read())
    except PyMongoError as error:
        raise unavailable(error) from error


def subject_of(channel: str, account: str | None) -> str:
    """How an entry names a channel or an account of it."""
    return f"{channel}/{account}" if account else channel


def tenant_of(account: str) -> str:
    """The tenant in `tenant/channel/name`."""
    return account.split("/")[0]
