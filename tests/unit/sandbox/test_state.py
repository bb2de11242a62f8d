"""Properties of the stand-in's records: the quantity shown, taking an effect back, JSON types, faults, the journal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.ebay import Seller
from adapters.sandbox.ebay.errors import RefusedError, vendor_error
from adapters.sandbox.ebay.faults import FAULTS, KINDS
from adapters.sandbox.ebay.shapes import BULK_PRICE_QUANTITY, ITEM, OFFER, check
from adapters.sandbox.ebay.state import Item, Listing, Offer
from adapters.sandbox.ebay.world import policies_of
from adapters.sandbox.faults import Faults
from adapters.sandbox.journal import Journal, JournalEntry
from tests.unit.sandbox.shops import make_shop

_NAMES = ["product", "aspects", "title", "requests", "offers", "price", "value", "quantity", "availability", "Marca"]
_QUANTITY = st.none() | st.integers(min_value=0, max_value=10_000)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(total=_QUANTITY, here=_QUANTITY)
def test_never_more_is_shown_than_item_or_offer_has(total: int | None, here: int | None) -> None:
    shop = make_shop()
    item = {"availability": {"shipToLocationAvailability": {"quantity": total}}}
    shop.items["A1"] = Item("A1", "it_IT", item)
    offer = Offer("1", "A1", "EBAY_IT", "FIXED_PRICE", {} if here is None else {"availableQuantity": here})
    shown = shop.shown_quantity(offer)
    assert shown == min(total or 0, here if here is not None else total or 0)


def test_a_memento_brings_back_item_offers_and_listing() -> None:
    shop = make_shop()
    shop.items["A1"] = Item("A1", "it_IT", {"condition": "NEW"})
    shop.add_offer(Offer("1", "A1", "EBAY_IT", "FIXED_PRICE", {"categoryId": "1"}, Listing("11", {"title": "a"})))
    memento = shop.remember("A1")
    shop.items["A1"] = Item("A1", "de_DE", {})
    changed = shop.offers["1"]
    changed.document = {}
    changed.listing = None
    shop.add_offer(Offer("2", "A1", "EBAY_DE", "FIXED_PRICE", {}))
    shop.restore("A1", memento)
    assert shop.items["A1"].locale == "it_IT"
    assert [(offer.offer_id, offer.document) for offer in shop.offers_of("A1")] == [("1", {"categoryId": "1"})]
    assert shop.offers["1"].listing == Listing("11", {"title": "a"})


@given(document=_JSON, shape=st.sampled_from([ITEM, OFFER, BULK_PRICE_QUANTITY]))
def test_any_json_is_taken_or_refused_with_2004(document: Any, shape: Any) -> None:
    assert _judged(document, shape) in ({2004}, set())
    assert isinstance(document, dict) or _judged(document, shape)


def _judged(document: Any, shape: Any) -> set[int]:
    try:
        check(document, shape)
    except RefusedError as error:
        return {one["errorId"] for one in error.errors}
    return set()


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(RefusedError, match="availableQuantity"):
        check({"availableQuantity": True}, OFFER)


def test_sellers_have_policies_of_their_own_and_of_every_kind() -> None:
    first, second = policies_of(Seller()), policies_of(Seller("other", 1))
    assert not first.keys() & second.keys()
    assert {policy["kind"] for policy in first.values()} == {"fulfillment", "payment", "return"}


def test_an_unknown_error_id_is_still_an_error() -> None:
    assert vendor_error(29999, "words")["errorId"] == 29999


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_fault_can_be_switched_on_and_off(kind: str) -> None:
    faults = Faults(FAULTS, lambda: 0.0)
    fault = faults.switch_on({"kind": kind})
    assert faults.switch_off(fault.id + 1) == 0
    assert faults.switch_off(fault.id) == 1
    assert faults.active == []


@given(seed=st.integers(0, 1000), rate=st.floats(0.1, 0.9))
def test_equal_seeds_strike_equal_calls(seed: int, rate: float) -> None:
    def struck() -> list[bool]:
        faults = Faults(FAULTS, lambda: 0.0)
        faults.switch_on({"kind": "lost_answer", "rate": rate, "seed": seed})
        return [faults.judge("publish", "seller", ["A1"]).cut_after for _ in range(20)]

    assert struck() == struck()


def test_a_fault_of_one_sku_leaves_calls_for_others_alone() -> None:
    faults = Faults(FAULTS, lambda: 0.0)
    faults.switch_on({"kind": "lost_request", "sku": "A1", "route": "publish", "seller": "seller"})
    assert faults.judge("publish", "seller", ["A2", "A1"]).cut_before
    assert not faults.judge("publish", "seller", ["A2"]).cut_before
    assert not faults.judge("withdraw", "seller", ["A1"]).cut_before
    assert not faults.judge("publish", "other", ["A1"]).cut_before


def test_the_journal_is_bounded_and_says_what_it_dropped() -> None:
    journal = Journal(limit=3)
    for number in range(5):
        journal.add(JournalEntry(0, 0.0, "seller", "publish", f"A{number}", "", None, None, None))
    assert [entry.number for entry in journal.select()] == [3, 4, 5]
    assert [entry.number for entry in journal.select(after=4)] == [5]
    assert [entry.sku for entry in journal.select(after=1, limit=2)] == ["A2", "A3"]
    assert journal.dropped == 2
