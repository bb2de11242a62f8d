"""Single fields of an account, as they are typed."""

from __future__ import annotations

import pytest

from consumer.listings.accounts.changing import apply_changes, change_account, differences, parse_changes
from consumer.listings.accounts.errors import AccountError
from tests.unit.listings.accounts.making import make_account_document


def test_fields_are_changed_by_their_paths_and_named_again_as_differences() -> None:
    document = make_account_document()
    words = ["price.basis=sale", "languages=[it, no]", "price.vat_included=true", "brakes.count_drop=null"]
    changed = change_account(document, parse_changes(words))
    assert (changed.price.basis, changed.price.vat_included, changed.languages) == ("sale", True, ("it", "no"))
    assert changed.brakes.count_drop is None
    paths = ["languages", "price.vat_included", "price.basis", "brakes.count_drop"]
    assert sorted(differences(document.data(), changed.data())) == sorted(paths)
    assert list(differences(document.data(), document.data())) == []


def test_a_value_may_hold_an_equals_sign_and_be_empty() -> None:
    assert parse_changes(["settings.api_url=http://h/?a=b", "x="]) == {"settings.api_url": "http://h/?a=b", "x": None}


def test_changing_leaves_what_was_read_as_it_is() -> None:
    data = {"a": {"b": 1}}
    assert apply_changes(data, {"a.b": 2, "c.d": 3}) == {"a": {"b": 2}, "c": {"d": 3}}
    assert data == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("price.basis", r"'price\.basis' is no change of a field: write it as price\.basis=sale"),
        ("=sale", r"is no change of a field"),
        ("mode.x=1", r"^mode\.x: mode has no fields"),
        ("price.basis=cost", r"^price\.basis: Input should be"),
        ("account=other", r"cannot be changed: they name the account"),
        ("languages=[it", r"^it is no YAML"),
    ],
)
def test_what_cannot_be_changed_is_told(word: str, complaint: str) -> None:
    with pytest.raises(AccountError, match=complaint):
        change_account(make_account_document(), parse_changes([word]))
