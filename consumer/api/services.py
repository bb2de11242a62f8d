"""What routes work with. One field per subject; bootstrap fills it, and tests fill it the same way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from consumer.api.background import Background
from consumer.api.rates import Rates
from consumer.api.tokens import Person, Tokens
from consumer.bootstrap.triggering import Syncs
from consumer.control.audit import Audit, AuditEntry
from consumer.control.told import Told
from consumer.embedded import Endpoints
from consumer.listings.book import ListingBook
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """settings, endpoints: for what opens its own connections, as commands do. listings: read with ours."""

    settings: Settings
    endpoints: Endpoints
    tokens: Tokens
    rates: Rates
    listings: ListingBook
    audit: Audit
    told: Told
    background: Background
    syncs: Syncs

    async def note(self, person: Person, what: str, subject: str, **details: object) -> None:
        """Write down that this person asks for this; called before it is done. Raises PyMongoError: then it is not."""
        given = {name: value for name, value in details.items() if value not in (None, "", ())}
        await self.audit.note(AuditEntry(datetime.now(UTC), person.who, what, person.tenant, subject, given))


def services_of(request: Request) -> Services:
    """Those of the app that was asked."""
    services: Services = request.app.state.services
    return services


Asked = Annotated[Services, Depends(services_of)]
"""A route's parameter: the services."""
