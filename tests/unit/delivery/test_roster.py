"""Accounts that come, change and go: what the core does about what waits and what is in flight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.errors import AuthenticationError, TemporaryError
from adapters.rate_limits import Limit
from consumer.delivery.batches import Send
from consumer.delivery.commands import (
    Answer,
    Call,
    Dismiss,
    Finished,
    Prepare,
    Prepared,
    Release,
    Store,
    Stored,
    TryAccount,
)
from consumer.delivery.core import Core
from consumer.delivery.owing import Owe
from consumer.delivery.quotas.leases import Lease, Quota
from consumer.delivery.roster import KNOWN_FOR, Terms
from consumer.delivery.work import AccountKey, Work
from consumer.kafka.records import Partition
from consumer.listings.owed import Cause
from tests.unit.delivery.making import SETTINGS, make_event, make_record, make_work

DEFAULT = AccountKey("shop", "default")
PLACE = Partition("updated", 0)
TERMS = Terms(batch_size=10)


class Desk:
    """A core that owns one partition, and what it commanded last."""

    def __init__(self) -> None:
        self.core = Core(replace(SETTINGS, linger=0.0), {}, lambda: 0.5)
        self.core.assigned([PLACE], 0.0)
        self.core.roster.known(DEFAULT, TERMS, 0.0)
        self.now = 0.0
        self.tickets: list[Work] = []

    def arrives(self, *numbers: int) -> None:
        """Products of these numbers, each by a record of its own."""
        for number in numbers:
            ticket = self.core.offsets.ticket(PLACE, number)
            assert ticket is not None
            work = make_work(f"P-{number}", number, ticket=ticket)
            self.core.arrived(ticket, [work], self.now)

    def commands(self, kind: type[Any]) -> list[Any]:
        self.now += 1.0
        return [command for command in self.core.tick(self.now) if isinstance(command, kind)]

    def prepares(self) -> Prepare:
        [prepare] = self.commands(Prepare)
        return prepare  # type: ignore[no-any-return]  # filtered by its type

    def plans(self, prepare: Prepare) -> None:
        """All of them are to be sent."""
        sends = [Send(work, "create", work.key.entity_code, None) for work in prepare.works]
        self.core.prepared(prepare, Prepared(sends=sends), self.now)

    def calls(self) -> Call:
        [call] = self.commands(Call)
        return call  # type: ignore[no-any-return]  # filtered by its type

    def answers(self, call: Call, error: Exception | None = None) -> None:
        self.core.called(call, [Answer(send, None, error) for send in call.sends], self.now)

    def stores(self) -> None:
        [store] = self.commands(Store)
        self.core.stored(store, Stored(), self.now)

    def committable(self) -> int | None:
        return self.core.offsets.committable().get(PLACE)

    def outcomes(self) -> list[str]:
        return [note.outcome for note in self.core.notes.drain() if isinstance(note, Finished)]


def test_an_account_that_comes_is_served() -> None:
    desk = Desk()
    other = AccountKey("shop", "outlet")
    desk.core.roster.known(other, TERMS, desk.now)
    ticket = desk.core.offsets.ticket(PLACE, 1)
    assert ticket is not None
    desk.core.arrived(ticket, [make_work("P-1", 1, account="outlet", ticket=ticket)], desk.now)
    assert [work.key.account for work in desk.prepares().works] == ["outlet"]


def test_what_waits_for_an_account_that_goes_is_finished_with() -> None:
    desk = Desk()
    desk.arrives(1, 2)
    desk.core.roster.gone(DEFAULT, desk.now)
    assert desk.commands(Dismiss) == [Dismiss(DEFAULT)]
    assert desk.committable() == 3
    assert desk.outcomes() == ["account_gone"] * 2
    assert desk.core.gates == {}
    assert desk.core.slots.waiting == 0


def test_what_was_planned_for_an_account_that_goes_is_not_called() -> None:
    desk = Desk()
    desk.arrives(1)
    prepare = desk.prepares()
    desk.core.roster.gone(DEFAULT, desk.now)
    assert desk.commands(Dismiss) == [], "its plan is under way"
    desk.plans(prepare)
    assert desk.commands(Call) == []
    assert desk.core.gates == {}
    assert desk.committable() == 2


def test_a_call_under_way_ends_properly_before_its_account_is_forgotten() -> None:
    desk = Desk()
    desk.arrives(1)
    desk.plans(desk.prepares())
    call = desk.calls()
    desk.core.roster.gone(DEFAULT, desk.now)
    assert desk.commands(Dismiss) == []
    desk.answers(call)
    desk.stores()
    assert desk.outcomes() == ["accepted"]
    assert desk.committable() == 2
    assert desk.commands(Dismiss) == [Dismiss(DEFAULT)]


def test_a_failure_after_the_account_went_is_not_tried_again() -> None:
    desk = Desk()
    desk.arrives(1)
    desk.plans(desk.prepares())
    call = desk.calls()
    desk.core.roster.gone(DEFAULT, desk.now)
    desk.answers(call, TemporaryError("busy"))
    desk.stores()
    assert desk.outcomes() == ["account_gone"]
    assert desk.core.slots.waiting == 0
    assert desk.committable() == 2


def test_an_account_that_comes_back_before_it_was_forgotten_goes_on() -> None:
    desk = Desk()
    desk.arrives(1)
    prepare = desk.prepares()
    desk.core.roster.gone(DEFAULT, desk.now)
    desk.core.roster.known(DEFAULT, TERMS, desk.now)
    desk.plans(prepare)
    desk.plans(desk.prepares())
    desk.answers(desk.calls())
    assert desk.commands(Dismiss) == []


def test_what_was_planned_by_the_old_rules_is_planned_by_the_new_ones() -> None:
    desk = Desk()
    desk.arrives(1, 2)
    first = desk.prepares()
    desk.core.roster.known(DEFAULT, TERMS, desk.now)
    desk.plans(first)
    again = desk.prepares()
    assert {work.key.entity_code for work in again.works} == {"P-1", "P-2"}
    desk.plans(again)
    # Also what stands in a batch, with its intent stored.
    desk.core.roster.known(DEFAULT, Terms(batch_size=1), desk.now)
    desk.plans(desk.prepares())
    calls = desk.commands(Call)
    assert [len(call.sends) for call in calls] == [1, 1], "and calls are as large as the new adapter takes them"


def test_a_new_credential_is_tried_at_once_and_old_refusals_do_not_count() -> None:
    desk = Desk()
    desk.arrives(1, 2)
    desk.plans(desk.prepares())
    call = desk.calls()
    desk.answers(call, AuthenticationError("token revoked"))
    gate = desk.core.gates[DEFAULT]
    assert gate.halted
    gate.until = desk.now + 3600
    assert desk.commands(TryAccount) == []
    desk.core.roster.known(DEFAULT, TERMS, desk.now, renewed=True)
    [attempt] = desk.commands(TryAccount)
    desk.core.debts.tried(attempt, None, desk.now)
    assert not gate.halted
    desk.core.called(replace(call, sends=()), [], desk.now)
    gate.answered([AuthenticationError("token revoked")], desk.now, 0.5, generation=0)
    assert not gate.halted, "that was the old one"
    gate.answered([AuthenticationError("token revoked")], desk.now, 0.5, generation=gate.generation)
    assert gate.halted


def test_pause_and_halt_survive_a_change_of_rules() -> None:
    desk = Desk()
    gate = desk.core.gates[DEFAULT]
    gate.answered([AuthenticationError("token revoked")], desk.now, 0.5, generation=gate.generation)
    desk.core.debts.pause({DEFAULT: "stocktaking"})
    desk.core.roster.known(DEFAULT, TERMS, desk.now)
    assert gate.halted
    assert gate.paused == "stocktaking"


def test_what_comes_in_for_a_broken_account_is_owed() -> None:
    desk = Desk()
    desk.core.roster.known(DEFAULT, Terms(broken="price: missing"), desk.now)
    desk.arrives(1)
    [owe] = desk.commands(Owe)
    assert [(owing.cause, owing.words) for owing in owe.owings] == [(Cause.HALTED, "price: missing")]
    desk.core.debts.owed(owe, desk.now)
    assert desk.committable() == 2


def test_nothing_is_taken_in_while_the_accounts_are_not_known() -> None:
    desk = Desk()
    desk.core.roster.read(desk.now)
    record = make_record(make_event(), offset=7)
    assert not desk.core.hold(record, 0.0, desk.now)
    late = desk.now + KNOWN_FOR
    assert desk.core.hold(record, 0.0, late)
    assert PLACE in desk.core.held.partitions
    assert not [command for command in desk.core.tick(late + 1) if isinstance(command, Release)]
    desk.core.roster.read(late)
    [release] = [command for command in desk.core.tick(late + 1) if isinstance(command, Release)]
    assert release.records == (record,)


def test_quotas_follow_their_account_and_give_back_what_it_does_not_need() -> None:
    desk = Desk()
    quota = Quota("the/quota", Limit("calls", 10, 60.0))
    desk.core.roster.known(DEFAULT, Terms(10, (quota,)), desk.now)
    assert desk.core.quotas.room(DEFAULT, desk.now, "create", 5, urgent=False) == 0
    [lease] = desk.commands(Lease)
    assert [ask.quota for ask in lease.asks] == [quota]
    desk.core.roster.known(DEFAULT, TERMS, desk.now)
    assert desk.core.quotas.room(DEFAULT, desk.now, "create", 5, urgent=False) == 5
    assert desk.core.quotas.figures() == []
    desk.core.quotas.not_leased(lease, desk.now)
    assert desk.core.quotas.away
