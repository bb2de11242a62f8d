"""No product gets a second listing: what stands there under another SKU is taken over, or people are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from adapters.errors import ChannelUnavailableError, TemporaryError
from adapters.memory import MemoryAdapter
from adapters.model import Command, Listing, Operation, Outcome, Variant
from consumer.delivery.firsts import Firsts
from consumer.delivery.planning import Seller
from consumer.listings import planner, transitions
from consumer.listings.adoption import ListedAlreadyError
from consumer.listings.reconciliation import Reconciliation
from consumer.listings.state import Doubt, Status
from consumer.mongo import PyMongoError
from tests.unit.listings.making import ACCOUNT, make_event, make_listing

EAN, OTHER = "4006381333931", "2000000000015"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Known:
    """Whose SKUs are ours. away: MongoDB does not answer."""

    ours: dict[str, str] = field(default_factory=dict)
    away: bool = False

    async def owners(self, _channel: str, _tenant: str, _account: str, skus: Sequence[str]) -> Mapping[str, str]:
        if self.away:
            raise PyMongoError("no primary")
        return {sku: self.ours[sku] for sku in skus if sku in self.ours}


def create(sku: str, *gtins: str) -> Command:
    return Command(Operation.CREATE, sku, replace(make_listing(), sku=sku, gtins=gtins))


async def channel_with(*commands: Command) -> MemoryAdapter:
    channel = MemoryAdapter()
    assert all(outcome.error is None for outcome in await channel.apply(commands))
    channel.journal.clear()
    return channel


async def sent(
    channel: MemoryAdapter, *commands: Command, known: Known | None = None, policy: Reconciliation | None = None
) -> list[Outcome]:
    account = replace(ACCOUNT, reconcile=policy or Reconciliation())
    return await Firsts(known or Known())(Seller(account, channel), commands)


def words(outcome: Outcome) -> str:
    assert isinstance(outcome.error, ListedAlreadyError)
    assert not outcome.error.adoptable
    return outcome.error.message


async def test_p8_a_listing_with_the_same_barcode_is_taken_over_and_others_go_on() -> None:
    channel = await channel_with(create("OLD-1", EAN))
    taken, made = await sent(channel, create("P-1", EAN), create("P-2", OTHER))
    assert isinstance(taken.error, ListedAlreadyError)
    assert (taken.error.adoptable, taken.error.twins[0].sku) == (True, "OLD-1")
    assert made.error is None
    assert [call.sku for call in channel.journal] == ["P-2"]


async def test_what_is_taken_over_is_revised_under_the_sku_it_has() -> None:
    channel = await channel_with(create("OLD-1", EAN))
    event, at = make_event(1), NOW
    first = planner.plan(event, None, ACCOUNT, channel, at)
    assert isinstance(first, planner.Send)
    intended = transitions.intended(None, first, at.timestamp())
    (answer,) = await sent(channel, first.command)
    assert transitions.needs_another_plan(first, answer)
    state = transitions.settled(intended, first, answer, now=at.timestamp())
    assert (state.sku, state.keeps_sku, state.status, state.doubt) == ("OLD-1", True, Status.WAITING, Doubt.CONTENT)
    again = planner.plan(event, state, ACCOUNT, channel, at)
    assert isinstance(again, planner.Send)
    assert (again.command.operation, again.command.sku) == (Operation.REVISE_CONTENT, "OLD-1")
    assert await sent(channel, again.command) == [Outcome("OLD-1", references=state.references)]
    assert list(channel.listings) == ["OLD-1"]


async def test_by_policy_it_is_only_reported_and_nothing_is_listed() -> None:
    channel = await channel_with(create("OLD-1", EAN))
    (outcome,) = await sent(channel, create("P-1", EAN), policy=Reconciliation(same_barcode="report"))
    assert "under SKU OLD-1" in words(outcome)
    assert "marketsync adopt" in words(outcome)
    assert list(channel.listings) == ["OLD-1"]


async def test_what_is_not_certain_is_left_to_a_person() -> None:
    channel = await channel_with(create("OLD-1", EAN), create("OLD-2", EAN), create("OLD-3", OTHER))
    (two,) = await sent(channel, create("P-1", EAN))
    assert "OLD-1, OLD-2" in words(two)
    ours, same = await sent(channel, create("P-2", OTHER), create("P-3", OTHER))
    assert words(ours) == words(same)
    (taken,) = await sent(channel, create("P-2", OTHER), known=Known({"OLD-3": "P-9"}))
    assert "OLD-3 (of product P-9)" in words(taken)


def grouped() -> Listing:
    base = make_listing()
    variant = Variant("P-1-red", base.price, 1, {"Colore": ("rosso",)}, gtins=(EAN,))
    return replace(base, sku="P-1", gtins=(), variants=(variant,), axes=("Colore",))


async def test_a_group_is_never_taken_over_in_part() -> None:
    channel = await channel_with(create("OLD-1", EAN))
    (outcome,) = await sent(channel, Command(Operation.CREATE, "P-1", grouped()))
    assert "under SKU OLD-1" in words(outcome)


async def test_what_is_there_under_its_own_sku_or_was_ended_is_no_twin() -> None:
    channel = await channel_with(create("P-1", EAN), create("OLD-1", EAN), create("OLD-2", OTHER))
    await channel.apply([Command(Operation.WITHDRAW, "OLD-2", None)])
    outcomes = await sent(channel, create("P-1", EAN), create("P-2", OTHER))
    assert [outcome.error for outcome in outcomes] == [None, None]


async def test_nothing_is_asked_for_what_was_listed_before_or_has_no_barcode() -> None:
    channel = await channel_with(create("OLD-1", EAN))
    channel.faults.fail_account(ChannelUnavailableError("away"))
    (outcome,) = await sent(channel, create("P-1"))
    assert isinstance(outcome.error, ChannelUnavailableError), "that was the create itself"
    known = replace(create("P-1", EAN), references={"listing_id": "L-7"})
    (outcome,) = await sent(channel, known)
    assert outcome.error is None


@pytest.mark.parametrize("away", [True, False])
async def test_where_nobody_can_say_nothing_is_listed(away: bool) -> None:
    channel = await channel_with(create("OLD-1", EAN))
    if not away:
        channel.faults.fail_account(ChannelUnavailableError("away"))
    outcomes = await sent(channel, create("P-1", EAN), create("P-2"), known=Known(away=away))
    assert all(isinstance(outcome.error, TemporaryError) for outcome in outcomes)
    assert list(channel.listings) == ["OLD-1"]
