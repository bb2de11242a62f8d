"""What can happen from outside: the steps of schedules, by their names."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from consumer.delivery.commands import CoreCommand
from consumer.delivery.work import AccountKey
from consumer.events import Operation, ProductEvent
from consumer.kafka.records import Record
from consumer.listings.state import ListingKey
from tests.unit.delivery.making import CHANNEL, make_event, make_record
from tests.unit.delivery.simulation.channel import Mood
from tests.unit.delivery.simulation.process import Process
from tests.unit.delivery.simulation.schedule import FAULTS_END, SAME

if TYPE_CHECKING:
    from tests.unit.delivery.simulation.world import World


# Seconds until a person looks after a flood of dead letters.
_PERSON = 5.0
# Seconds until what a channel took is decided, and heard of.
_DECIDED = 15.0
# Seconds until an account that was switched on is read whole, at most: everybody has to know of it before.
_READ_WHOLE = 25.0


class Happenings:
    """Each public method is a kind of step. Whatever it disturbs is noted, so that nobody is blamed for being late."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._traps: list[tuple[str, str, float]] = []

    def publish(self, code: str, number: int, operation: str, tenant: str, looks: str) -> None:
        """The PIM changed a product."""
        event, record = published(code, number, operation, tenant, looks)
        written = self._world.kafka.append(
            record, self._world.topic_of(event.operation), self._world.partition_of(code)
        )
        self._world.pim.happened(event)
        for key in self._world.channels:
            if key.tenant == tenant:
                self._world.promises.published(str(ListingKey(CHANNEL, key.name, tenant, code)), event, written)
        self._world.group.tell(written.place)

    def poison(self) -> None:
        """A record that is no event."""
        self._world.poison_records += 1
        broken = Record("", 0, 0, b"shop/P-1", b"{", (), 0.0)
        self._world.group.tell(
            self._world.kafka.append(
                broken, self._world.topic_of(Operation.UPDATED), self._world.partition_of("P-1")
            ).place
        )

    # What goes wrong: servers and channels

    def mood(self, account: str, kind: str, often: float, lasts: float) -> None:
        """Commands of this account go wrong in this way, so often, for so long."""
        key = self._disturb(account, lasts + (_DECIDED if kind == "taken" else 0.0))
        self._world.promises.moody.add(key)
        self._world.channels[key].moods.append(Mood(kind, often, self._world.clock.now + lasts))

    def spoil(self, code: str, how: str) -> None:
        """This product always fails, on every account."""
        for channel in self._world.channels.values():
            channel.spoiled[code] = how

    def bulk(self, code: str, how: int) -> None:
        """States of this product are too large for a retry topic (1), and for the dead letters too (2)."""
        for tenant in {key.tenant for key in self._world.channels}:
            self._world.bulky[f"{tenant}/{code}".encode()] = how

    def pause(self, account: str, lasts: float) -> None:
        """A person pauses the account."""
        self._pause(self._disturb(account, lasts + 2), lasts)

    def stop(self, whom: AccountKey | None) -> None:
        """The guard against floods of dead letters pauses this account, or all, until a person comes by."""
        for account in self._world.channels:
            if whom in (None, account):
                self._disturb(str(account), _PERSON + 2)
                self._pause(account, _PERSON)

    def _pause(self, account: AccountKey, lasts: float) -> None:
        self._world.paused[account] = "paused"
        self._world.clock.later(lasts, partial(self._resume, account))
        for at in (1.0, lasts + 1.0):
            self._world.clock.later(at, self._tell_pauses)

    # What people decide

    def switch_off(self, account: str, lasts: float) -> None:
        """The account is off for a while. Afterwards its products are read, which takes its time too."""
        key = self._disturb(account, lasts + _READ_WHOLE)
        self._world.accounts.change(key, mode="off")
        self._world.clock.later(lasts, partial(self._world.accounts.change, key, mode="live"))

    def change_rules(self, account: str, rules: int) -> None:
        """Its listings cost something else from now on."""
        self._world.accounts.change(self._disturb(account, _PERSON), rules=rules)

    def break_document(self, account: str, lasts: float) -> None:
        """Nobody can read its document for a while."""
        key = self._disturb(account, lasts + _PERSON)
        self._world.accounts.change(key, broken=True)
        self._world.clock.later(lasts, partial(self._world.accounts.change, key, broken=False))

    def renew(self, account: str) -> None:
        """It gets another credential, which works."""
        key = AccountKey(*account.split("/"))
        self._world.channels[key].dead_until = self._world.clock.now
        self._world.accounts.change(key, credential=self._world.accounts.stored[key].credential + 1)

    # What goes wrong with a channel

    def outage(self, account: str, lasts: float) -> None:
        """The channel answers nobody of this account."""
        self._world.channels[self._disturb(account, lasts)].down_until = self._world.clock.now + lasts

    def halt(self, account: str, lasts: float) -> None:
        """The account's credential is dead."""
        self._world.channels[self._disturb(account, lasts)].dead_until = self._world.clock.now + lasts

    def store_fails(self, how: str, often: float, lasts: float) -> None:
        """The listing store does not answer, with or without the effect."""
        self._disturb(None, lasts)
        setattr(self._world.store, how, often)
        self._world.clock.later(lasts, lambda: setattr(self._world.store, how, 0.0))

    def kafka_fails(self, lasts: float) -> None:
        """No broker answers."""
        self._disturb(None, lasts)
        self._world.kafka.away_until = max(self._world.kafka.away_until, self._world.clock.now + lasts)

    # What goes wrong: processes and the group

    def trap(self, command: str, harm: str, lasts: float) -> None:
        """Whoever does this next is harmed at that moment: "crash" after it began, "freeze" before it does."""
        self._traps.append((command, harm, lasts))

    def trap_for(self, process: Process, command: CoreCommand) -> bool:
        """Whether the process is harmed before it begins this command."""
        for trap in self._traps:
            kind, harm, lasts = trap
            if kind == type(command).__name__:
                self._traps.remove(trap)
                self._disturb(None, lasts)
                if harm == "freeze":
                    self._world.group.freeze(process, lasts)
                    return True
                self._world.clock.later(0.0005, partial(self._world.group.crash, process, lasts))
                return False
        return False

    def crash(self, which: int, back: float) -> None:
        """A process is killed and comes back."""
        self._disturb(None, back)
        self._world.group.crash(self._process(which), back)

    def freeze(self, which: int, lasts: float) -> None:
        """A process stands still."""
        self._disturb(None, lasts)
        self._world.group.freeze(self._process(which), lasts)

    def jump(self, which: int, seconds: float) -> None:
        """A process's wall clock jumps."""
        self._disturb(None, abs(seconds) + FAULTS_END)
        self._process(which).wall_error += seconds

    def rebalance(self, cooperative: bool) -> None:
        """Partitions are given out anew."""
        self._disturb(None, 0)
        self._world.group.rebalance(cooperative=cooperative)

    def join(self) -> None:
        """One process more."""
        self._disturb(None, 0)
        self._world.group.join()

    def leave(self, which: int) -> None:
        """A process stops in order."""
        self._disturb(None, 0)
        self._world.group.leave(self._process(which))

    def lose(self, which: int) -> None:
        """The group throws a process out."""
        self._disturb(None, 0)
        self._world.group.lose(self._process(which))

    def _resume(self, account: AccountKey) -> None:
        self._world.paused.pop(account, None)

    def _tell_pauses(self) -> None:
        for process in self._world.group.everybody:
            process.later(0.1, process.read_pauses)

    def _append(self, record: Record, operation: Operation, code: str) -> Record:
        world = self._world
        return world.kafka.append(record, world.topic_of(operation), world.partition_of(code))

    def _process(self, which: int) -> Process:
        everybody = self._world.group.everybody
        alive = [process for process in everybody if process.alive]
        return alive[which % len(alive)] if alive else everybody[-1]

    def _disturb(self, account: str | None, lasts: float) -> AccountKey:
        key = AccountKey(*account.split("/")) if account else None
        disturbed = self._world.promises.disturbed
        disturbed[key] = max(disturbed[key], self._world.clock.now + lasts)
        return key or AccountKey("", "")


@lru_cache(maxsize=20_000)
def published(code: str, number: int, operation: str, tenant: str, looks: str) -> tuple[ProductEvent, Record]:
    """The event of a step "publish", and its record."""
    changes: dict[str, Any] = {}
    if looks == "archived":
        changes["status"] = "archived"
    elif looks == SAME:
        price = {"retail": 99, "currency": "EUR", "vat_included": True}
        changes = {"name": {"it": SAME}, "pricing": price, "quantity": 5}
    elif looks:
        changes["name"] = {"it": looks}
    event = make_event(code, number, Operation(operation), tenant, **changes)
    return event, make_record(event)
