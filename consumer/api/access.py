"""Who may: a route takes a `Viewer`, an `Operator` or an `Admin`, and gets the person, or is not reached."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from consumer.api.problem import ApiError
from consumer.api.services import Asked
from consumer.api.tokens import Person, Role, unauthorised

_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="Names the person (`sub`), the tenant and the roles."
)


async def person(services: Asked, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Person:
    """Raises ApiError: 401 without a token that counts, 429 for one request too many."""
    if sent is None:
        raise unauthorised("There is no bearer token.")
    found = await services.tokens.person(sent.credentials)
    if wait := services.rates.take(found.tenant):
        headers = {"Retry-After": str(math.ceil(wait))}
        raise ApiError(429, "too-many", "This tenant asks too often.", cure="Wait as said.", headers=headers)
    return found


def _at_least(role: Role) -> Callable[[Person], Awaitable[Person]]:
    async def check(asking: Annotated[Person, Depends(person)]) -> Person:
        if not asking.may(role):
            words = f"This needs the role {role}; the token has {', '.join(sorted(asking.roles)) or 'none'}."
            raise ApiError(403, "role", words, cure="Ask whoever gives out tokens.")
        return asking

    return check


Viewer = Annotated[Person, Depends(_at_least(Role.VIEWER))]
"""May look."""
Operator = Annotated[Person, Depends(_at_least(Role.OPERATOR))]
"""May also trigger, release, pause, redrive and discard."""
Admin = Annotated[Person, Depends(_at_least(Role.ADMIN))]
"""May also change accounts."""
