"""The consumer group: which process owns which partitions, and what happens to processes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from consumer.kafka.records import Partition
from tests.unit.delivery.simulation.process import Process

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.world import World

PARTITIONS = 2
# Seconds without a sign of life after which the group goes on without a process.
_SESSION = 2.0


class Group:
    """Range assignment: the partitions of one number, of all topics, belong to one process."""

    def __init__(self, world: World) -> None:
        self.processes: list[Process] = []
        self._world = world
        self._owners: dict[Partition, Process] = {}
        self._target: dict[int, Process] = {}
        self._draining: set[Process] = set()
        self._leaving: set[Process] = set()
        self._rebalancing = False
        self._again = False
        # Everybody who ever was: what the dead sent may still land.
        self.everybody: list[Process] = []

    def owner(self, partition: Partition) -> Process | None:
        """Who may commit it."""
        return self._owners.get(partition)

    def commit(self, process: Process, positions: Mapping[Partition, int]) -> bool:
        """False: Kafka is away, or somebody else owns one of them by now."""
        if foreign := set(positions) - process.owned:
            self._world.promises.broken(1, f"{foreign} are committed by a process that gave them away")
        if self._world.kafka.away or any(self._owners.get(partition) is not process for partition in positions):
            return False
        for partition, position in positions.items():
            self._world.promises.committed(partition, position)
        return True

    def tell(self, partition: Partition) -> None:
        """There is a new record."""
        owner = self._owners.get(partition)
        if owner is not None:
            owner.look(partition)

    # What happens to processes

    def join(self, heir_of: Process | None = None) -> None:
        """One process more. heir_of: it comes back under the same id before the group has noticed."""
        process = Process(self._world)
        self.processes.append(process)
        self.everybody.append(process)
        inherited = [partition for partition, owner in self._owners.items() if owner is heir_of]
        if heir_of is None or not inherited or self._rebalancing:
            self.rebalance(cooperative=False)
            return
        for partition in inherited:
            self._owners[partition] = process
        process.assign(inherited)

    def crash(self, process: Process, back: float) -> None:
        """Killed; it comes back after `back` seconds."""
        if not process.alive:
            return
        self._remove(process)
        if back < _SESSION:
            self._world.clock.later(back, lambda: self.join(heir_of=process))
        else:
            self._world.clock.later(_SESSION, lambda: self.rebalance(cooperative=False))
            self._world.clock.later(back, self.join)

    def give_up(self, process: Process) -> None:
        """A process ends because it cannot go on; its supervisor starts it again."""
        self.crash(process, back=0.5)

    def freeze(self, process: Process, duration: float) -> None:
        """Nothing of it happens for a while. The group goes on without it when that is long."""
        process.frozen_until = self._world.clock.now + duration
        if duration > _SESSION:
            self._world.clock.later(_SESSION, lambda: self._miss(process))

    def _miss(self, process: Process) -> None:
        if process.frozen and process in self.processes:
            self.lose(process)

    def leave(self, process: Process) -> None:
        """One of several processes stops in order."""
        stay = set(self.processes) - self._leaving - {process}
        if not stay or self._rebalancing or process.frozen:
            return
        self._leaving.add(process)
        process.revoke(set(process.owned), lambda: self._left(process))

    def lose(self, process: Process) -> None:
        """The group forgets this one; it learns of it when it is awake, and joins again."""
        if process not in self.processes:
            return
        for partition in [partition for partition, owner in self._owners.items() if owner is process]:
            del self._owners[partition]
        self._draining.discard(process)
        self.processes.remove(process)
        process.generation += 1
        process.later(self._world.rng.uniform(0.001, 0.3), lambda: self._back(process))
        self.rebalance(cooperative=False)
        self._assign_when_drained()

    def _back(self, process: Process) -> None:
        process.lost(set(process.owned))
        self.processes.append(process)
        self.rebalance(cooperative=False)

    def _left(self, process: Process) -> None:
        self._remove(process)
        for partition in [partition for partition, owner in self._owners.items() if owner is process]:
            del self._owners[partition]
        self.rebalance(cooperative=False)

    def _remove(self, process: Process) -> None:
        process.alive = False
        self._draining.discard(process)
        self._leaving.discard(process)
        if process in self.processes:
            self.processes.remove(process)
        self._assign_when_drained()

    # Who owns what

    def rebalance(self, *, cooperative: bool) -> None:
        """Partitions are given out anew. cooperative: only those that move are taken away first."""
        if self._rebalancing:
            self._again = True
            return
        if not self.processes:
            self._owners.clear()  # whoever joins next begins one, and inherits nothing
            return
        self._rebalancing = True
        members = list(self.processes)
        self._world.rng.shuffle(members)
        self._target = {number: members[number % len(members)] for number in range(PARTITIONS)}
        for process in members:
            leaving = {
                partition
                for partition, owner in self._owners.items()
                if owner is process and not (cooperative and self._target[partition.number] is process)
            }
            if leaving:
                self._draining.add(process)
                process.later(0.01, partial(self._revoke, process, leaving, process.generation))
                if process.frozen:
                    self._world.clock.later(_SESSION, partial(self._miss, process))
        self._assign_when_drained()

    def _revoke(self, process: Process, leaving: set[Partition], generation: int) -> None:
        if process.generation == generation:
            process.revoke(leaving, partial(self._drained, process))

    def _drained(self, process: Process) -> None:
        for partition in [partition for partition, owner in self._owners.items() if owner is process]:
            if partition not in process.owned:
                del self._owners[partition]
        self._draining.discard(process)
        self._assign_when_drained()

    def _assign_when_drained(self) -> None:
        if not self._rebalancing or self._draining:
            return
        self._rebalancing = False
        if self._again or any(process not in self.processes for process in self._target.values()):
            self._again = False
            self.rebalance(cooperative=False)
            return
        for number, process in self._target.items():
            partitions = [Partition(topic, number) for topic in self._world.topics]
            for partition in partitions:
                self._owners[partition] = process
            process.later(self._world.rng.uniform(0.001, 0.3), partial(self._assign, process, partitions))

    def _assign(self, process: Process, partitions: list[Partition]) -> None:
        process.assign([partition for partition in partitions if self._owners.get(partition) is process])
