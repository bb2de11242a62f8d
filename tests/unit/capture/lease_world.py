"""A world for elections: a lease store, candidates with clocks of their own, and messages that take any time.

Assumptions, the same as of consumer.capture.election: the store changes one document at a time; clocks start anywhere
and run at rates that differ by less than 1 / 0.7; everything else is allowed: messages late, lost, reordered, answers
lost after the effect, processes that die, freeze, or give up.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from consumer.capture.election import Acquire, Action, Candidate, Look, Renew, Timing, Wait
from consumer.mongo.lease import Lease, Process

DURATION = 5.0
RATES = (0.85, 1.15)


@dataclass
class Node:
    """A process: its candidate, its clock, and until when it is frozen. run: counts its lives."""

    name: str
    clock_rate: float
    clock_start: float
    candidate: Candidate
    run: int = 0
    alive: bool = True
    frozen_until: float = 0.0
    inbox: list[Callable[[], None]] = field(default_factory=list)


class World:
    """Events in the order of true time."""

    def __init__(self, seed: int, nodes: int, *, trouble: float) -> None:
        self.dice = random.Random(seed)
        self.trouble = trouble
        self.now = 0.0
        self.lease: Lease | None = None
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.terms: set[int] = set()
        self.leaders_seen: list[tuple[float, str]] = []
        self.nodes = [self._born(f"n{number}") for number in range(nodes)]
        for node in self.nodes:
            self.at(self.dice.uniform(0, 3), self._turn(node, node.run))

    def at(self, delay: float, event: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + delay, self._count, event))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            then, _, event = heapq.heappop(self._events)
            self._check_between(then)
            self.now = then
            event()
            self.check()
        self._check_between(until)
        self.now = until

    def check(self) -> None:
        leaders = self.leaders(self.now)
        assert len(leaders) <= 1, f"two leaders at {self.now}: {leaders}"
        if leaders and (not self.leaders_seen or self.leaders_seen[-1][1] != leaders[0]):
            self.leaders_seen.append((self.now, leaders[0]))

    def _check_between(self, then: float) -> None:
        """Trust only runs out between events, so the moment just before the next one decides nothing new."""
        assert len(self.leaders(then)) <= len(self.leaders(self.now))

    def leaders(self, time: float) -> list[str]:
        """Who may publish by its own clock; a frozen one would, the moment it wakes, judge by its clock then."""
        return [node.name for node in self.nodes if node.alive and node.candidate.leads(_clock(node, time))]

    def _born(self, name: str, run: int = 0) -> Node:
        identity = f"{name}.{run}"
        return Node(
            name,
            self.dice.uniform(*RATES),
            self.dice.uniform(-1000, 1000),
            Candidate(identity, Timing(DURATION)),
            run,
        )

    def _turn(self, node: Node, run: int) -> Callable[[], None]:
        def turn() -> None:
            if not node.alive or node.run != run:
                return
            if self.now < node.frozen_until:
                self.at(node.frozen_until - self.now, turn)
                return
            if self.dice.random() < self.trouble:
                self._mischief(node)
                self.at(0, turn)
                return
            action = node.candidate.decide(_clock(node, self.now))
            if isinstance(action, Wait):
                self.at(min(action.seconds, 10) / node.clock_rate + self.dice.choice((0, 0, 0.3)), turn)
            else:
                self._send(node, run, action)

        return turn

    def _mischief(self, node: Node) -> None:
        kind = self.dice.choice(("freeze", "die", "resign", "freeze", "freeze"))
        if kind == "freeze":
            node.frozen_until = self.now + self.dice.choice((0.5, 3, 5, 12))
        elif kind == "resign":
            term = node.candidate.term
            node.candidate.step_down(until=_clock(node, self.now) + self.dice.uniform(0, 2))
            if term:
                self.at(self._delay(), lambda: self._release(f"{node.name}.{node.run}", term))
        else:
            node.alive = False
            self.at(self.dice.uniform(0.1, 8), lambda: self._reborn(node))

    def _reborn(self, node: Node) -> None:
        fresh = self._born(node.name, node.run + 1)
        node.__dict__.update(fresh.__dict__)
        self.at(0, self._turn(node, node.run))

    def _delay(self) -> float:
        usual = self.dice.uniform(0.001, 0.05)
        return self.dice.choice((0.3, 1.5, 4.0, 9.0)) if self.dice.random() < self.trouble * 3 else usual

    def _lost(self) -> bool:
        return self.dice.random() < self.trouble * 3

    def _send(self, node: Node, run: int, action: Action) -> None:
        """A request under way: it may arrive late, even after its sender has given up on it, or not at all."""
        sent = _clock(node, self.now)
        answered = False
        identity = f"{node.name}.{run}"

        def back(answer: Lease | bool | None) -> None:
            nonlocal answered
            if not answered and node.alive and node.run == run:
                if self.now < node.frozen_until:
                    self.at(node.frozen_until - self.now, lambda: back(answer))
                    return
                answered = True
                self._answer(node, action, answer, sent)
                self.at(0, self._turn(node, run))

        def give_up() -> None:
            nonlocal answered
            if not answered and node.alive and node.run == run:
                answered = True
                node.candidate.failed(now=_clock(node, self.now))
                self.at(0, self._turn(node, run))

        def arrive() -> None:
            answer = self._apply(identity, action)
            if not self._lost():
                self.at(self._delay(), lambda: back(answer))

        self.at(node.candidate._timing.timeout / node.clock_rate, give_up)
        if not self._lost():
            self.at(self._delay(), arrive)

    def _apply(self, identity: str, action: Action) -> Lease | bool | None:
        """What the store does: one change at a time."""
        lease = self.lease
        if isinstance(action, Look):
            return lease
        if isinstance(action, Acquire):
            if lease != action.seen:
                return False
            term = 1 if lease is None else lease.term + 1
            self.lease = Lease(Process(identity, identity), term, 0, DURATION)
            self.terms.add(term)
            return True
        assert isinstance(action, Renew)
        if lease is None or lease.holder is None or (lease.holder.id, lease.term) != (identity, action.term):
            return False
        self.lease = replace(lease, beat=lease.beat + 1)
        return True

    def _release(self, identity: str, term: int) -> None:
        lease = self.lease
        if lease is not None and lease.holder is not None and (lease.holder.id, lease.term) == (identity, term):
            self.lease = replace(lease, holder=None, beat=lease.beat + 1)

    def _answer(self, node: Node, action: Action, answer: Lease | bool | None, sent: float) -> None:
        now, candidate = _clock(node, self.now), node.candidate
        if isinstance(action, Look):
            assert not isinstance(answer, bool)
            candidate.saw(answer, now=now, gone=answer is not None and self._gone(answer))
        elif not answer:
            candidate.refused(now=now)
        elif isinstance(action, Acquire):
            candidate.acquired(sent=sent)
        elif isinstance(action, Renew):
            candidate.renewed(action.term, sent=sent)

    def _gone(self, lease: Lease) -> bool:
        """Half of the nodes share a machine and know of each other's ends."""
        if lease.holder is None or lease.holder.id[1] in "02468":
            return False
        name, _, run = lease.holder.id.partition(".")
        (node,) = [node for node in self.nodes if node.name == name]
        return not (node.alive and node.run == int(run))


def _clock(node: Node, time: float) -> float:
    return node.clock_start + time * node.clock_rate
