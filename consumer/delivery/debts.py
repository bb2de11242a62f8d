"""What is owed: listings that are marked instead of sent, and found again when their account may call. Pure.

account halted or paused, a wait too long for memory → Owe → mark stored → offset finished
owner of the partition → Sweep → product read, mark claimed → the state goes the way of every other
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from consumer.delivery.accounts import Gate
from consumer.delivery.commands import AccountOpened, CoreCommand, TryAccount
from consumer.delivery.flow import Flow
from consumer.delivery.offsets import Ticket
from consumer.delivery.owing import Owe
from consumer.delivery.steps import Steps
from consumer.delivery.sweeps import Sweep, Sweeps
from consumer.delivery.unseen import Markers, MarkUnseen
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.markers import SnapshotCompleted


class Debts:
    """A part of the core. The shell reports here what became of `Owe`, `Sweep`, `TryAccount` and `MarkUnseen`."""

    def __init__(self, gates: Mapping[AccountKey, Gate], flow: Flow, steps: Steps, sweeps: Sweeps) -> None:
        self._gates = gates
        self._flow = flow
        self._steps = steps
        self._sweeps = sweeps
        self._markers = Markers()

    def pause(self, paused: Mapping[AccountKey, str]) -> None:
        """Exactly these accounts are paused, and why. Calls in flight end; nothing else starts for them."""
        for account, gate in self._gates.items():
            gate.paused = paused.get(account, "")
        every = bool(self._gates) and len(paused) == len(self._gates)
        self._flow.resumed(self._flow.flood.paused(paused.keys(), every=every))

    def marker(self, ticket: Ticket, marker: SnapshotCompleted, account: str = "") -> None:
        """A record that says that a tenant was read whole. account: for which one, "" = for all."""
        self._flow.offsets.start(ticket, 1)
        self._markers.add(ticket, marker, account)

    def next(self, now: float) -> list[CoreCommand]:
        """What to do now. Sweeps are paced by the shell, which looks every second while nothing happens."""
        commands: list[CoreCommand] = [
            TryAccount(account) for account, gate in self._gates.items() if gate.wants_try(now)
        ]
        if now < self._steps.until:
            return commands
        if owe := self._flow.owings.next():
            commands.append(owe)
        flow = self._flow
        sweep = self._sweeps.next(self._gates, flow.slots, flow.offsets, draining=flow.draining, now=now)
        if sweep is not None:
            commands.append(sweep)
        commands += self._markers.next(flow.offsets)
        return commands

    def owed(self, owe: Owe, now: float) -> None:
        """Answer to `Owe`: the marks are stored."""
        self._flow.owed(owe, now)

    def not_owed(self, owe: Owe, now: float) -> None:
        """`Owe` could not be done: our own store is away."""
        self._flow.owings.again(owe)
        self._flow.drop_leaving(now)
        self._steps.rest(now)

    def swept(self, sweep: Sweep, works: Iterable[Work], found: int, now: float) -> None:
        """Answer to `Sweep`. works: states to be sent; their marks are claimed. found: how many listings were due."""
        self._sweeps.ended(found, now)
        for work in works:
            gate = self._gates.get(account_of(work.key))
            # Of an account that went meanwhile the mark stands, and is found when it comes back.
            if gate is not None and not gate.gone and not self._flow.leaves(work):
                self._flow.offer(work, now)

    def marked(self) -> None:
        """Listings were marked that are due at once: if they are ours, nobody waits for the next look."""
        self._sweeps.wake()

    def not_swept(self, now: float) -> None:
        """`Sweep` could not be done: our own store or the PIM is away."""
        self._sweeps.ended(0, now)

    def tried(self, command: TryAccount, error: Exception | None, now: float) -> None:
        """Answer to `TryAccount`."""
        gate = self._gates.get(command.account)
        if gate is None:
            return  # it went meanwhile
        halted = gate.halted
        gate.tried(error, now)
        if halted and not gate.halted:
            self._flow.notes.add(AccountOpened(command.account))

    def unseen_marked(self, command: MarkUnseen) -> None:
        """Answer to `MarkUnseen`: the marks are stored."""
        self._flow.offsets.finish(command.ticket)

    def not_marked(self, command: MarkUnseen, now: float) -> None:
        """`MarkUnseen` could not be done: our own store is away."""
        self._markers.again(command)
        self._steps.rest(now)
