"""What was sold and is still in the PIM's stock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.model import Problem
from consumer.listings.rules.stock import Stock, StockRules, offered_stock
from consumer.listings.sold import Reserved, Sale

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=24)


def sale(id_: str, pieces: int = 1) -> Sale:
    return Sale(id_, pieces, LATER)


def test_a_sale_is_kept_back_until_the_pims_stock_has_fallen_by_it() -> None:
    reserved = Reserved().with_sale(sale("a", 2), 5, NOW)
    assert reserved.open(5, NOW) == 2
    assert reserved.open(4, NOW) == 1
    assert reserved.open(3, NOW) == 0


def test_what_the_pim_has_taken_off_is_not_taken_off_twice() -> None:
    reserved = Reserved().with_sale(sale("a"), 5, NOW).with_sale(sale("b"), 5, NOW).saw(4, NOW)
    assert reserved.sales == (sale("b"),)
    assert reserved.open(4, NOW) == 1


def test_a_delivery_to_the_warehouse_ends_no_sale() -> None:
    reserved = Reserved().with_sale(sale("a"), 5, NOW).saw(50, NOW)
    assert reserved.open(50, NOW) == 1
    assert reserved.open(49, NOW) == 0


def test_a_sale_ends_with_its_time() -> None:
    reserved = Reserved().with_sale(sale("a"), 5, NOW)
    assert reserved.open(5, LATER) == 0


def test_the_same_sale_counts_once_and_a_cancelled_one_not_at_all() -> None:
    reserved = Reserved().with_sale(sale("a"), 5, NOW).with_sale(sale("a"), 5, NOW)
    assert reserved.open(5, NOW) == 1
    assert reserved.without("a").open(5, NOW) == 0


def test_an_unknown_stock_ends_nothing() -> None:
    assert Reserved().with_sale(sale("a"), None, NOW).open(None, NOW) == 1


def test_the_last_piece_sold_elsewhere_is_offered_nowhere() -> None:
    assert offered_stock(1, None, StockRules(), 1) == Stock(1, 0)
    assert offered_stock(10, None, StockRules(buffer=2, cap=5), 4) == Stock(10, 4)


def test_a_missing_figure_stays_a_problem_whatever_was_sold() -> None:
    missing = Problem(field="quantity", rule="missing", message="no figure", cure="Fill it.", value="")
    assert offered_stock(missing, None, StockRules(), 1) is missing
