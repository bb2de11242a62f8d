"""The page about accounts shows files that work."""

from __future__ import annotations

import re
from pathlib import Path

import consumer
from consumer.listings.accounts.channel_settings import check_settings
from consumer.listings.accounts.document import AccountDocument
from consumer.listings.accounts.exchange import read_files

PAGE = (Path(consumer.__file__).parents[1] / "docs" / "accounts.md").read_text(encoding="utf-8")


def test_the_file_on_the_page_is_an_account() -> None:
    blocks = re.findall(r"```yaml\n(tenant: .*?)```", PAGE, re.DOTALL)
    (found,) = [file.document for block in blocks for file in read_files(block)]
    check_settings(found.channel, found.settings)
    assert found.id == "acme/ebay/main"


def test_the_page_names_every_field() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert set(AccountDocument.model_fields) <= named
