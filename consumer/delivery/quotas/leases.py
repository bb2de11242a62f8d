"""Which limits count for an account, and what a process asks MongoDB for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapters.rate_limits import Limit, Scope
from consumer.delivery.quotas import ledger as ledgers
from consumer.delivery.quotas.ledger import NOTHING, Grant, Ledger, Slice, Want
from consumer.delivery.work import AccountKey


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit and the name its count is kept under, the same in all processes."""

    key: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Ask:
    """Of one quota: units wanted, slices that will not be used, and whether the channel refused a call.

    refused: seconds it asked us to rest (0: it did not say), None: it refused nothing.
    """

    quota: Quota
    urgent: Want = NOTHING
    ordinary: Want = NOTHING
    unused: tuple[Grant, ...] = ()
    refused: float | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Ask for these. asked: when, on the core's clock. Answer: `Quotas.leased` or `not_leased`."""

    asks: tuple[Ask, ...]
    asked: float


def answered(ask: Ask, ledger: Ledger, now: float) -> tuple[Ledger, Slice]:
    """The ledger after an ask, and the answer. What is given back counts first, then a refusal, then what is wanted."""
    limit = ask.quota.limit
    ledger = ledgers.give_back(ledger, limit, ask.unused, now)
    if ask.refused is not None:
        ledger = ledgers.throttle(ledger, limit, ask.refused, now)
    return ledgers.lease(ledger, limit, ask.urgent, ask.ordinary, now)


def quotas_of(channel: str, account: AccountKey, limits: Iterable[Limit], egress: str) -> tuple[Quota, ...]:
    """The quotas that an account's calls count for. egress: name of the address that its calls leave from.

    What is counted for each listing by itself is no quota of the account: `consumer.listings.allowance` keeps it.
    """
    owners = {Scope.ACCOUNT: str(account), Scope.EGRESS: egress}
    return tuple(
        Quota(f"{channel}/{limit.scope}/{owners.get(limit.scope, limit.owner)}/{limit.name}", limit)
        for limit in limits
        if limit.scope is not Scope.LISTING
    )
