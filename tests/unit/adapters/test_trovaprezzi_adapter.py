"""What Trovaprezzi's adapter makes of commands, beside what all channels promise."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from adapters.errors import ConfigurationError, RejectedListingError
from adapters.feeds import Tools
from adapters.memory_feeds import MemoryFeedItems
from adapters.model import Command, Listing, Money, Operation, Outcome
from adapters.registry import make_adapter
from adapters.trovaprezzi import TrovaprezziAdapter, TrovaprezziFormat
from tests.unit.adapters.trovaprezzi import make_offer, make_shop

FORMAT = TrovaprezziFormat()


class World:
    def __init__(self) -> None:
        self.items = MemoryFeedItems()
        self.adapter = TrovaprezziAdapter(self.items, make_shop(stock="words"))

    async def do(self, operation: Operation, listing: Listing, quantity: int | None = None) -> Outcome:
        whole = None if operation in (Operation.WITHDRAW, Operation.REVISE_STOCK) else listing
        (outcome,) = await self.adapter.apply([Command(operation, listing.sku, whole, quantity=quantity)])
        return outcome

    def publish(self) -> str:
        return self.items.publish(FORMAT).decode()


async def test_accepted_is_in_the_next_file_and_only_then_live() -> None:
    world = World()
    await world.do(Operation.CREATE, make_offer())
    waiting = (await world.adapter.read_back(["A-1"]))["A-1"]
    assert (waiting.live, waiting.under_review) == (False, True)
    assert "<Code>A-1</Code>" in world.publish()
    shown = (await world.adapter.read_back(["A-1"]))["A-1"]
    assert (shown.live, shown.title, shown.price, shown.quantity, shown.gtins) == (
        True,
        "Tazza in ceramica blu 35 cl",
        Money(Decimal("19.90"), "EUR"),
        7,
        ("4006381333931",),
    )


async def test_until_the_next_file_buyers_see_the_old_price_and_what_was_withdrawn() -> None:
    world = World()
    await world.do(Operation.CREATE, make_offer())
    world.publish()
    cheaper = make_offer(price=Money(Decimal(15), "EUR"), quantity=3)
    await world.do(Operation.REVISE_OFFER, cheaper)
    await world.do(Operation.REVISE_OFFER, cheaper)  # again: what is published stays known
    shown = (await world.adapter.read_back(["A-1"]))["A-1"]
    assert (shown.live, shown.price, shown.quantity) == (True, Money(Decimal("19.90"), "EUR"), 7)
    await world.do(Operation.WITHDRAW, cheaper)
    assert (await world.adapter.read_back(["A-1"]))["A-1"].live
    assert "A-1" not in world.publish()
    assert not (await world.adapter.read_back(["A-1"]))["A-1"].live


async def test_stock_alone_changes_the_word_and_nothing_else() -> None:
    world = World()
    await world.do(Operation.CREATE, make_offer())
    before = world.publish()
    await world.do(Operation.REVISE_STOCK, make_offer(), quantity=0)
    assert world.publish() == before.replace("<Stock>disponibile</Stock>", "<Stock>non disponibile</Stock>")


async def test_codes_that_differ_in_capitals_only_are_refused_until_the_other_one_is_gone() -> None:
    world = World()
    first, second = make_offer(sku="k1"), make_offer(sku="K1")
    commands = [Command(Operation.CREATE, one.sku, one) for one in (first, second)]
    taken, refused = await world.adapter.apply(commands)
    assert taken.error is None
    assert isinstance(refused.error, RejectedListingError)
    assert "k1" in refused.error.message
    assert world.publish().count("<Offer>") == 1
    await world.do(Operation.WITHDRAW, second)  # it has no offer, so the other one's stays
    assert "<Code>k1</Code>" in world.publish()
    await world.do(Operation.WITHDRAW, first)
    assert (await world.do(Operation.CREATE, second)).error is None
    assert "<Code>K1</Code>" in world.publish()


async def test_without_a_place_for_items_a_write_is_refused_in_words_and_checks_still_work() -> None:
    adapter = make_adapter("trovaprezzi", make_shop())
    await adapter.test_connection()
    assert adapter.validate(make_offer()) == []
    (outcome,) = await adapter.apply([Command(Operation.CREATE, "A-1", make_offer())])
    assert isinstance(outcome.error, ConfigurationError)


def test_scripts_in_a_description_are_cut_and_told() -> None:
    adapter = make_adapter("trovaprezzi", make_shop(), Tools())
    listing = make_offer(description="<p>Una &amp;lt;b&amp;gt; tazza</p><script>x()</script>")
    fitted = adapter.fit(listing)
    assert fitted == replace(listing, description="Una tazza", remarks=fitted.remarks)
    assert "script" in fitted.remarks[0]
    assert adapter.fit(fitted) == fitted
