"""Lets adapters fetch the channel's own rules before a listing is held against them, without making others wait.

A listing whose rules are not known waits in memory while they are fetched, beside all other work. Where they cannot be
fetched it goes on after that, and is checked less: the channel has the last word anyway. Asked for every listing that
is to be sent, so it costs next to nothing where the rules are known.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import structlog

from adapters.errors import RateLimitedError
from adapters.model import Listing
from consumer.delivery.batches import Send
from consumer.delivery.planning import Deferred, Seller, Step
from consumer.delivery.work import AccountKey, Work, account_of

_log = structlog.get_logger()

# Seconds that fetching may take, and for which nobody asks again for what could not be fetched.
_LONGEST = 60.0
_NOT_AGAIN = 300.0
# Seconds after which a listing looks whether its rules are known.
_LOOK = 0.5
# Rules that could not be fetched; more of them are forgotten, and asked for again.
_MOST_KNOWN = 1000

_WAITS = "the channel's rules for its category are being fetched"


class _Rules(NamedTuple):
    """What a listing is held against, as far as a listing says it."""

    account: AccountKey
    category: str | None
    language: str


class Learning:
    """One process's. clock: seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._fetching: set[_Rules] = set()
        self._tried: dict[_Rules, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def hold_back(
        self, works: Sequence[Work], steps: Sequence[Step], sellers: Mapping[AccountKey, Seller]
    ) -> list[Step]:
        """The steps of these works, but for those that have to wait until their rules are known."""
        missing: dict[AccountKey, list[Listing]] = defaultdict(list)
        kept = []
        for work, step in zip(works, steps, strict=True):
            listing = _listing(step)
            account = account_of(work.key)
            if listing is None or sellers[account].adapter.knows(listing) or self._is_hopeless(account, listing):
                kept.append(step)
            else:
                kept.append(Step(None, Deferred(work, RateLimitedError(_WAITS, delay=_LOOK))))
                missing[account].append(listing)
        for account, listings in missing.items():
            self._fetch(account, sellers[account], listings)
        return kept

    def _is_hopeless(self, account: AccountKey, listing: Listing) -> bool:
        """Whether its rules were asked for in vain not long ago."""
        return self._tried.get(_rules(account, listing), 0.0) > self._clock()

    def _fetch(self, account: AccountKey, seller: Seller, listings: Sequence[Listing]) -> None:
        fresh = {_rules(account, listing): listing for listing in listings}
        fresh = {rules: listing for rules, listing in fresh.items() if rules not in self._fetching}
        if not fresh:
            return
        self._fetching |= fresh.keys()
        task = asyncio.get_running_loop().create_task(self._learn(seller, fresh))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _learn(self, seller: Seller, wanted: Mapping[_Rules, Listing]) -> None:
        try:
            async with asyncio.timeout(_LONGEST):
                await seller.adapter.learn(list(wanted.values()))
        except TimeoutError:
            _log.warning("a channel's rules could not be fetched in time", account=seller.account.name)
        except Exception:  # its listings go on, and are checked less
            _log.exception("bug in an adapter", account=seller.account.name, operation="learn")
        finally:
            self._fetching -= wanted.keys()
            if len(self._tried) > _MOST_KNOWN:
                self._tried.clear()
            for rules in wanted:
                self._tried[rules] = self._clock() + _NOT_AGAIN


def _listing(step: Step) -> Listing | None:
    """What would be sent or rehearsed. A stock that is sent alone needs no rules."""
    if isinstance(step.result, Send):
        listing: Listing | None = step.result.plan.plan.command.listing
        return listing
    return step.rehearsed


def _rules(account: AccountKey, listing: Listing) -> _Rules:
    return _Rules(account, listing.category, listing.language)
