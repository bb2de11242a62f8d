"""What capture ignores is nothing a channel may show: the two lists are compared, and so is what they mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.bootstrap.bookkeeping import refuse_ignored_sources, refuse_shown_fields
from consumer.capture.bookkeeping import Bookkeeping
from consumer.capture.classify import Noise, NoiseReason, classify
from consumer.errors import SettingsError
from consumer.listings.accounts.document import read_account
from consumer.listings.accounts.errors import AccountError
from consumer.listings.fields import SHOWN
from consumer.listings.reader import ALIASES, read_product
from consumer.listings.rules import Unwanted, wanted
from consumer.listings.rules.sources import SOURCES, find_source
from consumer.settings import CaptureSettings
from tests.unit.listings.making import ACCOUNT, NOW, make_document

DEFAULT = CaptureSettings().bookkeeping
BOOKKEEPING = Bookkeeping(DEFAULT)
IGNORED = sorted({field.partition(".")[0] for field in DEFAULT})
# Every field that the facts about the PIM name, and every alias.
KNOWN = sorted(
    {
        *SHOWN,
        *make_document(),
        *IGNORED,
        *("promotions", "channels", "channel_categories", "packaging_options", "product_type", "media", "slug"),
        *("technical_specifications", "parent_entity_code", "is_parent", "stock_status", "weight", "published_at"),
    }
    - {"entity_code", "isCurrent"}
)


class Watching(dict[str, Any]):
    """A document that knows which of its fields were looked at."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document)
        self.seen: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.seen.add(key)
        return super().__getitem__(key)


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "draft", "published", "x", "EUR"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["it", "label", "url", "retail", "category_id", "pkg_id"]), inner, max_size=3)
    ),
    max_leaves=4,
)
STATES = st.builds(
    lambda fields, status: {**make_document(), "status": status, **fields},
    st.dictionaries(st.sampled_from(KNOWN), VALUES, max_size=6),
    st.sampled_from(["published", "draft", "archived"]),
)


def listing_of(document: dict[str, Any]) -> Any:
    """All that a channel could ever get to see of it."""
    product = read_product(document, document["entity_code"])
    return product, wanted(product, ACCOUNT, NOW).target


@given(STATES | STATES.map(lambda state: {name: state[name] for name in state if name not in ALIASES}))
def test_the_list_of_shown_fields_is_what_the_reader_looks_at(state: dict[str, Any]) -> None:
    watching = Watching(state)
    read_product(watching, "P-1")
    assert watching.seen <= {field.partition(".")[0] for field in SHOWN}


@given(VALUES)
def test_of_a_packaging_only_the_named_fields_are_looked_at(value: Any) -> None:
    entry = Watching({"code": "CT", "qty": 6, "pkg_id": value, "uom": value})
    read_product({**make_document(), "packaging_options": [entry]}, "P-1")
    assert {f"packaging_options.*.{name}" for name in entry.seen} <= SHOWN


def test_every_alias_is_shown() -> None:
    assert {alias for names in ALIASES.values() for alias in names} <= SHOWN


def test_the_default_is_accepted() -> None:
    refuse_shown_fields(DEFAULT)


@pytest.mark.parametrize("field", sorted(SHOWN | {"entity_code", "pricing.sale", "images.*.position", "*", "*.it"}))
def test_a_field_that_listings_use_is_refused_by_name(field: str) -> None:
    with pytest.raises(SettingsError, match=r"MARKETSYNC_CAPTURE_BOOKKEEPING names (?!updated_at)") as refused:
        refuse_shown_fields(["updated_at", field])
    assert field in str(refused.value)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: to Python 1 and True are equal."""
    return repr(one) == repr(other)


def touched_by(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What the server says an update of these fields touched."""
    return {
        "updatedFields": {name: value for name, value in after.items() if not same(before.get(name, ...), value)},
        "removedFields": [name for name in before if name not in after],
    }


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize("kind", ["update", "replace"])
@given(state=STATES, data=st.data())
def test_what_is_noise_changes_nothing_a_channel_might_show(
    kind: str, image: bool, state: dict[str, Any], data: st.DataObject
) -> None:
    fields = data.draw(st.sampled_from([KNOWN, IGNORED]))
    names = data.draw(st.lists(st.sampled_from(fields), min_size=1, max_size=3, unique=True))
    after = {**state, **{name: data.draw(VALUES) for name in names}}
    change: dict[str, Any] = {"operationType": kind, "fullDocument": after, "documentKey": {"_id": 1}}
    if kind == "update":
        change["updateDescription"] = touched_by(state, after)
    if image:
        change["fullDocumentBeforeChange"] = state
    meaning = classify(change, BOOKKEEPING)
    if meaning == Noise(NoiseReason.BOOKKEEPING):
        assert listing_of(state) == listing_of(after)
    elif meaning == Noise(NoiseReason.DRAFT):
        assert isinstance(listing_of(state)[1], Unwanted)
        assert isinstance(listing_of(after)[1], Unwanted)


@pytest.mark.parametrize("field", DEFAULT)
def test_each_bookkeeping_field_alone_is_noise(field: str) -> None:
    path = field.replace("*", "0")
    change = {
        "operationType": "update",
        "fullDocument": make_document(),
        "updateDescription": {"updatedFields": {path: 1}},
    }
    assert classify(change, BOOKKEEPING) == Noise(NoiseReason.BOOKKEEPING)


@pytest.mark.parametrize("field", sorted(SHOWN))
def test_each_shown_field_beside_bookkeeping_is_a_change(field: str) -> None:
    change = {
        "operationType": "update",
        "fullDocument": make_document(),
        "updateDescription": {"updatedFields": {"updated_at": 1, field: 2, "completeness_score": 3}},
    }
    assert not isinstance(classify(change, BOOKKEEPING), Noise)


def account_that_reads(source: str) -> dict[str, Any]:
    return {
        "tenant": "shop",
        "channel": "ebay",
        "account": "main",
        "price": {"basis": "retail"},
        "content": {"rules": [{"target": "mpn", "copy": source}]},
    }


def test_an_account_with_a_rule_on_an_ignored_field_is_not_stored() -> None:
    account = read_account(account_that_reads("weight"))
    refuse_ignored_sources(account, DEFAULT)
    with pytest.raises(AccountError, match=r"read weight.*MARKETSYNC_CAPTURE_BOOKKEEPING"):
        refuse_ignored_sources(account, (*DEFAULT, "weight_uom"))


@pytest.mark.parametrize("name", [*SOURCES, "attributes.color", "specifications.power"])
def test_whatever_rules_can_read_is_a_field_that_may_not_be_ignored(name: str) -> None:
    paths = find_source(name).paths
    assert set(paths) <= {field.partition(".")[0] for field in SHOWN} | {"entity_code"}
    for path in paths:
        with pytest.raises(SettingsError, match=path):
            refuse_shown_fields([path])
