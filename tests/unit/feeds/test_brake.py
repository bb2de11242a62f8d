"""No file goes out empty or much smaller without a person's word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.feeds import FeedRules
from consumer.feeds.brake import held
from consumer.feeds.model import Failure, FeedKey, FeedState, Publication, Release
from consumer.mongo import ObjectId
from consumer.mongo.files import StoredFile

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = FeedRules(shrink_share=0.2, shrink_count=20)


def published(count: int) -> FeedState:
    file = StoredFile(ObjectId(), 1)
    publication = Publication(2, NOW, NOW, count, "digest", "xml", "application/xml", file, file)
    return FeedState(FeedKey("acme", "trovaprezzi", "main"), "token", 2, published=publication)


@pytest.mark.parametrize(
    ("before", "count", "is_held"),
    [
        (1000, 1000, False),
        (1000, 800, False),
        (1000, 799, True),
        (50, 30, False),
        (50, 29, True),
        (20, 1, False),
        (20, 0, True),
        (1, 0, True),
        (0, 0, False),
        (0, 5, False),
        (5, 500, False),
    ],
)
def test_a_file_is_held_where_it_would_be_empty_or_lose_more_than_count_and_share(
    before: int, count: int, is_held: bool
) -> None:
    assert (held(published(before), count, RULES, NOW) is not None) == is_held


def test_the_first_file_is_never_held() -> None:
    first = FeedState(FeedKey("acme", "trovaprezzi", "main"), "token", 1)
    assert held(first, 3, RULES, NOW) is None
    assert held(first, 0, RULES, NOW) is None


def test_a_release_counts_for_no_fewer_offers_and_no_longer_than_it_says() -> None:
    state = replace(published(1000), release=Release(10, "anna", NOW + timedelta(hours=1)))
    assert held(state, 10, RULES, NOW) is None
    assert held(state, 9, RULES, NOW) is not None
    assert held(state, 10, RULES, NOW + timedelta(hours=1)) is not None
    emptied = replace(state, release=Release(0, "anna", NOW + timedelta(hours=1)))
    assert held(emptied, 0, RULES, NOW) is None


def test_a_failure_is_followed_by_a_build_even_where_nothing_has_changed() -> None:
    state = replace(published(5), tried=NOW)
    assert not state.due(60, NOW + timedelta(minutes=1))
    failed = replace(state, failure=Failure(NOW, "no answer", 1))
    assert failed.due(60, NOW + timedelta(minutes=1))
    assert not failed.due(60, NOW + timedelta(seconds=59))


def test_a_hold_says_how_many_are_lost() -> None:
    hold = held(published(1000), 100, RULES, NOW)
    assert hold is not None
    assert (hold.count, hold.before) == (100, 1000)
    assert "900 fewer" in hold.words
