"""Accidents at scale wait for a person; what may not wait goes out all the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.errors import ChannelUnavailableError
from adapters.memory import MemoryAdapter
from adapters.model import Money, Operation
from consumer.delivery.braking import Braking
from consumer.delivery.commands import Call, Ending, Prepare, Prepared, Store
from consumer.delivery.execution import Execution
from consumer.delivery.planning import Seller
from consumer.delivery.work import AccountKey, Work
from consumer.events import Operation as EventOperation
from consumer.listings.brakes import Brake, Brakes
from consumer.listings.debts import Debt
from consumer.listings.owed import Cause, Leave, Owed, moment
from consumer.listings.state import ListingState, Status
from tests.unit.delivery.ledgers import LedgersInMemory
from tests.unit.delivery.making import CHANNEL, START, make_account, make_event, make_record, make_sequence, make_work
from tests.unit.delivery.test_execution import MarksInMemory, StoreInMemory

ACCOUNT = AccountKey("shop", "default")
FEW = Brakes.model_validate(
    {
        "mass_price_change": {"least": 3, "percent": 0},
        "mass_zero_stock": {"least": 3, "percent": 0},
        "mass_delisting": {"least": 3, "percent": 0},
        "count_drop": None,
        "creates_per_hour": None,
    }
)
CODES = [f"P-{number}" for number in range(10)]


class Shop:
    """One account with brakes, on a channel in memory. Every change has a number of its own."""

    def __init__(self, brakes: Brakes = FEW) -> None:
        self.channel = MemoryAdapter(CHANNEL)
        self.store = StoreInMemory()
        self.marks = MarksInMemory()
        self.ledgers = LedgersInMemory()
        self.now = float(START)
        self.braking = Braking(CHANNEL, self.ledgers, by="0")
        self.set_brakes(brakes)
        self._number = 0

    def set_brakes(self, brakes: Brakes) -> None:
        sellers = {ACCOUNT: Seller(make_account(brakes=brakes), self.channel)}
        clock = lambda: self.now  # noqa: E731  the tests move it
        self.execution = Execution(sellers, self.store, self.marks, clock, process="0", braking=self.braking)

    async def list_all(self, *, price: int = 100, quantity: int = 10) -> None:
        await self.change(CODES, price=price, quantity=quantity)
        self.channel.journal.clear()

    async def change(
        self, codes: list[str], *, price: int = 100, quantity: int = 10, deleted: bool = False, **product: Any
    ) -> Prepared:
        """Products change together; what may be sent is sent, and its outcome is stored."""
        self._number += 1
        pricing = {"retail": price, "currency": "EUR", "vat_included": True}
        shown = {"name": {"it": "Trapano"}, "pricing": pricing, "quantity": quantity, **product}
        operation = EventOperation.DELETED if deleted else EventOperation.UPDATED
        report = await self.prepare([self._work(code, operation, shown) for code in codes])
        await self.send(report)
        return report

    def _work(self, code: str, operation: EventOperation, shown: dict[str, Any]) -> Work:
        event = make_event(code, self._number, operation, **shown)
        return make_work(code, self._number, record=make_record(event, offset=self._number))

    async def prepare(self, works: list[Work]) -> Prepared:
        report = await self.execution.prepare(Prepare(tuple(works)))
        assert report is not None
        return report

    async def send(self, report: Prepared) -> None:
        for operation in {send.operation for send in report.sends}:
            sends = tuple(send for send in report.sends if send.operation == operation)
            answers = await self.execution.call(Call(ACCOUNT, operation, sends))
            endings = tuple(Ending(each.send, each.outcome, each.error, None) for each in answers)
            assert await self.execution.store(Store(endings)) is not None

    def release(self, code: str) -> None:
        """As `HeldStore.release` does."""
        listing = self.state(code)
        held = listing.proposed
        assert held is not None
        at = moment(self.now)
        leave = Leave(held.operation, held.price, held.quantity)
        owed = Owed(Cause.RELEASED, at, at, listing.planned_sequence, "m", leave=leave)
        self.store.states[listing.id] = replace(listing, owed=owed)

    def state(self, code: str) -> ListingState:
        return self.store.states[f"{CHANNEL}/default/shop/{code}"]

    def price(self, code: str) -> Decimal:
        shown = self.channel.listings[code].price
        assert shown is not None
        return shown.amount

    def quantities(self) -> list[int | None]:
        return [self.channel.listings[code].quantity for code in CODES]

    def held(self) -> dict[str, Debt]:
        return {debt.key.entity_code: debt for debt in self.marks.made if debt.cause in (Cause.HELD, Cause.CAPPED)}


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.mark.parametrize("price", [1, 49, 10_000])
async def test_p13_a_price_that_moves_too_far_is_held_and_never_sent(shop: Shop, price: int) -> None:
    await shop.list_all()
    report = await shop.change(["P-1"], price=price)
    assert [settled.outcome for settled in report.settled] == ["held"]
    assert not shop.channel.journal
    debt = shop.held()["P-1"]
    assert (debt.cause, debt.brake, debt.words) == (Cause.HELD, "price_change", "its price moves by more than 50 %")
    listing = shop.state("P-1")
    assert listing.status is Status.LIVE
    assert listing.accepted is not None
    assert listing.accepted.price == Money(Decimal("100.00"), "EUR")
    assert listing.proposed is not None
    assert listing.proposed.price == Money(Decimal(price).quantize(Decimal("0.01")), "EUR")
    assert shop.ledgers.asked == 0, "one listing alone needs no count"


async def test_a_price_that_is_corrected_goes_on_by_itself(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(["P-1"], price=1)
    shop.release("P-1")  # the mark, as a sweep finds it
    await shop.change(["P-1"], price=99)
    assert shop.price("P-1") == 99
    assert shop.marks.paid == [(shop.state("P-1").id, "m")]
    assert shop.state("P-1").proposed is None


async def test_a_held_price_does_not_hold_the_stock_that_goes_down(shop: Shop) -> None:
    await shop.list_all()
    report = await shop.change(["P-1"], price=1, quantity=4)
    assert [send.operation for send in report.sends] == [Operation.REVISE_STOCK]
    assert shop.price("P-1") == 100
    assert shop.channel.listings["P-1"].quantity == 4
    listing = shop.state("P-1")
    assert listing.status is Status.LIVE
    assert listing.proposed is not None
    assert (listing.proposed.price, listing.proposed.quantity) == (Money(Decimal("1.00"), "EUR"), 4)
    assert "P-1" in shop.held()
    await shop.change(["P-1"], price=1, quantity=9)
    assert shop.channel.listings["P-1"].quantity == 4, "it goes up when the price is decided"


async def test_a_released_price_passes_as_far_as_it_was_shown(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(["P-1", "P-2", "P-3"], price=40)
    for code in ("P-1", "P-2", "P-3"):
        shop.release(code)
    await shop.change(["P-1"], price=40)
    await shop.change(["P-2"], price=45)
    report = await shop.change(["P-3"], price=4)
    assert [int(shop.price(code)) for code in ("P-1", "P-2", "P-3")] == [40, 45, 100]
    assert [settled.outcome for settled in report.settled] == ["held"]


async def test_p13_prices_of_too_many_are_held_beyond_the_limit(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(CODES, price=80)
    assert [shop.price(code) for code in CODES] == [80] * 3 + [100] * 7
    assert {debt.brake for debt in shop.held().values()} == {"mass_price_change"}
    assert shop.ledgers.asked == 1, "one look for the whole step"
    await shop.change(CODES, price=101)
    assert [shop.price(code) for code in CODES] == [80] * 3 + [101] * 7, "small moves of the others pass"


async def test_p14_a_mass_of_zero_stock_is_held(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(CODES, quantity=0)
    assert shop.quantities() == [0] * 3 + [10] * 7
    assert len(shop.held()) == 7
    for code in CODES[3:]:
        shop.release(code)
    await shop.change(CODES, quantity=0)
    assert shop.quantities() == [0] * 10


async def test_single_sales_pass_also_while_the_brake_is_closed(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(CODES[5:], quantity=1)
    await shop.change(CODES, quantity=0)
    assert shop.quantities() == [0, 0, 0, 10, 10, 0, 0, 0, 0, 0]
    assert set(shop.held()) == {"P-3", "P-4"}


async def test_stock_that_goes_down_but_not_to_zero_is_never_held(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(CODES, quantity=0)
    await shop.change(CODES, quantity=2)
    assert shop.quantities() == [2] * 10


@pytest.mark.parametrize("gone", [{"deleted": True}, {"status": "archived"}])
async def test_p14_a_mass_delisting_is_held(shop: Shop, gone: dict[str, Any]) -> None:
    await shop.list_all()
    await shop.change(CODES, **gone)
    live = [code for code in CODES if shop.channel.listings[code].live]
    assert live == CODES[3:]
    assert {(debt.brake, debt.told) for debt in shop.held().values()} == {("mass_delisting", "deleted" in gone)}
    for code in CODES[3:]:
        shop.release(code)
    await shop.change(CODES, **gone)
    assert not any(shop.channel.listings[code].live for code in CODES)


async def test_what_is_held_from_going_still_sells_no_more_than_there_is(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(CODES, status="archived", quantity=6)
    assert shop.quantities()[3:] == [6] * 7


async def test_a_mass_of_zeros_is_held_also_where_it_hides_behind_other_accidents(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(CODES, price=1, quantity=0)
    assert [shop.price(code) for code in CODES] == [100] * 10
    assert shop.quantities() == [0] * 3 + [10] * 7
    assert {debt.brake for debt in shop.held().values()} == {"price_change"}
    held = shop.state("P-9").proposed
    assert held is not None
    assert held.price == Money(Decimal("1.00"), "EUR"), "people are shown the whole accident"


async def test_tries_of_one_change_count_once(shop: Shop) -> None:
    await shop.list_all()
    for _ in range(4):
        shop.channel.faults.fail_account(ChannelUnavailableError("no answer"))
        await shop.change(["P-1", "P-2"], quantity=0)
    await shop.change(["P-1", "P-2", "P-3"], quantity=0)
    assert shop.quantities()[:4] == [10, 0, 0, 0]
    assert shop.held() == {}


async def test_what_the_brake_on_gaps_has_let_go_is_not_asked_again(shop: Shop) -> None:
    await shop.list_all()
    at = moment(shop.now)
    for code in CODES:
        listing = shop.state(code)
        owed = Owed(Cause.GAP, at, at, make_sequence(1), "m", allowed=True)
        shop.store.states[listing.id] = replace(listing, owed=owed)
    await shop.change(CODES, deleted=True)
    assert not any(shop.channel.listings[code].live for code in CODES)


async def test_creates_beyond_the_cap_follow_in_the_next_hour() -> None:
    shop = Shop(FEW.model_copy(update={"creates_per_hour": 4}))
    await shop.change(CODES)
    assert list(shop.channel.listings) == CODES[:4]
    capped = shop.held()
    assert {debt.cause for debt in capped.values()} == {Cause.CAPPED}
    assert {debt.due.timestamp() for debt in capped.values()} == {START + 3600}
    shop.now += 3600
    await shop.change(CODES)
    assert list(shop.channel.listings) == CODES[:8]


async def test_p15_what_is_held_is_looked_at_again_although_nobody_asks(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(["P-1"], price=1)
    assert shop.held()["P-1"].due.timestamp() == START + 3600
    shop.set_brakes(FEW.model_copy(update={"price_change": None, "mass_price_change": None}))
    await shop.change(["P-1"], price=1)
    assert shop.price("P-1") == 1


async def test_an_account_without_accidents_is_never_counted(shop: Shop) -> None:
    await shop.list_all()
    await shop.change(CODES, price=105, quantity=4)
    await shop.change(CODES[:1], price=105, quantity=3, name={"it": "Un altro nome"})
    assert shop.ledgers.asked == 0


async def test_the_state_that_is_held_supersedes_older_ones(shop: Shop) -> None:
    await shop.list_all()
    old = shop._work("P-1", EventOperation.UPDATED, {"quantity": 7})
    shop._number += 5
    await shop.change(["P-1"], price=1)
    report = await shop.prepare([old])
    assert [settled.outcome for settled in report.settled] == ["superseded"]


async def test_every_brake_can_be_seen_in_the_outcome(shop: Shop) -> None:
    await shop.list_all()
    report = await shop.change(["P-1"], price=1)
    assert report.sends == []
    assert report.settled[0].words == "its price moves by more than 50 %"
    assert {brake.value for brake in Brake} == set(Brakes.model_fields) - {"window"}
