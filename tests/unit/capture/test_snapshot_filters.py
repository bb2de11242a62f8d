"""A filter that cannot mean what its author wants is refused, with the field and the cure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consumer.capture.snapshots.filters import condition_of, fields_of, understand_filter
from consumer.errors import SettingsError
from consumer.mongo import ObjectId


@pytest.mark.parametrize(
    ("text", "condition", "fields"),
    [
        ('{"category.category_id": "644"}', {"category.category_id": "644"}, {"category"}),
        ('{"quantity": {"$gt": 5, "$lt": 9}}', {"quantity": {"$gt": 5, "$lt": 9}}, {"quantity"}),
        ('{"brand": {"brand_id": "b-1"}}', {"brand": {"brand_id": "b-1"}}, {"brand"}),
        (
            '{"$or": [{"sku": "a"}, {"$and": [{"ean": {"$not": {"$size": 0}}}]}]}',
            {"$or": [{"sku": "a"}, {"$and": [{"ean": {"$not": {"$size": 0}}}]}]},
            {"sku", "ean"},
        ),
        (
            '{"updated_at": {"$gte": {"$date": "2026-11-20T00:00:00Z"}}, "_id": {"$oid": "6b0436dc9887b396923cadb8"}}',
            {"updated_at": {"$gte": datetime(2026, 11, 20, tzinfo=UTC)}, "_id": ObjectId("6b0436dc9887b396923cadb8")},
            {"updated_at", "_id"},
        ),
    ],
)
def test_filters_that_are_understood(text: str, condition: object, fields: set[str]) -> None:
    understood = understand_filter(text)
    assert understood == condition
    assert fields_of(understood) == fields


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("category=7", "not JSON"),
        ("[]", "no object"),
        ('{"$where": "true"}', "[$]where"),
        ('{"$expr": {}}', "[$]expr"),
        ('{"quantity": {"$foo": 1}}', "quantity uses [$]foo"),
        ('{"quantity": {"$not": {"$where": 1}}}', "quantity uses [$]where"),
        ('{"quantity": {"$gt": 1, "and": 2}}', "quantity mixes"),
        ('{"$or": []}', "[$]or needs a list"),
        ('{"$and": [{"isCurrent": false}]}', "isCurrent is always true"),
        ('{"": 1}', "no field"),
        ('{"category.": 1}', "no field"),
        ('{"_id": {"$oid": "nonsense"}}', "not JSON"),
    ],
)
def test_filters_that_are_refused(text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=f"^--filter.*{named}"):
        understand_filter(text)


def test_codes_and_filter_have_both_to_be_kept() -> None:
    codes = {"entity_code": {"$in": ["a", "b"]}}
    assert condition_of("", ()) == {}
    assert condition_of("", ("a", "b")) == codes
    assert condition_of('{"q": 1}', ("a", "b")) == {"$and": [{"q": 1}, codes]}
