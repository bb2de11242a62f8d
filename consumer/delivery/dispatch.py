"""What goes to planning and to the channel next, account by account, and what must stay away for long."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from adapters.errors import RateLimitedError
from adapters.values import replace
from consumer.delivery.accounts import Gate
from consumer.delivery.batches import Batches, Send
from consumer.delivery.commands import Call
from consumer.delivery.flow import Failed, Flow
from consumer.delivery.jobs import Jobs
from consumer.delivery.lanes import EVERY_LANE, LEAST_URGENT_FIRST, LIVE_LANES, ORDINARY_LANES, URGENT_LANES, Lane
from consumer.delivery.owing import Owing
from consumer.delivery.quotas.quotas import JOB, Quotas
from consumer.delivery.retry import RetryPolicy, Wait, postpone
from consumer.delivery.share import Share
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.listings.owed import Cause
from consumer.listings.state import ListingKey

# One step of planning: large enough to be cheap per listing, small enough to keep the event loop lively.
_MOST_PREPARED = 200
# The same of background work while anything happens now: a few milliseconds of the event loop.
_MOST_BESIDE = 25
# So many seconds after the last live state nothing happens now.
_QUIET = 1.0
_BACKGROUND = (Lane.BACKGROUND,)
# Letters that may wait to be written; a long queue of them would only hold up what becomes ready meanwhile.
_MOST_LETTERS = 500
# Of an account's error, kept for people beside each listing.
_LONGEST = 300


# Seconds an account's quota may be used up before its planned calls make room for urgent ones.
_PATIENCE = 2.0
_CROWDED = "its account is slower than what comes in for it, and has filled its share of the memory"
_USED_UP = RateLimitedError("the quota of calls is used up")


class Dispatch:
    """Gates, quotas and batches of all accounts. linger: seconds a call that is not full waits for more."""

    def __init__(
        self,
        gates: Mapping[AccountKey, Gate],
        quotas: Quotas,
        flow: Flow,
        share: Share,
        *,
        linger: float,
        policy: RetryPolicy,
    ) -> None:
        self.gates = gates
        self._quotas = quotas
        self._flow = flow
        self._share = share
        self._policy = policy
        self._linger = linger
        self._batches = {key: Batches(gate.batch_size, linger) for key, gate in gates.items()}
        self.jobs = Jobs(gates, quotas, flow, policy.stale / 2)
        self._order = deque(gates)
        self._turn = 0
        self._live_at = -math.inf

    def open(self, gate: Gate) -> None:
        """There is one account more. Its gate is among `gates` by now."""
        self._batches[gate.account] = Batches(gate.batch_size, self._linger)
        self._order.append(gate.account)
        self._share.accounts = len(self.gates)

    def close(self, account: AccountKey) -> None:
        """There is nothing of this account any more. Its gate is not among `gates` any more."""
        del self._batches[account]
        self.jobs.close(account)
        self._order.remove(account)
        self._share.accounts = len(self.gates)

    def changed(self, gate: Gate, now: float) -> None:
        """The account's rules or settings are others: what is not called yet is planned by them, or finished with."""
        self._batches[gate.account].batch_size = gate.batch_size
        for send in self._take_out(gate.account, lambda _: True):
            self._flow.wait(replace(send.work, due=now), now)

    def to_prepare(self, least: int, now: float) -> tuple[Work, ...]:
        """The states to plan in one step, none if there are fewer than `least`. They are in flight from now on.

        Only what happens now, but for a background state that was passed over often: the rest has steps of its own.
        """
        room = [
            (gate, min(gate.room(now), self._flow.ready.count(gate.account, LIVE_LANES))) for gate in self._next_gates()
        ]
        if sum(most for _, most in room) < least:
            return ()
        works: list[Work] = []
        for gate, most in room:
            lanes = self._lanes(gate.account, now)
            if self.jobs.gathers(gate.account):
                lanes = [lane for lane in lanes if lane is not Lane.BACKGROUND]
            works += self._take(gate, min(most, _MOST_PREPARED - len(works)), now, lanes)
        if works:
            self._live_at = now
        return tuple(works)

    def background_to_prepare(self, least: Sequence[int], steps: int, now: float) -> tuple[Work, ...]:
        """The background states to plan in one step. steps: of background work that run; least: by their number.

        While anything happens now, one small step at a time: what comes meanwhile waits for no longer than that.
        """
        quiet = now - self._live_at > _QUIET
        gates = self._next_gates()
        free = sum(
            min(gate.background_room(now) + self.jobs.room(gate), self._flow.ready.count(gate.account, _BACKGROUND))
            for gate in gates
        )
        if free < least[steps] or (steps and not quiet):
            return ()
        most = _MOST_PREPARED if quiet else _MOST_BESIDE
        works: list[Work] = []
        for gate in gates:
            if Lane.BACKGROUND in self._lanes(gate.account, now) and not self.jobs.gathers(gate.account):
                works += self._take(gate, min(gate.background_room(now), most - len(works)), now, _BACKGROUND)
            works += self.jobs.take(gate, most - len(works), now)
        return tuple(works)

    def _next_gates(self) -> list[Gate]:
        """Those with something to take. Another one begins each time, so that a busy one does not always fill the
        step."""
        gates = [self.gates[account] for account in self._flow.ready.accounts()]
        self._turn += 1
        first = self._turn % len(gates) if gates else 0
        return gates[first:] + gates[:first]

    def _take(self, gate: Gate, most: int, now: float, lanes: Sequence[Lane]) -> list[Work]:
        taken = self._flow.ready.take(gate.account, most, now, lanes)
        gate.preparing += len(taken)
        gate.in_flight += len(taken)
        return taken

    def not_preparing(self, works: tuple[Work, ...]) -> None:
        """The step of `to_prepare` is over."""
        for work in works:
            if not self.jobs.planned(work):
                self.gates[account_of(work.key)].preparing -= 1

    def add(self, send: Send, now: float) -> None:
        """A command is ready to be called."""
        if self.jobs.add(send, now):
            return
        account = account_of(send.work.key)
        self._batches[account].add(send, now)
        self.gates[account].queued += 1

    def to_call(self, now: float) -> list[Call]:
        """The calls to start now."""
        calls: list[Call] = []
        for account in tuple(self._order):
            gate, batches = self.gates[account], self._batches[account]
            self._plan_again(account, now)
            for send, since in self.jobs.too_few(gate, now):
                batches.add(send, since)
                gate.queued += 1
            calls += self.jobs.to_call(gate, now)
            room = partial(self._quotas.room, account, now)
            while batches and gate.may_call(now) and (sends := batches.next(now, probe=gate.down, room=room)):
                gate.queued -= len(sends)
                gate.calling += len(sends)
                gate.calls += 1
                urgent = all(send.work.lane.urgent for send in sends)
                weight = sum(send.weight for send in sends)
                until = self._quotas.spend(account, now, sends[0].operation, weight, urgent=urgent)
                calls.append(Call(account, sends[0].operation, sends, gate.generation, until))
        if calls:
            self._order.rotate(-1)  # accounts that share a quota take turns
        return calls

    def not_calling(self, call: Call) -> Gate:
        """The call is over."""
        gate = self.gates[call.account]
        if call.operation == JOB:
            self.jobs.ended(call)
            return gate
        gate.calls -= 1
        gate.calling -= len(call.sends)
        return gate

    def too_late(self, call: Call, now: float) -> None:
        """Answer to a `Call` that was not made: this process was frozen, and what it had leased may be others' by now.

        Its listings may be, too: they are planned anew. Their intents stand.
        """
        self.not_calling(call)
        for send in call.sends:
            self._flow.wait(replace(send.work, due=now), now)

    def spill(self, now: float) -> None:
        """What cannot be called for long makes room, and no attempt is burned: in memory if it is not for too long.

        So memory and lag stay flat while a credential is dead or a quota used up, and other accounts and urgent calls
        go on.
        """
        greedy, excess = self._share.excess(self._flow.slots)
        if greedy is not None:
            self._owe_excess(self.gates[greedy], excess, now)
        for account, gate in self.gates.items():
            if gate.stands:
                self._owe(gate, now)
                continue
            closed = gate.closed_for(now)
            if closed > self._policy.memory_wait:
                self._spill(account, EVERY_LANE, closed, gate.error, now)
            for lanes in (ORDINARY_LANES, URGENT_LANES):
                dry = self._quotas.dry_for(account, now, urgent=lanes is URGENT_LANES)
                if dry > _PATIENCE:
                    self._spill(account, lanes, dry, _USED_UP, now)

    def _owe(self, gate: Gate, now: float) -> None:
        """The account stands still: what it has becomes owed, so that memory and lag stay flat however long it does."""
        cause = Cause.PAUSED if gate.paused else Cause.HALTED
        words = gate.paused or gate.broken or str(gate.error)[:_LONGEST]
        works = [send.work for send in self._take_out(gate.account, lambda _: True)]
        taken = self._flow.ready.take(gate.account, self._flow.owings.room, now)
        gate.in_flight += len(taken)
        for work in (*works, *taken):
            self._flow.owe(Owing(work, cause, now, words))

    def _owe_excess(self, gate: Gate, excess: int, now: float) -> None:
        """The account has more than its share of the memory: the least urgent of what waits becomes owed."""
        most = min(excess, self._flow.owings.room)
        taken = self._flow.ready.take(gate.account, most, now, LEAST_URGENT_FIRST)
        gate.in_flight += len(taken)
        for work in taken:
            self._flow.owe(Owing(work, Cause.SPILLED, now, _CROWDED))

    def send_on(self, key: ListingKey, now: float) -> None:
        """A state that is due much later than its retry topic waits goes round once more; none waits for a job."""
        self.jobs.hurry(key, now)
        waiting = self._flow.slots.ready(key)
        if waiting is None or waiting.due - now <= self._policy.memory_wait or not self._policy.delays:
            return
        self.gates[account_of(key)].in_flight += 1
        # Its due time stays: where clocks differ, one that moves on with every round is never reached.
        away = replace(postpone(waiting.due - now, self._policy, now=now, burned=False), due=waiting.due)
        self._flow.follow(Failed(self._flow.slots.take(key), "none", None), away, now)

    def _spill(
        self, account: AccountKey, lanes: Sequence[Lane], delay: float, error: Exception | None, now: float
    ) -> None:
        away = postpone(delay, self._policy, now=now, burned=False)
        for send in self._take_out(account, lambda send: send.work.lane in lanes):
            self._flow.follow(Failed(send.work, send.operation, error), away, now)
        if isinstance(away, Wait):
            return
        gate = self.gates[account]
        for work in self._flow.ready.take(account, _MOST_LETTERS - len(self._flow.letters), now, lanes):
            gate.in_flight += 1
            self._flow.follow(Failed(work, "none", error), away, now)

    def _plan_again(self, account: AccountKey, now: float) -> None:
        """What was planned so long ago may be another process's by now: this one may have been frozen meanwhile.

        Planning it anew finds out. Its intent stands, so nothing can be missed.
        """
        stale = self._batches[account].older(now - self._policy.stale)
        self.gates[account].queued -= len(stale)
        for send in (*stale, *self.jobs.older(account, now - self._policy.stale)):
            self._flow.wait(replace(send.work, due=now), now)

    def _lanes(self, account: AccountKey, now: float) -> Sequence[Lane]:
        """Nothing is planned that could not be called for some time."""
        dry = self._quotas.dry_for(account, now, urgent=False)
        return URGENT_LANES if dry > _PATIENCE else EVERY_LANE

    def drop_leaving(self, now: float) -> None:
        """Forget commands of partitions that leave. Their intents stand, so the next owner sends the newest state."""
        for account in self._batches:
            for send in self._take_out(account, lambda send: self._flow.leaves(send.work)):
                self._flow.forget(send.work, now)

    def next_due(self, now: float) -> float | None:
        """When a call is ready or a closed gate half opens."""
        times = [
            gate.until if gate.closed_for(now) else self._batches[account].due()
            for account, gate in self.gates.items()
            if gate.closed_for(now) or gate.may_call(now)
        ]
        return min((time for time in (*times, *self.jobs.next_due()) if time is not None and time > now), default=None)

    def _take_out(self, account: AccountKey, unwanted: Callable[[Send], bool]) -> list[Send]:
        taken = self._batches[account].remove(unwanted)
        self.gates[account].queued -= len(taken)
        return taken + self.jobs.remove(account, unwanted)
