"""What is read ahead stays within its bytes, in order, whatever the sizes and whoever is quicker."""

from __future__ import annotations

from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from consumer.capture.prefetch import Prefetch

MEGABYTE = 1024 * 1024
LIMIT = 4 * MEGABYTE


@given(st.lists(st.integers(0, 16 * MEGABYTE), max_size=60))
def test_what_waits_is_less_than_the_limit_and_one_item(sizes: list[int]) -> None:
    ahead: Prefetch[tuple[int, int]] = Prefetch(LIMIT)
    waiting: list[int] = []
    taken: list[int] = []
    for number, size in enumerate(sizes):
        while not ahead.has_room(0):
            item = ahead.take(0)
            assert item is not None, "no room, and nothing to take"
            taken.append(item[0])
            waiting.pop(0)
        assert sum(waiting) < LIMIT
        ahead.put((number, size), size)
        waiting.append(size)
    while (item := ahead.take(0)) is not None:
        taken.append(item[0])
    assert taken == list(range(len(sizes)))


def test_room_comes_when_something_is_taken() -> None:
    ahead: Prefetch[int] = Prefetch(LIMIT)
    ahead.put(1, LIMIT)
    assert not ahead.has_room(0)
    taker = Thread(target=ahead.take, args=(5,))
    taker.start()
    assert ahead.has_room(5)
    taker.join()


def test_an_item_ends_the_wait_for_one() -> None:
    ahead: Prefetch[int] = Prefetch(LIMIT)
    found: list[int | None] = []
    taker = Thread(target=lambda: found.append(ahead.take(5)))
    taker.start()
    ahead.put(7, 1)
    taker.join()
    assert found == [7]
