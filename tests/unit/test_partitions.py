"""Where a product lies: as Kafka's own producers place its key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.partitions import partition_of
from tests.newest_state import partition_of as by_a_reader_in_another_language


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=40), st.integers(1, 100))
def test_a_product_lies_where_kafkas_producers_put_it(tenant: str, code: str, partitions: int) -> None:
    key = f"{tenant}/{code}".encode()
    assert partition_of(tenant, code, partitions) == by_a_reader_in_another_language(key, partitions)
