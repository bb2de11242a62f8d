"""Which background work goes to planning for a job, and when a job leaves: account by account. A part of `dispatch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from adapters.errors import RateLimitedError
from adapters.model import Bulk
from consumer.delivery.accounts import Gate
from consumer.delivery.batches import Send
from consumer.delivery.commands import Answer, Call
from consumer.delivery.flow import Flow
from consumer.delivery.gathering import Gathering
from consumer.delivery.lanes import Lane
from consumer.delivery.quotas.quotas import JOB, Quotas
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.listings.state import ListingKey


class Jobs:
    """Of accounts whose channel takes many commands at once. patience: seconds nothing may wait longer for others."""

    def __init__(self, gates: Mapping[AccountKey, Gate], quotas: Quotas, flow: Flow, patience: float) -> None:
        self._gates = gates
        self._quotas = quotas
        self._flow = flow
        self._patience = patience
        self._gatherings: dict[AccountKey, Gathering] = {}

    def begin(self, rules: Mapping[AccountKey, Bulk]) -> None:
        """How the accounts that there are at first take jobs."""
        for account, rule in rules.items():
            self.follow(self._gates[account], rule)

    def follow(self, gate: Gate, rule: Bulk | None) -> None:
        """How the account takes jobs from now on; None = it does not."""
        gathering = self._gatherings.get(gate.account)
        if gathering is not None:
            gathering.rule = rule
        elif rule is not None:
            gathering = self._gatherings[gate.account] = Gathering(rule, self._patience)
        gate.gathers = 0 if gathering is None else gathering.size

    def close(self, account: AccountKey) -> None:
        """There is nothing of this account any more."""
        self._gatherings.pop(account, None)

    def gathers(self, account: AccountKey) -> bool:
        """Whether the account's background work gathers."""
        return account in self._gatherings and self._gatherings[account].rule is not None

    def room(self, gate: Gate) -> int:
        """How many works may be taken for a job; none while nothing may be called."""
        gathering = self._gatherings.get(gate.account)
        return 0 if gathering is None or gate.stands else gathering.room

    def take(self, gate: Gate, most: int, now: float) -> list[Work]:
        """Works to plan for a job. They are in flight from now on."""
        if not (room := min(self.room(gate), most)):
            return []
        taken = self._flow.ready.take(gate.account, room, now, (Lane.BACKGROUND,))
        self._gatherings[gate.account].take(taken)
        gate.in_flight += len(taken)
        self._count(gate.account)
        return list(taken)

    def planned(self, work: Work) -> bool:
        """The planning of a work is over. False: it was not taken for a job."""
        account = account_of(work.key)
        if account not in self._gatherings or not self._gatherings[account].planned(work):
            return False
        self._count(account)
        return True

    def add(self, send: Send, now: float) -> bool:
        """A command is ready. False: it goes singly."""
        account = account_of(send.work.key)
        if send.work.lane is not Lane.BACKGROUND or account not in self._gatherings:
            return False
        added = self._gatherings[account].add(send, now)
        self._count(account)
        return added

    def hurry(self, key: ListingKey, now: float) -> None:
        """A newer state came for this listing: where an older one gathers, it need not be waited for."""
        account = account_of(key)
        gathering = self._gatherings.get(account)
        send = None if gathering is None else gathering.pull(key)
        if send is not None:
            self._count(account)
            self._flow.wait(replace(send.work, due=now), now)

    def too_few(self, gate: Gate, now: float) -> list[tuple[Send, float]]:
        """What has waited long enough and goes singly, as far as there is room for it; each with its time."""
        if gate.account not in self._gatherings:
            return []
        found = self._gatherings[gate.account].too_few(gate.room(now), now)
        self._count(gate.account)
        return found

    def to_call(self, gate: Gate, now: float) -> list[Call]:
        """The job to send now, if any."""
        gathering = self._gatherings.get(gate.account)
        if gathering is None or not gate.may_send_job(now) or not (sends := gathering.job(now)):
            return []
        if not self._quotas.room(gate.account, now, JOB, 1, urgent=False):
            return []
        gathering.start()
        until = self._quotas.spend(gate.account, now, JOB, 1, urgent=False)
        return [Call(gate.account, JOB, sends, gate.generation, until)]

    def ended(self, call: Call) -> None:
        """The call of a job is over."""
        self._gatherings[call.account].ended()
        self._count(call.account)

    def crowded(self, call: Call, answers: Sequence[Answer], now: float) -> bool:
        """Whether the channel refused a job because it is one too many; single calls go on, whatever it says."""
        errors = [answer.error for answer in answers if isinstance(answer.error, RateLimitedError)]
        if call.operation != JOB or len(errors) < len(answers):
            return False
        self._gatherings[call.account].rest(max(error.delay or 0.0 for error in errors), now)
        return True

    def older(self, account: AccountKey, than: float) -> list[Send]:
        """Take out what has been under way since before this time."""
        return self._taken(account, lambda gathering: gathering.older(than))

    def remove(self, account: AccountKey, unwanted: Callable[[Send], bool]) -> list[Send]:
        """Take these commands out; they are not called."""
        return self._taken(account, lambda gathering: gathering.remove(unwanted))

    def next_due(self) -> list[float]:
        """When there is something to decide."""
        return [due for gathering in self._gatherings.values() if (due := gathering.due()) is not None]

    def _taken(self, account: AccountKey, out: Callable[[Gathering], list[Send]]) -> list[Send]:
        if account not in self._gatherings:
            return []
        taken = out(self._gatherings[account])
        self._count(account)
        return taken

    def _count(self, account: AccountKey) -> None:
        self._gates[account].gathered = len(self._gatherings[account])
