"""The limits that delivery's decisions keep to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.model import Bulk
from consumer.delivery.flood import FloodLimits
from consumer.delivery.quotas.leases import Quota
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.work import AccountKey


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """concurrency: calls at once per account. linger: seconds. max_waiting: listings in memory.

    quotas: what each account's calls count for, where the channel counts them. flood: how many dead letters are too
    many. bulk: how accounts take many commands as one job, where they do.
    """

    policy: RetryPolicy
    concurrency: int
    linger: float
    max_waiting: int
    background_topics: frozenset[str]
    quotas: Mapping[AccountKey, Sequence[Quota]] = field(default_factory=dict)
    flood: FloodLimits = field(default_factory=FloodLimits)
    bulk: Mapping[AccountKey, Bulk] = field(default_factory=dict)
