"""How a state in flight ends: finished, superseded, waiting again, on its way to a retry topic or the dead letters.

Every state taken from its slot leaves it through exactly one of `finish`, `follow`, `wait` and `forget`. The offset of
its record is finished only where nothing is owed any more: the outcome is stored, the letter is with Kafka, or a newer
state with an open record of its own waits in the slot (promise 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from adapters.values import replace
from consumer.delivery.accounts import Gate
from consumer.delivery.commands import Finished, Letter, Notes, Postponed, Superseded
from consumer.delivery.flood import Flood
from consumer.delivery.offsets import Offsets
from consumer.delivery.owing import Owe, Owing, Owings
from consumer.delivery.ready import Ready
from consumer.delivery.retry import DeadLetter, Decision, Halt, Refused, RetryTopic, Wait
from consumer.delivery.slots import Slots
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.kafka.records import Partition
from consumer.listings.owed import Cause
from consumer.logs import without_secrets

# How a state of an account ends that is no more: its products are read again when it comes back.
GONE = "account_gone"
_LONGEST = 300
# Seconds until a listing that was not given up is looked at: by then its account is paused.
_AFTER_FLOOD = 5.0


class Failed(NamedTuple):
    """A try that did not end well. operation: what was called, "none" where it did not come to that."""

    work: Work
    operation: str
    error: Exception | None


class Flow:
    """Slots, offsets and letters, kept in step. gates: every account's. flood: who may give up any more."""

    def __init__(self, gates: Mapping[AccountKey, Gate], flood: Flood) -> None:
        self.offsets = Offsets()
        self.slots = Slots()
        self.ready = Ready(self.slots)
        self.notes = Notes()
        self.letters: deque[Letter] = deque()
        self.withheld: deque[Letter] = deque()
        self.flood = flood
        self.owings = Owings()
        self.draining: set[Partition] = set()
        self._gates = gates

    def leaves(self, work: Work) -> bool:
        """Whether its partition is being taken from us, or was: nothing new may start for it."""
        return work.ticket.partition in self.draining or not self.offsets.is_current(work.ticket)

    def offer(self, work: Work, now: float) -> None:
        """A state came in."""
        before = self.slots.ready(work.key)
        superfluous = self.slots.offer(work)
        if superfluous is not None:
            self.supersede(superfluous)
        after = self.slots.ready(work.key)
        if after is not None and (before is None or after.lane is not before.lane):
            self.ready.add(work.key, now)

    def follow(self, failed: Failed, decision: Decision, now: float) -> None:
        """Do what was decided after a failed try."""
        if isinstance(decision, Halt):
            self.owe(Owing(failed.work, Cause.HALTED, now, _words(failed.error)))
        elif isinstance(decision, Refused):
            self.finish(Finished(failed.work, failed.operation, "refused", str(failed.error)), now)
        elif isinstance(decision, Wait):
            work = _after(failed, decision, now)
            self.notes.add(Postponed(work, "memory", decision.due - now, failed.error))
            self.wait(work, now)
        elif not self.offsets.is_current(failed.work.ticket):
            self.forget(failed.work, now)
        elif failed.work.swept and isinstance(decision, RetryTopic):
            self.owe(Owing(_after(failed, decision, now), Cause.RETRY, decision.due, _words(failed.error)))
        elif self.slots.has_newer(failed.work.key):
            self.supersede(failed.work)
            self.forget(failed.work, now)
        else:
            self._write(failed, decision, now)

    def owe(self, owing: Owing) -> None:
        """A state in flight is not sent: its listing is marked as owed, then its record is finished."""
        self.owings.add(owing)

    def owed(self, owe: Owe, now: float) -> None:
        """The marks are stored."""
        self.owings.ended()
        for owing in owe.owings:
            self.notes.add(Finished(owing.work, "none", "owed", owing.cause))
            self.done(owing.work, now)

    def finish(self, finished: Finished, now: float) -> None:
        """The state is done with, for good or bad, and nothing is owed for it."""
        self._gates[account_of(finished.work.key)].acquit(finished.work.key)
        self.notes.add(finished)
        self.done(finished.work, now)

    def done(self, work: Work, now: float) -> None:
        """The state's record needs it no more."""
        self.offsets.finish(work.ticket)
        self.forget(work, now)

    def supersede(self, work: Work) -> None:
        """The state is not needed any more: a newer one takes its place."""
        self.notes.add(Superseded(work))
        self.offsets.finish(work.ticket)

    def wait(self, work: Work, now: float) -> None:
        """The state waits in its slot for another try; a newer one there takes its place (promise 3)."""
        if self.leaves(work):
            self.forget(work, now)
            return
        gate = self._gates[account_of(work.key)]
        if gate.gone:
            self.finish(Finished(work, "none", GONE), now)
            return
        gate.in_flight -= 1
        superfluous = self.slots.put_back(work)
        if superfluous is not None:
            self.supersede(superfluous)
        self.ready.add(work.key, now)

    def forget(self, work: Work, now: float) -> None:
        """The state is not in flight any more; its offset is not touched."""
        self._gates[account_of(work.key)].in_flight -= 1
        self.slots.release(work.key)
        self.ready.add(work.key, now)

    def drop_leaving(self, now: float) -> None:
        """Forget what waits and will not be ours: its next owner reads it again."""
        self.slots.drop_waiting(self.leaves)
        self.ready.rebuild(now)
        kept: deque[Letter] = deque()
        for letter in self.letters:
            if self.offsets.is_current(letter.ticket):
                kept.append(letter)
            elif letter.work is not None:
                self.forget(letter.work, now)
        self.letters = kept
        self.withheld = deque(letter for letter in self.withheld if self.offsets.is_current(letter.ticket))
        for work in self.owings.drop(lambda work: not self.offsets.is_current(work.ticket)):
            self.forget(work, now)

    def drop_account(self, account: AccountKey, now: float) -> None:
        """There is no such account any more: what waits for it is finished with."""
        for work in self.slots.drop_waiting(lambda work: account_of(work.key) == account):
            self.notes.add(Finished(work, "none", GONE))
            self.offsets.finish(work.ticket)
        self.ready.rebuild(now)

    def give_up(self, letter: Letter, now: float) -> None:
        """A record that belongs to no account goes to the dead letters, or waits while too many do."""
        (self.letters if self.flood.admits(None, now) else self.withheld).append(letter)

    def resumed(self, whom: Iterable[AccountKey | None]) -> None:
        """Somebody has looked after a flood."""
        if None in whom:
            self.letters += self.withheld
            self.withheld.clear()

    def _write(self, failed: Failed, decision: RetryTopic | DeadLetter, now: float) -> None:
        if isinstance(decision, DeadLetter) and not self.flood.admits(account_of(failed.work.key), now):
            self.owe(Owing(failed.work, Cause.FLOOD, now + _AFTER_FLOOD, _words(failed.error)))
            return
        if isinstance(decision, RetryTopic):
            work = _after(failed, decision, now)
            letter = Letter(work.ticket, work.record, work, decision, None, failed.error)
        else:
            work = replace(failed.work, attempts=failed.work.attempts + 1)
            letter = Letter(work.ticket, work.record, work, None, decision.reason, failed.error)
        self.letters.append(letter)


def _after(failed: Failed, decision: Wait | RetryTopic, now: float) -> Work:
    first = failed.work.first_failure
    return replace(
        failed.work,
        attempts=failed.work.attempts + decision.burned,
        due=decision.due,
        first_failure=now if first is None and failed.error is not None else first,
    )


def _words(error: Exception | None) -> str:
    return "" if error is None else without_secrets(str(error))[:_LONGEST]
