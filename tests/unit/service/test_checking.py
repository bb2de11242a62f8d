"""What the channel's own rules and checks add to a preview, within its limits."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.errors import ChannelUnavailableError
from adapters.memory import MemoryAdapter
from adapters.model import Listing, Problem
from consumer.control.checking import Rehearser, learn_for, products_of
from consumer.control.preview import Preview, preview
from tests.unit.delivery.making import make_account, make_event

AT = datetime(2026, 6, 1, tzinfo=UTC)
PROBLEM = Problem("category", "closed", "this category is closed to you", "Ask the channel.")


class Strict(MemoryAdapter):
    """A channel with rules to be learned, and with a check of its own."""

    rehearsals = 2.0

    def __init__(self) -> None:
        super().__init__()
        self.learned: set[str] = set()
        self.asked: list[str] = []
        self.problems: list[Problem] = []

    async def learn(self, listings: object) -> None:
        assert isinstance(listings, list)
        self.learned |= {listing.sku for listing in listings}

    def knows(self, listing: Listing) -> bool:
        return listing.sku in self.learned

    async def rehearse(self, listing: Listing) -> list[Problem]:
        self.asked.append(listing.sku)
        if error := self._account_error():
            raise error
        return self.problems


def seen(adapter: MemoryAdapter, code: str = "P-1") -> Preview:
    return preview(make_event(code, 1), None, make_account(), adapter, AT)


async def test_only_what_is_not_known_is_learned() -> None:
    adapter = Strict()
    products = products_of([make_event("P-1", 1), make_event("P-2", 1)], make_account())
    await learn_for(products[:1], make_account(), adapter, AT)
    assert adapter.learned == {"P-1"}
    await learn_for(products, make_account(), adapter, AT)
    assert adapter.learned == {"P-1", "P-2"}


async def test_the_channels_own_check_is_part_of_a_preview() -> None:
    adapter = Strict()
    rehearser = Rehearser(make_account(), adapter, AT)
    assert await rehearser.ask(seen(adapter), make_event("P-1", 1)) == seen(adapter)
    adapter.problems = [PROBLEM]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    rehearser = Rehearser(make_account(), adapter, AT, most=2, sleep=sleep)
    refused = [await rehearser.ask(seen(adapter, code), make_event(code, 1)) for code in ("P-1", "P-2", "P-3")]
    assert [found.verdict for found in refused] == ["refused", "refused", "create"]
    assert refused[0].problems == (PROBLEM,)
    assert slept == [0.5], "at the channel's pace"


async def test_a_channel_that_cannot_be_asked_is_said_and_refuses_nothing() -> None:
    adapter = Strict()
    adapter.faults.fail_account(ChannelUnavailableError("out of order"))
    found = await Rehearser(make_account(), adapter, AT).ask(seen(adapter), make_event("P-1", 1))
    assert (found.verdict, found.remarks) == ("create", ("the channel could not be asked: out of order",))


async def test_a_channel_without_such_a_check_is_not_asked() -> None:
    adapter = MemoryAdapter()
    found = seen(adapter)
    assert await Rehearser(make_account(), adapter, AT).ask(found, make_event("P-1", 1)) is found
