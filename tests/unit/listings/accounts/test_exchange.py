"""Accounts in and out as YAML: nothing is lost on the way, and a slip is told with its place."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import yaml

from consumer.listings.accounts.errors import AccountError
from consumer.listings.accounts.exchange import AccountFile, read_files, write_files
from tests.unit.listings.accounts.making import make_account_document

WRITTEN = """
# The shop in Italy.
tenant: shop
channel: ebay
account: it
mode: off
languages: [it, no]
settings:
  app_id: 0815
  marketplace_id: EBAY_IT
categories:
  map:
    0123: 09355
    1.10: 1e3
price:
  basis: sale
  vat_included: true
brakes:
  price_change: 12.50
  creates_per_hour: 100
  count_drop: null
"""


def test_words_of_people_mean_what_they_say() -> None:
    (found,) = read_files(WRITTEN)
    document = found.document
    assert document.mode == "off"
    assert document.languages == ("it", "no")
    assert document.settings["app_id"] == "0815"
    assert document.categories.map == {"0123": "09355", "1.10": "1e3"}
    assert (document.price.basis, document.price.vat_included) == ("sale", True)
    assert document.brakes.price_change == Decimal("12.50")
    assert (document.brakes.creates_per_hour, document.brakes.count_drop) == (100, None)
    assert found.revision is None


def test_what_is_written_reads_back_to_the_same_here_and_in_any_yaml() -> None:
    accounts = [*read_files(WRITTEN), AccountFile(make_account_document(mode="live"), 7)]
    text = write_files(accounts)
    assert read_files(text) == accounts
    first = next(yaml.safe_load_all(text))
    assert first["languages"] == ["it", "no"]
    assert first["categories"]["map"] == {"0123": "09355", "1.10": "1e3"}
    assert first["mode"] == "off"


def test_a_file_never_holds_credentials() -> None:
    text = write_files(read_files(WRITTEN))
    assert not re.search("secret|token|credential", text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tenant: [", r"^it is no YAML: line 1, column 10"),
        ("tenant: a\nchannel: b\ntenant: c", r"^it is no YAML: line 3, column 1: 'tenant' stands here twice"),
        ("categories:\n  map:\n    1: a\n    1: b", r"line 4, column 5: '1' stands here twice"),
        ("true: a", r"a key is not a text"),
        ("- tenant: a", r"^an account is a map"),
        ("", r"^there is no account in it"),
        ("tenant: a\nrevision: x", r"^revision: not a whole number"),
        ("tenant: !!python/object/apply:os.system [id]", r"^it is no YAML: line 1"),
        ("tenant: a\0b", r"^it is no YAML"),
    ],
)
def test_a_slip_is_told_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(AccountError, match=complaint):
        read_files(text)
