"""The account that a route is about: it has to be one of the tenant's."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends

from consumer.api.access import person
from consumer.api.problem import ApiError, unknown
from consumer.api.routes.parameters import Account, Channel
from consumer.api.services import Asked, Services
from consumer.api.tokens import Person
from consumer.bootstrap.accounts import known_accounts
from consumer.listings.accounts import Account as SellingAccount
from consumer.listings.accounts.stored import BrokenAccount


async def find_own(services: Services, tenant: str, channel: str, account: str) -> SellingAccount:
    """Raises ApiError: 404 where the tenant has no such account, 422 where it cannot be read."""
    name = f"{tenant}/{channel}/{account}"
    for one in await asyncio.to_thread(known_accounts, services.settings, services.endpoints):
        if one.id == name:
            if isinstance(one, BrokenAccount):
                raise ApiError(422, "broken-account", f"The account stands still: {one.words}.", cure="Mend it.")
            return one
    raise unknown("account", f"{channel}/{account}")


async def _own(
    services: Asked, asking: Annotated[Person, Depends(person)], channel: Channel, account: Account
) -> SellingAccount:
    return await find_own(services, asking.tenant, channel, account)


OwnAccount = Annotated[SellingAccount, Depends(_own)]
"""A route's parameter instead of channel and account. Its credentials stay closed."""
