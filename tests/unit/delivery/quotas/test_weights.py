"""A group counts as what it costs: no call starts without its units, and what is too heavy is paid for afterwards."""

from __future__ import annotations

from decimal import Decimal

from adapters.model import Command, Listing, Money, Operation, Variant
from adapters.rate_limits import DAY, Cost, Limit
from consumer.delivery.batches import Batches, Send
from consumer.delivery.quotas.leases import Quota, answered
from consumer.delivery.quotas.ledger import Ledger
from consumer.delivery.quotas.quotas import Quotas
from consumer.delivery.work import AccountKey
from consumer.listings.allowance import Spent, UsedUp, spend
from tests.unit.adapters.listings import make_listing
from tests.unit.delivery.making import make_work

ACCOUNT = AccountKey("shop", "default")
START = 1_700_000_000.0
EACH = dict.fromkeys(Operation, Cost(call=0, listing=1))
CREATE = Operation.CREATE.value


def send(code: str, weight: int) -> Send:
    return Send(make_work(code), CREATE, code, None, weight)


def family(*codes: str) -> Listing:
    variants = tuple(
        Variant(sku=code, price=Money(Decimal("9.90"), "EUR"), quantity=1, attributes={"Taglia": (code,)})
        for code in codes
    )
    return make_listing(variants=variants, axes=("Taglia",))


class Desk:
    """One process and one quota."""

    def __init__(self, limit: Limit) -> None:
        self.quotas = Quotas({ACCOUNT: [Quota("q", limit)]})
        self.ledger = Ledger()
        self.now = START

    def room(self, most: int, least: int = 1) -> int:
        """After what is lacking has been leased."""
        self.quotas.room(ACCOUNT, self.now, CREATE, most, urgent=False, least=least)
        self.lease()
        return self.quotas.room(ACCOUNT, self.now, CREATE, most, urgent=False, least=least)

    def lease(self) -> None:
        if lease := self.quotas.to_lease(self.now):
            self.ledger, found = answered(lease.asks[0], self.ledger, self.now)
            self.quotas.leased(lease, {"q": found}, self.now)


def test_a_call_takes_as_many_as_there_are_units_for_and_a_heavy_one_goes_when_there_is_room_for_it() -> None:
    batches = Batches(10, 0.0)
    for code, weight in (("A", 3), ("B", 4), ("C", 1)):
        batches.add(send(code, weight), 0.0)

    def room(_operation: str, most: int, *, urgent: bool, least: int = 1) -> int:
        return min(most, 5) if least <= 5 else 0

    assert [[each.sku for each in batches.next(1.0, room=room)] for _ in range(3)] == [["A"], ["B", "C"], []]


def test_nothing_starts_with_fewer_units_than_its_first_command_needs() -> None:
    desk = Desk(Limit("q", 8, 10, costs=EACH, reserve=0))
    assert desk.room(5, least=5) == 5
    desk.quotas.spend(ACCOUNT, desk.now, CREATE, 5, urgent=False)
    assert desk.room(6, least=6) == 0
    desk.now += 20
    assert desk.room(6, least=6) == 6


def test_what_weighs_more_than_there_ever_is_goes_and_later_calls_wait_until_it_is_paid_for() -> None:
    desk = Desk(Limit("q", 5, 10, costs=EACH, reserve=0))
    assert desk.room(12, least=12) == 12
    desk.quotas.spend(ACCOUNT, desk.now, CREATE, 12, urgent=False)
    started = desk.now
    while not desk.room(1):
        desk.now += 1
    assert 20 <= desk.now - started <= 40, "twelve are two periods of five, and two more"


def test_a_command_weighs_what_it_writes() -> None:
    group = family("A", "B", "C")
    weights = [
        (Command(Operation.CREATE, "P", make_listing()), 1),
        (Command(Operation.CREATE, "P", group), 4),
        (Command(Operation.REVISE_CONTENT, "P", group, variants=("A", "B", "C", "D")), 5),
        (Command(Operation.REVISE_OFFER, "P", group), 3),
        (Command(Operation.REVISE_OFFER, "P", make_listing()), 1),
        (Command(Operation.REVISE_STOCK, "P", None, variants=("A", "B", "C"), quantities={"A": 1, "B": 0}), 2),
        (Command(Operation.REVISE_STOCK, "P", None, quantity=0), 1),
        (Command(Operation.WITHDRAW, "P", None, variants=("A", "B", "C")), 4),
    ]
    assert [command.weight for command, _ in weights] == [weight for _, weight in weights]


def test_each_child_counts_in_what_a_listing_may_be_written_and_one_that_has_too_many_is_written_once_a_day() -> None:
    limit = Limit("revisions", 250, DAY, costs={Operation.REVISE_CONTENT: Cost(call=0, listing=3)}, reserve=0)
    once = spend(None, limit, Operation.REVISE_CONTENT, START, 101)
    assert isinstance(once, Spent)
    assert once.units == 303
    assert isinstance(spend(once, limit, Operation.REVISE_CONTENT, START, 1), UsedUp)
    some = spend(None, limit, Operation.REVISE_CONTENT, START, 40)
    assert isinstance(some, Spent)
    assert isinstance(spend(some, limit, Operation.REVISE_CONTENT, START, 44), UsedUp)
