"""Which accounts there are: they come, change and go while delivery runs. A part of the core: facts in, pure.

new or changed → what is not called yet is planned by what holds now; a refused credential that was replaced is tried
gone           → what waits is finished with, what is in flight ends; then nothing of it is kept

Whoever does not know of an account passes over its records, and when the account is new, its products are read again.
For that reading to miss nothing, it has to be known when the last process has heard of the account. So nothing is taken
in by a process that has not read the accounts for `KNOWN_FOR` seconds, and the reading begins later than that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.model import Bulk
from consumer.delivery.accounts import Gate
from consumer.delivery.commands import Dismiss
from consumer.delivery.dispatch import Dispatch
from consumer.delivery.flow import Flow
from consumer.delivery.quotas.leases import Quota
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.work import AccountKey

# Seconds that a reading of the accounts holds: records are taken in by none that is older.
KNOWN_FOR = 4.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How an account is served. batch_size: commands in one call. quotas: what its calls count for.

    broken: why its document cannot be used, in words; then it stands still. "" = it can. bulk: how it takes
    many commands as one job; None = it does not.
    """

    batch_size: int = 1
    quotas: Sequence[Quota] = ()
    broken: str = ""
    bulk: Bulk | None = None


class Roster:
    """Told by the shell which accounts there are. concurrency: calls at once per account.

    fresh_until: until when what is known of the accounts holds; for ever, unless the shell says when it was read.
    changed_at: when an account changed last.
    """

    def __init__(
        self,
        gates: dict[AccountKey, Gate],
        flow: Flow,
        dispatch: Dispatch,
        quotas: Quotas,
        *,
        concurrency: int,
        policy: RetryPolicy,
    ) -> None:
        self.fresh_until = math.inf
        self.changed_at = -math.inf
        self._gates = gates
        self._flow = flow
        self._dispatch = dispatch
        self._quotas = quotas
        self._concurrency = concurrency
        self._policy = policy
        self._leaving: set[AccountKey] = set()

    @property
    def accounts(self) -> Mapping[AccountKey, Gate]:
        """Those there are, without those that leave."""
        return {account: gate for account, gate in self._gates.items() if not gate.gone}

    def read(self, began: float) -> None:
        """The accounts are as they were stored at this time, on the core's clock, or later."""
        self.fresh_until = began + KNOWN_FOR

    def known(self, account: AccountKey, terms: Terms, now: float, *, renewed: bool = False) -> None:
        """There is such an account, new or as it is now. renewed: its credential or settings are others."""
        gate = self._gates.get(account)
        if gate is None:
            gate = Gate(account, terms.batch_size, concurrency=self._concurrency, policy=self._policy)
            self._gates[account] = gate
            self._dispatch.open(gate)
        self._leaving.discard(account)
        gate.gone = False
        gate.broken = terms.broken
        gate.resize(terms.batch_size)
        self._dispatch.jobs.follow(gate, terms.bulk)
        if renewed:
            gate.renew(now)
        self._quotas.follow(account, terms.quotas, now)
        self._changed(gate, now)

    def gone(self, account: AccountKey, now: float) -> None:
        """There is no such account any more, or nothing is to be done for it."""
        gate = self._gates.get(account)
        if gate is None or gate.gone:
            return
        gate.gone = True
        self._leaving.add(account)
        self._changed(gate, now)
        self._flow.drop_account(account, now)

    def outdated(self, account: AccountKey, since: float) -> bool:
        """Whether the account changed at this time or later: what was planned since then may be by the old rules."""
        return self.changed_at >= since and self._gates[account].changed_at >= since

    def next(self, now: float) -> list[Dismiss]:
        """Accounts of which nothing is left: they are forgotten."""
        if not self._leaving:
            return []
        ended = [account for account in self._leaving if not self._gates[account].in_flight]
        for account in ended:
            self._leaving.discard(account)
            del self._gates[account]
            self._dispatch.close(account)
            self._quotas.follow(account, (), now)
        return [Dismiss(account) for account in ended]

    def _changed(self, gate: Gate, now: float) -> None:
        self.changed_at = gate.changed_at = now
        self._dispatch.changed(gate, now)
