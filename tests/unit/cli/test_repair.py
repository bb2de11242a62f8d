"""`--repair` of `marketsync reconcile`: nothing said is the account's policy, and a wrong word is refused."""

from __future__ import annotations

import pytest

from consumer.cli.reconcile import _kinds
from consumer.errors import SettingsError
from consumer.listings.drift import Kind


@pytest.mark.parametrize(
    ("words", "kinds"),
    [("", None), ("none", []), ("all", list(Kind)), ("stock, price", [Kind.STOCK, Kind.PRICE])],
)
def test_what_is_repaired(words: str, kinds: list[Kind] | None) -> None:
    assert _kinds(words) == kinds


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(SettingsError, match=r"there is no images; there are: all, none, missing"):
        _kinds("stock,images")
