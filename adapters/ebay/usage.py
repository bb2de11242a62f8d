"""How many of its calls an application has used today, as eBay's Analytics API says it.

eBay's answers carry no such figures and its 429 no time to wait: only this call says when the count begins anew.
Source: developer_analytics_v1_beta (1_beta.0.1). Its filters are unreliable and its spelling varies, so all is read and
looked through here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.ebay.calls import Calls, mapping_of
from adapters.errors import AdapterError
from adapters.values import value_object

_PAUSE = 60.0  # seconds between two questions, whatever they were answered
_LONGEST = 24 * 3600.0
OF_INTEREST = ("inventory", "taxonomy", "metadata", "media")


@value_object
class Allowance:
    """Calls of one API. resets: when it is counted anew, seconds since 1970; None = not said."""

    api: str
    limit: int
    remaining: int
    resets: float | None

    def __str__(self) -> str:
        until = ""
        if self.resets is not None:
            until = f", counted anew at {datetime.fromtimestamp(self.resets, UTC):%Y-%m-%d %H:%M} UTC"
        return f"{self.api} API: {self.remaining:,} of {self.limit:,} calls of the application left{until}"


class Usage:
    """Asks for one application. clock: seconds since 1970."""

    def __init__(self, calls: Calls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._clock = clock
        self._found: tuple[Allowance, ...] = ()
        self._asked = float("-inf")
        self._lock = asyncio.Lock()

    async def allowances(self) -> tuple[Allowance, ...]:
        """What is left of the APIs we use, at most a minute old. Raises AdapterError."""
        async with self._lock:
            if self._clock() - self._asked >= _PAUSE:
                self._asked = self._clock()
                self._found = ()
                answer = await self._calls.ask("/developer/analytics/v1_beta/rate_limit/")
                self._found = allowances_in(mapping_of(answer))
            return self._found

    async def delay(self, api: str) -> float | None:
        """Seconds until an API that is used up may be called again; None = it is not, or nobody knows. Never raises."""
        try:
            found = await self.allowances()
        except AdapterError:
            return None
        waits = [
            one.resets - self._clock()
            for one in found
            if one.api == api and one.remaining <= 0 and one.resets is not None
        ]
        return min(max(1.0, *waits), _LONGEST) if waits else None


def allowances_in(body: Mapping[str, Any]) -> tuple[Allowance, ...]:
    """The tightest allowance of each API that we use. Placeholders, which eBay's sandbox has, are left out."""
    found: dict[str, Allowance] = {}
    for limit in body.get("rateLimits") or ():
        api = str(limit.get("apiName") or "").lower()
        for resource in limit.get("resources") or ():
            for rate in resource.get("rates") or ():
                one = _allowance(api, rate)
                if one is not None and (api not in found or one.remaining < found[api].remaining):
                    found[api] = one
    return tuple(found[api] for api in OF_INTEREST if api in found)


def _allowance(api: str, rate: Mapping[str, Any]) -> Allowance | None:
    limit, remaining = rate.get("limit"), rate.get("remaining")
    if not isinstance(limit, int) or not isinstance(remaining, int) or limit < 1:
        return None
    try:
        resets: float | None = datetime.fromisoformat(str(rate.get("reset"))).timestamp()
    except ValueError:
        resets = None
    return Allowance(api, limit, remaining, resets)
