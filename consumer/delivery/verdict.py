"""Whose fault a failed call is, and what follows for each of its listings. Free of input and output.

A call in which everything failed because the channel did not answer proves nothing about its listings: no attempt is
burned. They become suspects, which are called alone from then on. Where the channel answered other calls since a
suspect failed last and it fails again, it is at fault itself and burns an attempt. Where nothing else was called since,
the channel is asked something cheap, so that a listing that is alone is judged too. So an outage of any length gives up
nothing, and a listing that always times out is given up without taking its neighbours along (promises 1 and 6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from adapters.errors import AdapterError, ChannelUnavailableError
from consumer.delivery.accounts import Gate
from consumer.delivery.batches import Send
from consumer.delivery.commands import (
    AccountHalted,
    AccountOpened,
    Answer,
    Call,
    ChannelAnswers,
    ChannelDown,
    Ending,
    Note,
)
from consumer.delivery.offsets import Ticket
from consumer.delivery.retry import Decision, RetryPolicy, Wait, decide, sit_out


class Judge:
    """Judges the answers of calls. jitter: random numbers from 0 up to 1."""

    def __init__(self, policy: RetryPolicy, jitter: Callable[[], float]) -> None:
        self._policy = policy
        self._jitter = jitter

    def hear(self, gate: Gate, call: Call, answers: Sequence[Answer], now: float) -> list[Note]:
        """Tell the gate how the call went; what of it is worth telling people."""
        halted, down = gate.halted, gate.down
        works = [send.work for send in call.sends]
        fresh = {work.key: work.ticket for work in works if work.suspect is None}
        errors = [answer.error for answer in answers]
        gate.answered(errors, now, self._jitter(), fresh=fresh, generation=call.generation)
        notes: list[Note] = []
        if gate.halted is not halted:
            delay = gate.closed_for(now)
            notes.append(AccountHalted(call.account, gate.error, delay) if gate.halted else AccountOpened(call.account))
        if gate.down is not down:
            notes.append(_told(gate, now))
        return notes

    def hear_answer(
        self, gate: Gate, error: Exception | None, now: float, is_ours: Callable[[Ticket], bool]
    ) -> list[Note]:
        """Tell the gate whether the channel answered a question; what of it is worth telling people."""
        down = gate.down
        gate.keep_struck(is_ours)
        gate.probed(error, now, self._jitter())
        return [] if gate.down is down else [_told(gate, now)]

    def endings(self, gate: Gate, answers: Sequence[Answer], now: float) -> list[Ending]:
        """What follows for each listing of a call that the gate has heard of."""
        mute = not gate.proves_life([answer.error for answer in answers])
        return [self._ending(gate, answer, now, mute=mute, alone=len(answers) == 1) for answer in answers]

    def _ending(self, gate: Gate, answer: Answer, now: float, *, mute: bool, alone: bool) -> Ending:
        send, error = answer.send, answer.error
        if answer.again:
            return Ending(send, answer.outcome, error, Wait(now, burned=error is not None))
        if error is None:
            return Ending(send, answer.outcome, None, None, answer.submitted)
        unheard = mute and isinstance(error, ChannelUnavailableError)
        crashed = not isinstance(error, AdapterError)
        if not unheard and not (crashed and not alone):
            return Ending(send, answer.outcome, error, self._decide(send, error, now))
        since = send.work.suspect
        guilty = unheard and since is not None and gate.alive_at > since
        gate.wants_answer |= unheard and since is not None and not guilty
        follow_up = self._decide(send, error, now) if guilty else self._sit_out(send, error, now)
        return Ending(_suspected(send, now), answer.outcome, error, follow_up)

    def _decide(self, send: Send, error: Exception, now: float) -> Decision:
        return decide(error, send.work.attempts + 1, self._policy, jitter=self._jitter(), now=now)

    def _sit_out(self, send: Send, error: Exception, now: float) -> Decision:
        first = send.work.first_failure
        lasted = 0.0 if first is None else now - first
        return sit_out(error, lasted, self._policy, jitter=self._jitter(), now=now)


def _told(gate: Gate, now: float) -> Note:
    return ChannelDown(gate.account, gate.error, gate.closed_for(now)) if gate.down else ChannelAnswers(gate.account)


def _suspected(send: Send, now: float) -> Send:
    return replace(send, work=replace(send.work, suspect=now))
