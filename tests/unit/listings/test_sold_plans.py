"""A sale on one channel goes off what every account offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from consumer.listings.reader import read_product
from consumer.listings.sold import Reserved, Sale, less_sold

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_product_carries_what_was_sold_of_it_and_keeps_the_pims_figure() -> None:
    product = read_product({"entity_code": "CHAIR", "sku": "CH-1", "quantity": 5}, "CHAIR")
    reserved = Reserved().with_sale(Sale("a", 2, NOW + timedelta(hours=1)), 5, NOW)
    less = less_sold(product, {"CHAIR": reserved}, NOW)
    assert (less.sold, less.quantity) == (2, 5)
    assert less_sold(product, {"TABLE": reserved}, NOW) is product
